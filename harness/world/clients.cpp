// TCP at the clients: what is not answered is sent again, and after two tries the neighbour is asked for again.
#include <algorithm>

#include "harness/world/world.hpp"

namespace dvipa::world {
namespace {

constexpr std::uint32_t syn_tries_max = 7;
constexpr std::uint32_t fin_tries_max = 9;
constexpr Port client_port_least = 10'000;

using State = ClientConnection::State;
using End = ClientConnection::End;

Address address_of(unsigned client, const Address& dvipa) {
  if (dvipa.is_v4()) return Address::v4(0x0a4d0064U + client);
  Address address = dvipa;
  address.bytes[15] = static_cast<std::uint8_t>(0xc0 + client);
  address.bytes[14] = 0xcc;
  return address;
}

}  // namespace

// Opens a connection, or uses the 4-tuple of one that has ended again.
void World::connect(const Command& command) {
  Connection tuple;
  tuple.dvipa = command.address;
  tuple.remote = {address_of(command.client, command.address),
                  static_cast<Port>(client_port_least + command.connection % 50'000), command.port};
  const auto [place, is_new] = places_.try_emplace(command.connection, static_cast<std::uint32_t>(connections_.size()));
  if (is_new) {
    connections_.emplace_back();
    connections_.back().tuple = tuple;
    connections_.back().client = command.client;
    by_tuple_[tuple] = place->second;
  }
  ClientConnection& connection = connections_[place->second];
  if (connection.state != State::closed) return;
  connection.state = State::syn_sent;
  connection.end = End::none;
  connection.peer = nobody;
  connection.wanted = connection.acknowledged = connection.tries = 0;
  connection.contested = false;
  ++connection.instance;
  if (is_watched()) tell({}, {}, "client opens " + name_of(connection.tuple));
  send_next(place->second);
}

void World::of_client(const Command& command) {
  const auto place = places_.find(command.connection);
  if (place == places_.end()) return;
  ClientConnection& connection = connections_[place->second];
  if (connection.state == State::closed) return;
  switch (command.verb) {
    case Verb::send:
      connection.wanted += static_cast<std::uint32_t>(command.amount);
      if (connection.state == State::established) send_next(place->second);
      return;
    case Verb::close:
      if (connection.state == State::syn_sent) return end_connection(connection, End::closed);
      connection.state = State::closing;
      return send_next(place->second);
    default:
      return end_connection(connection, End::closed);
  }
}

void World::emit(std::uint32_t connection, PacketKind kind, std::uint32_t instance, std::uint32_t number,
                 StackId peer) {
  send_from_client({connection, instance, number, kind, 0, peer});
}

// What comes next, or once more.
void World::send_next(std::uint32_t place) {
  const ClientConnection& connection = connections_[place];
  const auto send = [&](PacketKind kind, std::uint32_t number) {
    emit(place, kind, connection.instance, number, connection.peer);
    arm_client(place);
  };
  switch (connection.state) {
    case State::syn_sent:
      return send(PacketKind::syn, 0);
    case State::established:
      if (connection.acknowledged < connection.wanted) send(PacketKind::data, connection.acknowledged + 1);
      return;
    case State::closing:
      return send(PacketKind::fin, 0);
    case State::closed:
      return;
  }
}

void World::arm_client(std::uint32_t place) {
  ClientConnection& connection = connections_[place];
  connection.clock = static_cast<std::uint32_t>(order_ + 1);
  Event event;
  event.kind = Event::Kind::client_clock;
  event.number = place;
  event.turn = connection.clock;
  schedule(settings_.resend << std::min(connection.tries, 4U), event);
}

void World::client_clock(const Event& event) {
  ClientConnection& connection = connections_[event.number];
  if (connection.clock != event.turn || connection.state == State::closed) return;
  const bool waits = connection.state != State::established || connection.acknowledged < connection.wanted;
  if (!waits) return;
  ++connection.tries;
  const bool gives_up = (connection.state == State::syn_sent && connection.tries > syn_tries_max) ||
                        (connection.state == State::closing && connection.tries > fin_tries_max);
  if (gives_up) return end_connection(connection, End::timed_out);
  if (connection.tries >= 2) ask_for_neighbour(connection.client, connection.tuple.dvipa);
  send_next(event.number);
}

void World::end_connection(ClientConnection& connection, End end) {
  connection.state = State::closed;
  connection.end = end;
  static constexpr const char* words[] = {"", "has closed", "is refused", "is reset", "has given up"};
  if (is_watched()) tell({}, {}, "client " + name_of(connection.tuple) + " " + words[static_cast<unsigned>(end)]);
}

void World::take_answer(const Event& event) {
  const Packet& packet = event.packet;
  ClientConnection& connection = connections_[packet.connection];
  if (!reaches(connection.client, event.peer)) return;
  const bool mine = packet.instance == connection.instance && connection.state != State::closed;
  const bool of_peer = mine && connection.peer == event.peer && connection.state != State::syn_sent;
  switch (packet.kind) {
    case PacketKind::syn_ack:
      if (mine && connection.state == State::syn_sent) {
        connection.state = State::established;
        connection.peer = event.peer;
        connection.tries = 0;
        if (is_watched()) tell(event.peer, {}, "has " + name_of(connection.tuple) + " established");
      } else if (!of_peer) {
        return emit(packet.connection, PacketKind::reset, packet.instance, 0, event.peer);
      }
      emit(packet.connection, PacketKind::ack, packet.instance, 0, event.peer);
      return connection.state == State::closing ? void() : send_next(packet.connection);
    case PacketKind::data_ack:
      if (!of_peer || packet.number <= connection.acknowledged) return;
      connection.acknowledged = packet.number;
      connection.tries = 0;
      return connection.state == State::established ? send_next(packet.connection) : void();
    case PacketKind::fin_ack:
      if (packet.instance != connection.instance) return;
      emit(packet.connection, PacketKind::ack, packet.instance, 0, event.peer);
      if (of_peer && connection.state == State::closing) end_connection(connection, End::closed);
      return;
    case PacketKind::challenge:
      if (connection.state != State::syn_sent) return;
      return emit(packet.connection, PacketKind::reset, packet.instance, 0, event.peer);
    case PacketKind::probe:
      return emit(packet.connection, of_peer ? PacketKind::ack : PacketKind::reset, packet.instance, 0, event.peer);
    case PacketKind::refusal:
      if (!mine || (packet.number != 0 && connection.state != State::syn_sent)) return;
      end_connection(connection, connection.state == State::syn_sent ? End::refused : End::reset);
      return;
    default:
      return;
  }
}

}  // namespace dvipa::world
