// Data frames: late, lost, twice, and alive longer than who sent them; and the packet path of a host, as the live shell
// has it: the stack sees a frame before the kernel does, and the fence lets the kernel have those of its forwarders.
#include <algorithm>

#include "harness/world/judge.hpp"
#include "harness/world/world.hpp"

namespace dvipa::world {
namespace {

constexpr std::size_t held_frames_max = 4096;
constexpr std::uint64_t row_of_connection = 1'000'000;

}  // namespace

// --- who reaches whom ----------------------------------------------------------------------------------------------

void World::partition(const Sides& sides) {
  std::ranges::fill(side_of_stack_, std::uint8_t{0});
  std::ranges::fill(side_of_client_, std::uint8_t{0});
  for (std::size_t side = 0; side < sides.members.size(); ++side) {
    for_each_stack([&](StackId stack) {
      if ((sides.members[side] >> stack.value & 1U) != 0) side_of_stack_[stack.value] = static_cast<std::uint8_t>(side);
    });
    for (unsigned client = 0; client < settings_.clients; ++client)
      if ((sides.clients[side] >> client & 1U) != 0) side_of_client_[client] = static_cast<std::uint8_t>(side);
  }
  tell({}, {}, "the network is partitioned");
  reach_changed();
}

void World::heal() {
  const auto set = [](std::uint8_t value) { return value != 0; };
  if (std::ranges::none_of(side_of_stack_, set) && std::ranges::none_of(side_of_client_, set) &&
      std::ranges::none_of(blocked_, set))
    return;
  std::ranges::fill(side_of_stack_, std::uint8_t{0});
  std::ranges::fill(side_of_client_, std::uint8_t{0});
  std::ranges::fill(blocked_, std::uint8_t{0});
  tell({}, {}, "the network is whole again");
  reach_changed();
}

void World::reach_changed() {
  for_each_stack([&](StackId one) {
    for_each_stack([&](StackId other) {
      if (one == other) return;
      if (reachable(other, one)) {
        pump(other, one);
      } else {
        suspect_after_silence(one, other);
      }
      consider(one, other);
    });
  });
}

bool World::reaches(unsigned client, StackId stack) const {
  return side_of_client_[client] == side_of_stack_[stack.value];
}

void World::drop_frames() {
  tell({}, {}, "every frame that is under way is lost");
  std::erase_if(events_, [](const Event& event) {
    return event.kind == Event::Kind::frame || event.kind == Event::Kind::answer;
  });
  std::ranges::make_heap(events_, Later{});
}

// --- frames under way ----------------------------------------------------------------------------------------------

Micros World::frame_delay(ClientConnection& connection, bool& lost, bool& twice) {
  const auto place = static_cast<std::uint64_t>(&connection - connections_.data());
  const std::uint64_t row = row_of_connection + 4 * place;
  const std::uint32_t number = connection.draws++;
  lost = happens(settings_.frame_loss, row, number);
  twice = happens(settings_.frame_twice, row + 1, number);
  const bool late = happens(settings_.frame_late, row + 2, number);
  return draw(late ? settings_.frame_tail : settings_.frame, row + 3, number);
}

// From a member, or from the network when `from` is nobody.
void World::send_frame(StackId from, StackId to, const Packet& packet, bool relayed) {
  ClientConnection& connection = connections_[packet.connection];
  for (bool again = true; again;) {
    bool lost = false;
    bool twice = false;
    const Micros delay = frame_delay(connection, lost, twice);
    again = twice && !lost;
    if (lost) continue;
    Event event;
    event.kind = Event::Kind::frame;
    event.host = to;
    event.peer = from;
    event.relayed = relayed;
    event.packet = packet;
    schedule(delay, event);
  }
}

void World::send_from_client(const Packet& packet) {
  const ClientConnection& connection = connections_[packet.connection];
  const auto& neighbours = clients_[connection.client].neighbours;
  const auto neighbour = neighbours.find(connection.tuple.dvipa);
  if (neighbour == neighbours.end()) return ask_for_neighbour(connection.client, connection.tuple.dvipa);
  send_frame({}, neighbour->second, packet, false);
}

// ARP: whoever answers for it answers.
void World::ask_for_neighbour(unsigned client, const Address& dvipa) {
  for_each_stack([&](StackId stack) {
    if (!is_up(stack) || !at(stack).advertised.contains(dvipa) || !reaches(client, stack)) return;
    Event event;
    event.kind = Event::Kind::neighbour;
    event.peer = stack;
    event.number = client;
    event.timer.dvipa = dvipa;
    schedule(2 * draw(settings_.frame, 8000U + client, order_), event);
  });
}

// --- at a host -----------------------------------------------------------------------------------------------------

void World::take_frame(const Event& event) {
  const Host& host = at(event.host);
  if (host.life == Host::Life::paused) return;
  const ClientConnection& connection = connections_[event.packet.connection];
  if (event.peer ? !reachable(event.peer, event.host) : !reaches(connection.client, event.host)) return;
  // Whose frames it cannot tell from the network's come from the network for it.
  const StackId forwarded_by = event.peer && host.known.test(event.peer.value) ? event.peer : nobody;
  const Address dvipa = connection.tuple.dvipa;
  const bool relayed = event.relayed && forwarded_by;
  const bool tapped = taps(host, dvipa, event.packet, relayed ? nobody : forwarded_by);
  if (tapped) route(event.host, event.packet, forwarded_by, relayed);
  if (violation_) return;
  const auto fence = at(event.host).kernel.fence.find(dvipa);
  const bool let_in =
      fence != host.kernel.fence.end() && forwarded_by && !relayed && fence->second.test(forwarded_by.value);
  if (let_in) {
    deliver_to_kernel(event.host, event.packet, forwarded_by);
  } else if (!tapped && forwarded_by && !relayed) {
    Judge(*this).refused(event.host, event.packet, forwarded_by);
  }
}

// The port's filter: an owner sees all; who may become owner sees what does not come from whom it reports to; a mere
// target sees only first segments of others (TKB-4, TGT-6).
bool World::taps(const Host& host, const Address& dvipa, const Packet& packet, StackId forwarded_by) const {
  const Stack::Dvipa* mine = host.stack ? host.stack->dvipa(dvipa) : nullptr;
  if (mine == nullptr) return false;
  if (mine->owner.owns()) return true;
  const bool may_own = mine->own && mine->own->part != Part::none;
  if (!may_own && !mine->target.holds_address()) return false;
  if (forwarded_by && forwarded_by == mine->report_to) return false;
  return may_own || packet.kind == PacketKind::syn;
}

void World::route(StackId stack, const Packet& packet, StackId forwarded_by, bool relayed) {
  Segment segment;
  segment.connection = connections_[packet.connection].tuple;
  segment.syn = packet.kind == PacketKind::syn;
  segment.forwarded_by = forwarded_by;
  segment.relayed = relayed;
  Judge judge(*this);
  const bool is_new = segment.syn && judge.is_unmatched(stack, segment.connection);
  const Verdict verdict = at(stack).stack->route(segment);
  history_ = history_ * 31 + static_cast<std::uint64_t>(verdict.kind) * 64 + verdict.stack.value;
  if (is_new) judge.new_connection(stack, packet, verdict);
  if (segment.syn) judge.note_contest(stack, packet, verdict);
  if (violation_) return;
  Packet routed = packet;
  routed.unaware = judge.is_unaware(stack, packet);
  carry_out(stack, verdict, routed, forwarded_by, relayed);
}

void World::carry_out(StackId stack, const Verdict& verdict, const Packet& packet, StackId forwarded_by, bool relayed) {
  using Kind = Verdict::Kind;
  if (verdict.report) give(stack, input::RouteReported{connections_[packet.connection].tuple, verdict.stack});
  switch (verdict.kind) {
    case Kind::to_target:
    case Kind::to_owner: {
      if (!at(stack).known.test(verdict.stack.value)) return;
      Packet forwarded = packet;
      if (++forwarded.hops > 2)
        return fail("no packet is forwarded more than twice (RTE-12)",
                    name_of(connections_[packet.connection].tuple) + " at S" + std::to_string(stack.value));
      if (packet.kind == PacketKind::syn)
        tell(stack, verdict.stack,
             "SYN of " + name_of(connections_[packet.connection].tuple) +
                 (verdict.kind == Kind::to_owner ? " (sent on to the owner)" : ""));
      return send_frame(stack, verdict.stack, forwarded, verdict.kind == Kind::to_owner);
    }
    case Kind::to_local:
    case Kind::conventional:
      return deliver_to_kernel(stack, packet, stack);
    case Kind::hold:
      if (at(stack).held.size() < held_frames_max) at(stack).held.push_back({packet, forwarded_by, relayed});
      return;
    case Kind::drop:
      return;
  }
}

}  // namespace dvipa::world
