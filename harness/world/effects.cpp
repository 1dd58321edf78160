// What stacks want done, as the live shell does it: at once, but for what its kernel takes its time for, which is done
// in order by one worker a host.
#include <algorithm>

#include "harness/world/judge.hpp"
#include "harness/world/narrator.hpp"
#include "harness/world/world.hpp"

namespace dvipa::world {
namespace {

// A neighbour may miss an announcement; it is repeated so long after the first.
constexpr Micros announce_again_after[] = {20 * ms, 100 * ms, 500 * ms, 2000 * ms};

template <class... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};

}  // namespace

void World::carry_out(StackId stack, Effect& effect) {
  Host& host = at(stack);
  if (is_watched()) Narrator(*this).effect(stack, effect);
  std::visit(Overloaded{
                 [&](effect::Send& each) {
                   const auto* said = std::get_if<SrvStat>(&each.message);
                   if (said != nullptr && said->listening) Judge(*this).listener_reported(stack, said->dvipa);
                   send(stack, each.to, std::move(each.message));
                 },
                 [&](const effect::Advertise& each) {
                   host.advertised.insert(each.dvipa);
                   host.announcing = static_cast<std::uint32_t>(order_ + 1);
                   announce(stack, 0);
                 },
                 [&](const effect::Withdraw& each) { host.advertised.erase(each.dvipa); },
                 [&](const effect::HoldAddress& each) { work(stack, each); },
                 [&](const effect::AcceptForwarder& each) { work(stack, each); },
                 [&](const effect::RefuseForwarder& each) { work(stack, each); },
                 [&](const effect::LookForConnections& each) { work(stack, each); },
                 [&](const effect::AbortConnections& each) { work(stack, each); },
                 [&](const effect::BreakConnections& each) {
                   Judge(*this).broken(stack, each.dvipa);
                   work(stack, each);
                 },
                 [&](const effect::ArmTimer& each) {
                   const auto turn = static_cast<std::uint32_t>(order_ + 1);
                   host.timers[each.timer] = turn;
                   Event event;
                   event.kind = Event::Kind::timer;
                   event.host = stack;
                   event.timer = each.timer;
                   event.turn = turn;
                   schedule(Micros{each.after_ms} * ms, event);
                 },
                 [&](const effect::CancelTimer& each) { host.timers.erase(each.timer); },
                 [&](const effect::ReleaseHeld& each) { release_held(stack, each.dvipa); },
                 [&](const effect::OwnershipChanged& each) {
                   if (each.to == roles::OwnerState::bystander) host.activated.erase(each.dvipa);
                   Judge(*this).ownership_changed(stack, each);
                 },
                 [&](const effect::ListenerKnown& each) {
                   if (each.listening && each.target == stack) Judge(*this).listener_reported(stack, each.dvipa);
                 },
                 [&](const effect::ActivationAnswered& each) { host.answered = each.answer; },
                 [&](const effect::Left&) { kill(stack, "has left"); },
                 [](const auto&) {},
             },
             effect);
}

void World::work(StackId stack, WorkerJob job) {
  Host& host = at(stack);
  host.worker.push_back(std::move(job));
  const Micros takes = draw(settings_.worker, 1000U + stack.value, order_) + host.worker_extra;
  host.worker_free_at = std::max(host.worker_free_at, now_) + takes;
  Event event;
  event.kind = Event::Kind::worker;
  event.host = stack;
  event.turn = static_cast<std::uint32_t>(host.incarnation);
  schedule(host.worker_free_at - now_, event);
}

void World::finish_work(StackId stack) {
  Host& host = at(stack);
  const WorkerJob job = std::move(host.worker.front());
  host.worker.pop_front();
  if (const auto* accept = std::get_if<effect::AcceptForwarder>(&job)) {
    host.kernel.fence[accept->dvipa].set(accept->forwarder.value);
  } else if (const auto* refuse = std::get_if<effect::RefuseForwarder>(&job)) {
    host.kernel.fence[refuse->dvipa].reset(refuse->forwarder.value);
  } else if (const auto* hold = std::get_if<effect::HoldAddress>(&job)) {
    if (hold->active) {
      host.kernel.addresses.insert(hold->dvipa);
    } else {
      host.kernel.addresses.erase(hold->dvipa);
    }
    give(stack, input::AddressHeld{hold->dvipa, hold->active});
  } else if (const auto* abort = std::get_if<effect::AbortConnections>(&job)) {
    for (const Remote& remote : abort->remotes)
      if (const auto known = by_tuple_.find({abort->dvipa, remote}); known != by_tuple_.end())
        abort_connection(stack, known->second);
  } else if (const auto* broken = std::get_if<effect::BreakConnections>(&job)) {
    break_connections(stack, broken->dvipa);
  } else {
    look_for_connections(stack, std::get<effect::LookForConnections>(job));
  }
}

// TGT-3: half-open ones included.
void World::look_for_connections(StackId stack, const effect::LookForConnections& look) {
  std::vector<Remote> remotes;
  for (const auto& [connection, endpoint] : at(stack).kernel.endpoints)
    if (connections_[connection].tuple.dvipa == look.dvipa) remotes.push_back(connections_[connection].tuple.remote);
  give(stack, input::ConnectionsFound{look.dvipa, look.epoch, std::move(remotes)});
}

// Before a Verify is given to a stack, what it asks about is brought up to date.
void World::look_at(StackId stack, const Verify& verify) {
  std::vector<Remote> held;
  std::vector<Remote> gone;
  for (const Remote& remote : verify.remotes) {
    const auto known = by_tuple_.find({verify.dvipa, remote});
    const bool holds = known != by_tuple_.end() && at(stack).kernel.endpoints.contains(known->second);
    (holds ? held : gone).push_back(remote);
  }
  if (!held.empty()) give(stack, input::ConnectionsOpened{verify.dvipa, std::move(held)});
  if (!gone.empty()) give(stack, input::ConnectionsEnded{verify.dvipa, std::move(gone)});
}

// RTE-2, FLV-11: clients that miss the first one learn of it from a later one.
void World::announce(StackId stack, std::uint32_t turn) {
  Host& host = at(stack);
  for (const Address& dvipa : host.advertised) {
    for (unsigned client = 0; client < settings_.clients; ++client) {
      const std::uint64_t row = 2000U + client;
      if (!reaches(client, stack) || happens(settings_.frame_loss, row, order_)) continue;
      Event event;
      event.kind = Event::Kind::neighbour;
      event.peer = stack;
      event.number = client;
      event.timer.dvipa = dvipa;
      schedule(draw(settings_.frame, row, order_), event);
    }
  }
  if (turn >= std::size(announce_again_after)) return;
  Event again;
  again.kind = Event::Kind::announce;
  again.host = stack;
  again.number = turn + 1;
  again.turn = host.announcing;
  schedule(announce_again_after[turn], again);
}

void World::release_held(StackId stack, const Address& dvipa) {
  std::vector<HeldFrame> waiting;
  std::vector<HeldFrame> others;
  for (const HeldFrame& frame : std::exchange(at(stack).held, {}))
    (connections_[frame.packet.connection].tuple.dvipa == dvipa ? waiting : others).push_back(frame);
  at(stack).held = std::move(others);
  for (const HeldFrame& frame : waiting) route(stack, frame.packet, frame.forwarded_by, frame.relayed);
}

}  // namespace dvipa::world
