// Commands of a scenario as actions of the model. As in a world, what cannot be asked for changes nothing.
#include <fmt/format.h>

#include "harness/refine/play/board.hpp"
#include "spec/model/cluster.hpp"

namespace dvipa::refine {
namespace {

using model::add;
using model::ClientEnd;
using model::Cluster;
using model::Cut;
using model::End;
using model::has;
using model::Life;
using model::State;
using world::Command;
using world::Verb;

}  // namespace

std::string Board::perform(const Command& command) {
  const model::Stack i = cast_.part_of(command.stack);
  const Life life = state_.stacks[i].life;
  switch (command.verb) {
    case Verb::start:
      if (i != model::nobody && life == Life::crashed) start(i);
      return {};
    case Verb::kill:
      if (i != model::nobody && life != Life::crashed) act(Kind::crash, i);
      return {};
    case Verb::stop:
      if (i != model::nobody && life == Life::up) stop(i);
      return {};
    case Verb::pause:
      if (i != model::nobody && life == Life::up) act(Kind::pause, i);
      return {};
    case Verb::resume:
      return i != model::nobody && life == Life::paused ? resume(i) : std::string();
    case Verb::listen:
    case Verb::close_listener:
    case Verb::abort_application:
      return listener(i, command);
    case Verb::connect:
    case Verb::send:
    case Verb::close:
    case Verb::abort:
      return of_connection(command);
    case Verb::stale:
      return command.address == cast_.dvipa ? stale(command.client, i) : std::string();
    case Verb::partition:
      return partition(command.sides);
    case Verb::heal:
      return heal();
    case Verb::keep_back:
      kept_back_.insert({i, cast_.part_of(command.other)});
      return {};
    case Verb::deliver:
      kept_back_.erase({i, cast_.part_of(command.other)});
      return {};
    default:  // frames are lost and sent again; what else there is has no place in a cast
      return {};
  }
}

// All faults end, as in World::settle, and clients who are not answered give up.
std::string Board::settle(const Course& course) {
  if (std::string reason = heal(); !reason.empty()) return reason;
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i)
    if (state_.stacks[i].life == Life::paused)
      if (std::string reason = resume(i); !reason.empty()) return reason;
  kept_back_.clear();
  come_to_rest(course);
  for (std::uint8_t c = 0; c < wishes_.size(); ++c)
    if (state_.clients[c].end == ClientEnd::syn_sent && act(Kind::give_up, model::nobody, c))
      wishes_[c].end = "timed-out";
  return let_happen(course);
}

// --- hosts -----------------------------------------------------------------------------------------------------------

void Board::start(model::Stack i) {
  cast_.rules.listeners = 0;
  for (const auto& [stack, bound] : applications_)
    if (!bound.empty()) add(cast_.rules.listeners, stack);
  use_rules();
  model::remove(distributing_, i);
  if (i == 1) add(distributing_, i);
  act(Kind::restart, i);
}

void Board::stop(model::Stack i) {
  if (!act(Kind::depart, i)) {
    act(Kind::crash, i);  // it does not own the DVIPA
  } else {
    add(leaving_, i);
  }
}

std::string Board::resume(model::Stack i) {
  if (act(Kind::wake, i)) return {};
  return fmt::format("S{} goes on before anybody has noticed: in the model that is a delay", cast_.player_of(i).value);
}

std::string Board::listener(model::Stack i, const Command& command) {
  const bool counts = command.port == cast_.port && (command.address.is_none() || command.address == cast_.dvipa);
  model::StackState& stack = state_.stacks[i];
  if (!counts || i == model::nobody || stack.life == Life::paused) return {};
  std::set<Address>& bound = applications_[i];
  const bool listened = !bound.empty();
  if (command.verb == Verb::listen) {
    bound.insert(command.address);
  } else {
    bound.erase(command.address);
  }
  if (stack.life != Life::up || listened == !bound.empty()) return {};
  if (command.verb == Verb::abort_application)
    for (const model::Endpoint& endpoint : stack.endpoint)
      if (endpoint.end != End::none)
        return "in the model no application ends a connection that its client goes on with";
  act(listened ? Kind::stop_listen : Kind::listen, i);
  return {};
}

// --- clients ---------------------------------------------------------------------------------------------------------

std::string Board::of_connection(const Command& command) {
  for (std::uint8_t c = 0; c < wishes_.size(); ++c) {
    if (cast_.connections[c] != command.connection) continue;
    const bool closed = state_.clients[c].end == ClientEnd::closed;
    if (command.verb == Verb::connect && closed && !wishes_[c].closing) {
      wishes_[c] = {};
      wishes_[c].opened = true;
      act(Kind::open, model::nobody, c);
    } else if (command.verb == Verb::send && !closed) {
      wishes_[c].sent += static_cast<std::uint64_t>(command.amount);
    } else if (command.verb == Verb::close || command.verb == Verb::abort) {
      wishes_[c].ended_by_client = true;
      if (!closed) end_by_client(c, command.verb);
    }
  }
  return {};
}

