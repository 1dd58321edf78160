// TCP at the targets, as far as it tells reset, loss and misdelivery apart: SYN queue, data in order, FIN, RST,
// challenges, probes of idle clients, and limits to everything that is sent again.
#include <algorithm>

#include "harness/world/judge.hpp"
#include "harness/world/world.hpp"

namespace dvipa::world {
namespace {

constexpr std::uint8_t tries_max = 5;

}  // namespace

// From the network through the fence, or from the host's own stack. `router` is the stack that chose this host.
void World::deliver_to_kernel(StackId stack, const Packet& packet, StackId router) {
  const ClientConnection& connection = connections_[packet.connection];
  Kernel& kernel = at(stack).kernel;
  if (!kernel.addresses.contains(connection.tuple.dvipa)) return;
  Judge(*this).delivered(stack, packet, router);
  if (violation_) return;
  const auto endpoint = kernel.endpoints.find(packet.connection);
  if (endpoint != kernel.endpoints.end()) return take_for(stack, endpoint->second, packet);
  if (packet.kind == PacketKind::reset) return;
  if (packet.kind == PacketKind::syn && listens(at(stack), connection.tuple.dvipa, connection.tuple.remote.dvipa_port))
    return accept(stack, packet, router);
  tell(stack, {}, "answers a packet of " + name_of(connection.tuple) + " with a RST");
  // The number says whether it acknowledges a SYN: a client that has gone on since does not heed that.
  answer(stack, packet, PacketKind::refusal, packet.instance, packet.kind == PacketKind::syn ? 1 : 0);
}

bool World::listens(const Host& host, const Address& dvipa, Port port) const {
  return host.kernel.listeners.contains({dvipa, port}) || host.kernel.listeners.contains({wildcard_of(dvipa), port});
}

void World::accept(StackId stack, const Packet& packet, StackId router) {
  Judge(*this).accepted(stack, packet, router);
  Endpoint& endpoint = at(stack).kernel.endpoints[packet.connection];
  endpoint = Endpoint{};
  endpoint.instance = packet.instance;
  endpoint.heard_at = now_;
  endpoint.incarnation = at(stack).incarnation;
  endpoint.of_two_owners = Judge(*this).has_other_owner(router, connections_[packet.connection].tuple.dvipa);
  answer(stack, packet, PacketKind::syn_ack, packet.instance, 0);
  arm_endpoint(stack, packet.connection, endpoint, settings_.resend);
}

void World::take_for(StackId stack, Endpoint& endpoint, const Packet& packet) {
  using State = Endpoint::State;
  if (packet.instance != endpoint.instance) {
    if (packet.kind == PacketKind::syn) answer(stack, packet, PacketKind::challenge, endpoint.instance, 0);
    return;
  }
  const bool to_me = packet.kind == PacketKind::syn || packet.peer == stack;
  if (!to_me) {  // it acknowledges the numbers of another host
    if (endpoint.state == State::half_open && packet.kind != PacketKind::reset)
      answer(stack, packet, PacketKind::refusal, packet.instance, 0);
    return;
  }
  endpoint.heard_at = now_;
  endpoint.tries = 0;
  switch (packet.kind) {
    case PacketKind::syn:
      if (endpoint.state == State::half_open) return answer(stack, packet, PacketKind::syn_ack, packet.instance, 0);
      return answer(stack, packet, PacketKind::data_ack, packet.instance, endpoint.received);
    case PacketKind::ack:
      if (endpoint.state == State::last_ack) return end_endpoint(stack, packet.connection);
      return establish(stack, packet.connection, endpoint);
    case PacketKind::data:
      if (endpoint.state == State::half_open) establish(stack, packet.connection, endpoint);
      if (packet.number == endpoint.received + 1) ++endpoint.received;
      return answer(stack, packet, PacketKind::data_ack, packet.instance, endpoint.received);
    case PacketKind::fin:
      if (endpoint.state == State::half_open) establish(stack, packet.connection, endpoint);
      endpoint.state = State::last_ack;
      answer(stack, packet, PacketKind::fin_ack, packet.instance, endpoint.received);
      return arm_endpoint(stack, packet.connection, endpoint, settings_.resend);
    case PacketKind::reset:
      return end_endpoint(stack, packet.connection);
    default:
      return;
  }
}

// Straight to the client (RTE-9). Lost on the way, late and twice as any other frame.
void World::answer(StackId stack, const Packet& to, PacketKind kind, std::uint32_t instance, std::uint32_t number) {
  ClientConnection& connection = connections_[to.connection];
  for (bool again = true; again;) {
    bool lost = false;
    bool twice = false;
    const Micros delay = frame_delay(connection, lost, twice);
    again = twice && !lost;
    if (lost) continue;
    Event event;
    event.kind = Event::Kind::answer;
    event.peer = stack;
    event.packet = {to.connection, instance, number, kind, 0, stack};
    schedule(delay, event);
  }
}

void World::establish(StackId stack, std::uint32_t connection, Endpoint& endpoint) {
  if (endpoint.state != Endpoint::State::half_open) return;
  endpoint.state = Endpoint::State::established;
  endpoint.told = true;
  arm_endpoint(stack, connection, endpoint, settings_.idle);
  give(stack, input::ConnectionAccepted{connections_[connection].tuple});
}

void World::end_endpoint(StackId stack, std::uint32_t connection) {
  auto& endpoints = at(stack).kernel.endpoints;
  const auto endpoint = endpoints.find(connection);
  if (endpoint == endpoints.end()) return;
  const bool told = endpoint->second.told;
  endpoints.erase(endpoint);
  const Connection& tuple = connections_[connection].tuple;
  if (told) give(stack, input::ConnectionsEnded{tuple.dvipa, {tuple.remote}});
}

void World::arm_endpoint(StackId stack, std::uint32_t connection, Endpoint& endpoint, Micros after) {
  endpoint.clock = static_cast<std::uint32_t>(order_ + 1);
  Event event;
  event.kind = Event::Kind::endpoint_clock;
  event.host = stack;
  event.number = connection;
  event.turn = endpoint.clock;
  schedule(after, event);
}

// What is not answered is sent again, and at last given up.
void World::endpoint_clock(const Event& event) {
  auto& endpoints = at(event.host).kernel.endpoints;
  const auto found = endpoints.find(event.number);
  if (found == endpoints.end() || found->second.clock != event.turn) return;
  Endpoint& endpoint = found->second;
  const bool idle = endpoint.state == Endpoint::State::established;
  if (idle && now_ - endpoint.heard_at < settings_.idle) {
    endpoint.tries = 0;
    return arm_endpoint(event.host, event.number, endpoint, settings_.idle - (now_ - endpoint.heard_at));
  }
  if (++endpoint.tries > tries_max) return end_endpoint(event.host, event.number);
  const PacketKind kind = idle                                           ? PacketKind::probe
                          : endpoint.state == Endpoint::State::half_open ? PacketKind::syn_ack
                                                                         : PacketKind::fin_ack;
  Packet to;
  to.connection = event.number;
  answer(event.host, to, kind, endpoint.instance, endpoint.received);
  arm_endpoint(event.host, event.number, endpoint, 2 * settings_.resend);
}

// --- applications --------------------------------------------------------------------------------------------------

// What an application binds to: one address, or every address of both families.
static std::vector<Address> addresses_of(const Address& local) {
  return local.is_none() ? std::vector{Address::v4(0), Address{}} : std::vector{local};
}

void World::listen(StackId stack, const Address& local, Port port) {
  Host& host = at(stack);
  if (host.life == Host::Life::paused) return;
  if (host.life == Host::Life::up) tell(stack, {}, "has an application that listens on port " + std::to_string(port));
  for (const Address& address : addresses_of(local)) {
    if (!host.applications.emplace(address, port).second) continue;
    host.kernel.listeners.emplace(address, port);
    give(stack, input::ListenerChanged{address, port, true});
  }
}

// Its half-open connections go with a listener; the established ones only with the application.
void World::close_listener(StackId stack, const Address& local, Port port, bool with_connections) {
  Host& host = at(stack);
  if (host.life == Host::Life::paused) return;
  if (host.life == Host::Life::up)
    tell(stack, {}, with_connections ? "has an application that dies" : "closes a listener");
  for (const Address& address : addresses_of(local)) {
    if (host.applications.erase({address, port}) == 0) continue;
    host.kernel.listeners.erase({address, port});
    give(stack, input::ListenerChanged{address, port, false});
  }
  end_connections_of(stack, port, with_connections);
}

void World::end_connections_of(StackId stack, Port port, bool established_too) {
  const Host& host = at(stack);
  std::vector<std::uint32_t> ending;
  for (const auto& [connection, endpoint] : host.kernel.endpoints) {
    const Connection& tuple = connections_[connection].tuple;
    const bool orphan = tuple.remote.dvipa_port == port && !listens(host, tuple.dvipa, port);
    if (orphan && (established_too || endpoint.state == Endpoint::State::half_open)) ending.push_back(connection);
  }
  for (const std::uint32_t connection : ending) abort_connection(stack, connection);
}

// With a reset to the client, who heeds it if it is of the connection that the client has now.
void World::abort_connection(StackId stack, std::uint32_t connection) {
  const auto& endpoints = at(stack).kernel.endpoints;
  const auto endpoint = endpoints.find(connection);
  if (endpoint == endpoints.end()) return;
  Packet to;
  to.connection = connection;
  answer(stack, to, PacketKind::refusal, endpoint->second.instance, 0);
  end_endpoint(stack, connection);
}

}  // namespace dvipa::world