void Board::end_by_client(std::uint8_t c, Verb verb) {
  const bool opening = state_.clients[c].end == ClientEnd::syn_sent;
  wishes_[c].closing = !opening && verb == Verb::close;
  act(opening ? Kind::give_up : Kind::close, model::nobody, c);
}

void Board::lose(std::uint8_t c) {
  const ClientEnd end = state_.clients[c].end;
  act(end == ClientEnd::syn_sent ? Kind::give_up : Kind::close, model::nobody, c);
  wishes_[c].end = end == ClientEnd::syn_sent ? "refused" : "reset";
}

std::string Board::stale(std::uint32_t client, model::Stack i) {
  if (!has(state_.reach | state_.reach_far, i))
    return "in the model a client takes only a stack that has advertised for the owner";
  stale_[client] = i;
  return {};
}

// --- the network -----------------------------------------------------------------------------------------------------

std::string Board::partition(const world::Sides& sides) {
  if (sides.members.size() > 2) return "in the model there are two sides";
  model::Stacks far = 0;
  for (const auto& [stack, i] : cast_.stacks)
    if ((sides.members[1] >> stack.value & 1U) != 0) add(far, i);
  std::uint8_t far_clients = 0;
  for (std::size_t c = 0; c < wishes_.size(); ++c)
    if ((sides.clients[1] >> cast_.clients[c] & 1U) != 0)
      far_clients = static_cast<std::uint8_t>(far_clients | 1U << c);
  if (state_.cut == Cut::group && (far != state_.far || far_clients != cast_.rules.far_clients))
    return "in the model one partition heals before the next";
  if (state_.cut == Cut::group) return {};
  cast_.rules.far = far;
  cast_.rules.far_clients = far_clients;
  use_rules();
  return act(Kind::cut) ? std::string() : "in the model one partition heals before the next";
}

std::string Board::heal() {
  if (state_.cut != Cut::group) return {};
  if (std::string reason = vacancy_between_sides(); !reason.empty()) return reason;
  for (std::uint8_t c = 0; c < wishes_.size(); ++c)
    if (races_with_reports(c)) wishes_[c].may_be_lost = true;
  if (act(Kind::heal)) return {};
  return "the partition heals before both sides have noticed it";
}

// Of two owners one gives way. A better candidate that it has had beside it (no backup takes a DVIPA back) finds nobody
// owning it then, unless it has met the other owner already.
std::string Board::vacancy_between_sides() const {
  State copy = state_;
  const Cluster look(cast_.rules, copy);
  const auto on_one_side = [&](model::Stack i, model::Stack j) { return has(state_.far, i) == has(state_.far, j); };
  const auto owns = [&](model::Stack i) { return state_.stacks[i].life == Life::up && look.owns(i); };
  model::StackState knows_all;
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i)
    if (has(state_.stacks[i].primaries, i)) add(knows_all.primaries, i);
  const auto is_better = [&](model::Stack i, model::Stack j) { return look.is_better(i, j, knows_all); };
  for (const auto& [stack, i] : cast_.stacks)
    for (const auto& [rival, r] : cast_.stacks) {
      if (!owns(i) || !owns(r) || on_one_side(i, r) || !is_better(r, i)) continue;
      for (const auto& [candidate, j] : cast_.stacks)
        if (j != i && state_.stacks[j].life == Life::up && on_one_side(i, j) && cast_.rules.rank[j] != 0 &&
            is_better(j, r))
          return fmt::format("whether S{} takes over when S{} gives way depends on whether it has met S{} by then",
                             candidate.value, stack.value, rival.value);
    }
  return {};
}

// In the model clients reach the other side only when the members have met again, which is an assumption on timing. In
// a world they do at once, and what they have to say, or to answer, may come to an owner that has not heard of it yet:
// of two owners neither knows what the other routes, and one owner knows nothing of a target that it has excluded.
bool Board::races_with_reports(std::uint8_t c) const {
  const model::Client& client = state_.clients[c];
  const bool opening = client.end == ClientEnd::syn_sent;
  if (client.end == ClientEnd::closed) return false;
  bool owner_near = false;
  bool owner_far = false;
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i)
    if (state_.stacks[i].life == Life::up && model::owner_of(state_.stacks[i].owning) == i)
      (has(state_.far, i) ? owner_far : owner_near) = true;
  const bool target_far = has(state_.far, client.peer);
  return (owner_near && owner_far) || (!opening && (target_far ? owner_near : owner_far));
}

}  // namespace dvipa::refine
