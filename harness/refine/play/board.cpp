// The model's own steps, and what can be seen of a board.
#include "harness/refine/play/board.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "spec/model/cluster.hpp"

namespace dvipa::refine {
namespace {

using model::Action;
using model::add;
using model::ClientEnd;
using model::Cluster;
using model::End;
using model::has;
using model::Life;
using model::State;

// A report, a list, and what a handover adds, fit in.
constexpr unsigned room_in_channel = 4 + 2 * model::kConnectionsMax;
constexpr unsigned counter_max = model::kCounterMax - 1;
constexpr unsigned steps_max = 20'000;

}  // namespace

Board::Board(Cast cast, const model::Deviations& deviations) : cast_(std::move(cast)) {
  cast_.rules.deviations = deviations;
  wishes_.resize(cast_.connections.size());
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i) state_.stacks[i].life = Life::crashed;
  use_rules();
}

void Board::use_rules() {
  promises_.clear();
  model_ = std::make_unique<const model::TakeoverModel>(cast_.rules);
  promises_ = model_->properties();
  std::erase_if(promises_, [](const auto& each) { return each.kind != checker::PropertyKind::always; });
}

// The environment may do whatever the scenario says, as often as it says so.
bool Board::act(Kind kind, model::Stack a, std::uint8_t c) {
  if (violation_) return true;
  state_.left = {1, 1, 1, 1, 1, 0, 1, 0};
  std::optional<Step> found;
  const auto is_it = [&](const Action& action) {
    return !found && action.kind == kind && action.a == a && action.c == c;
  };
  model_->for_each_successor(state_, is_it, [&](const Action& action, const State& after) {
    found = Step{action, after};
  });
  state_.left = {};
  if (!found) return false;
  take(*found);
  return true;
}

void Board::take(const Step& step) {
  const State before = state_;
  if (step.action.kind == Kind::data_arrives && reaches_peer(step.action.a, step.action.c))
    wishes_[step.action.c].acknowledged = wishes_[step.action.c].sent;
  const std::string sentence = cast_.in_names_of_scenario(model_->sentence(before, step.action, step.after));
  state_ = step.after;
  state_.left = {};
  note_client(before, step);
  note_distribution(before, step);
  story_.push_back(sentence);
  for (const auto& promise : promises_)
    if (!violation_ && !promise.holds(state_)) violation_ = fmt::format("{} (after: {})", promise.name, sentence);
}

// A target that stands still for so long that it is excluded has failed as far as the group knows (FLV-12). When it
// goes on, its kernel asks its clients whether they still live, and whether their answer comes to an owner before or
// after its report does is free.
void Board::note_client(const State& before, const Step& step) {
  const bool forsaken = step.action.kind == Kind::exclude && before.stacks[step.action.b].life == Life::paused;
  for (std::uint8_t c = 0; c < wishes_.size(); ++c) {
    if (forsaken && before.stacks[step.action.b].endpoint[c].end != End::none) wishes_[c].may_be_lost = true;
    const ClientEnd then = before.clients[c].end;
    if (then == ClientEnd::closed || state_.clients[c].end != ClientEnd::closed) continue;
    const bool own = step.action.kind == Kind::give_up || step.action.kind == Kind::close;
    wishes_[c].end = own ? "closed" : then == ClientEnd::syn_sent ? "refused" : "reset";
  }
}

// --- what happens by itself ------------------------------------------------------------------------------------------

std::string Board::let_happen(const Course& course) {
  come_to_rest(course);
  if (std::string reason = lacking(); !reason.empty()) return reason;
  return untimely();
}

void Board::come_to_rest(const Course& course) {
  for (Wish& wish : wishes_) wish.closing = false;
  do run_to_rest(course);
  while (let_leave() || let_lose(course));
}

// What is lost in the world and may be, or its target has failed: in the model the client learns of that only when it
// has data to send, and in a world also when it answers what its target has asked just before.
bool Board::let_lose(const Course& course) {
  bool lost = false;
  for (std::uint8_t c = 0; c < wishes_.size(); ++c) {
    const model::Client& client = state_.clients[c];
    const bool failed = client.end == ClientEnd::established && state_.stacks[client.peer].endpoint[c].end == End::none;
    if (client.end == ClientEnd::closed || !(failed || wishes_[c].may_be_lost)) continue;
    if (!course.is_lost(cast_.connections[c])) continue;
    lose(c);
    lost = true;
  }
  return lost && !violation_;
}

void Board::run_to_rest(const Course& course) {
  for (unsigned steps = 0; !violation_ && lacking().empty(); ++steps) {
    const auto step = next_step(course);
    if (!step) return;
    take(*step);
    if (steps == steps_max) violation_ = "the model comes to rest (after: " + story_.back() + ")";
  }
}

// MOV-7: who was told to leave is gone when another owns the DVIPA, or nobody else can.
bool Board::let_leave() {
  bool left = false;
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i) {
    if (!has(leaving_, i) || state_.stacks[i].life != Life::up || is_awaited(i)) continue;
    model::remove(leaving_, i);
    left = act(Kind::crash, i) || left;
  }
  return left && !violation_;
}

// Another is to take over from i, and has not done so yet.
bool Board::is_awaited(model::Stack i) const {
  State copy = state_;
  const Cluster look(cast_.rules, copy);
  return look.owns(i) && look.successor(i) != model::nobody;
}

// LST-3: an owner's list tells all of its distribution; while nobody owns the DVIPA, whoever joins is told of the last
// owner's, and a backup keeps it.
void Board::note_distribution(const State& before, const Step& step) {
  const auto tells = [&](model::Stack i, model::Stack j) {
    if (has(distributing_, i) && before.stacks[i].owning == 0 && cast_.rules.rank[j] != 0) add(distributing_, j);
  };
  const model::Stack a = step.action.a;
  const model::Stack b = step.action.b;
  if (step.action.kind == Kind::connect) {
    if (!kept_back_.contains({a, b})) tells(a, b);
    if (!kept_back_.contains({b, a})) tells(b, a);
  }
  if (step.action.kind == Kind::receive && model::owner_of(state_.stacks[a].owning) == b && has(distributing_, b))
    add(distributing_, a);
}

std::string Board::lacking() const {
  if (state_.frames.size == model::kFramesMax) return "more SYNs are on their way than the model holds";
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i) {
    const model::StackState& stack = state_.stacks[i];
    if (model::counter_of(stack.newest) > counter_max) return "there are more epochs than the model counts";
    for (model::Stack j = 1; j <= cast_.rules.stacks; ++j)
      if (state_.bus[i][j].size + room_in_channel > model::kChannelMax)
        return "more is kept back than a channel of the model holds";
  }
  return {};
}

// Once it has advertised, and the owner was another already when it came to stand still: a client that still takes it
// for the owner hears nothing to the contrary.
bool Board::is_taken_for_owner_in_vain() const {
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i) {
    const bool advertised = has(state_.reach | state_.reach_far, i);
    if (advertised && state_.stacks[i].life == Life::paused && model::owner_of(state_.stacks[i].owning) != i)
      return true;
  }
  return false;
}

// What lasts in the model, and not in a world, where there is an end to patience.
std::string Board::untimely() const {
  const auto routes = [&](model::Stack i, std::uint8_t c) {
    const bool owns = state_.stacks[i].life == Life::up && model::owner_of(state_.stacks[i].owning) == i;
    return owns && !is_cut_off(i, c);
  };
  for (std::uint8_t c = 0; c < wishes_.size(); ++c) {
    bool reachable = false;
    for (model::Stack i = 1; i <= cast_.rules.stacks; ++i) reachable = reachable || routes(i, c);
    if (state_.clients[c].end == ClientEnd::syn_sent && !reachable)
      return fmt::format("the client of c{} gives up if nobody answers, and the model's has patience",
                         cast_.connections[c]);
    const model::Stack peer = state_.clients[c].peer;
    if (peer == model::nobody || state_.stacks[peer].endpoint[c].end == End::none) continue;
    if (!reachable || is_cut_off(peer, c) || is_taken_for_owner_in_vain())
      return fmt::format("the target of c{} gives up a client that cannot answer it, and the model's has patience",
                         cast_.connections[c]);
  }
  for (const auto& [stack, i] : cast_.stacks)
    if (state_.stacks[i].life == Life::up && model::owner_of(state_.stacks[i].owning) == i && !has(distributing_, i))
      return fmt::format("S{} has not heard of a distribution (LST-3), and in the model all know it", stack.value);
  return {};
}

std::string Board::still_waits() const {
  for (const auto& [stack, i] : cast_.stacks)
    if (state_.stacks[i].life == Life::up && state_.stacks[i].waiting != 0 && !kept_back_.empty())
      return fmt::format("S{} waits for a report that is kept back, and in the model for ever (FLV-6)", stack.value);
  return {};
}

// The first of those whose turn it is before the others.
std::optional<Board::Step> Board::next_step(const Course& course) const {
  std::optional<Step> next;
  std::optional<unsigned> first;
  std::optional<unsigned> turn;
  const auto is_earlier = [&](const Action& action) {
    if (first == 0U) return false;
    turn = turn_of(action, course);
    return turn && (!first || *turn < *first);
  };
  const auto consider = [&](const Action& action, const State& after) {
    Step step{action, after};
    if (is_in_vain(step)) return;
    next = std::move(step);
    first = turn;
  };
  model_->for_each_successor(state_, is_earlier, consider);
  return next;
}

// All but the bus is as before: what a packet has changed when it has only been told once more is nothing. One that
// changes nothing need not be sent again, unless it brings data.
bool Board::is_in_vain(const Step& step) const {
  const Action& action = step.action;
  if (action.kind != Kind::syn_arrives && action.kind != Kind::frame_arrives && action.kind != Kind::data_arrives)
    return false;
  State after = step.after;
  after.bus = state_.bus;
  if (!(after == state_)) return false;
  const Wish& wish = wishes_[action.c];
  const bool wants = action.kind == Kind::data_arrives && wish.acknowledged < wish.sent;
  return !wants || !reaches_peer(action.a, action.c);
}

// Messages first, then views, decisions, packets and ends, and last of all what age does. Nothing: it does not happen
// by itself, or is kept back.
std::optional<unsigned> Board::turn_of(const Action& action, const Course& course) const {
  switch (action.kind) {
    case Kind::receive:
      if (action.instance != 0 || kept_back_.contains({action.b, action.a})) return std::nullopt;
      return 0;
    case Kind::connect:
      return 1;
    case Kind::exclude:
      return 2;
    case Kind::get_ready:
      return 3;
    case Kind::claim_vacancy:
    case Kind::take_back:
    case Kind::let_go:
      return 4;
    case Kind::heal_clients:
      return 5;
    case Kind::syn_arrives:
    case Kind::frame_arrives:
    case Kind::data_arrives:
      return turn_of_packet(action, course);
    case Kind::establish:
      return 7;
    case Kind::end_at:
      return 12;
    case Kind::frames_die:
      return 13;
    case Kind::verify:
      return 14;
    default:
      return std::nullopt;
  }
}

// A packet is sent again and again until it is answered.
std::optional<unsigned> Board::turn_of_packet(const Action& action, const Course& course) const {
  const model::Client& client = state_.clients[action.c];
  const bool opening = client.end == ClientEnd::syn_sent && client.instance == action.instance;
  if (action.kind == Kind::frame_arrives) return opening ? std::optional(6U) : std::nullopt;
  if (!is_on_way_in(action.a, action.c)) return std::nullopt;
  const unsigned after_stale = stale_.contains(cast_.clients[action.c]) && router_from(action.a) == action.a ? 1U : 0U;
  if (action.kind == Kind::syn_arrives) {
    const auto is_choice = [&] { return action.b == choice_for(action.c, router_from(action.a), course); };
    return opening && (action.b == model::nobody || is_choice()) ? std::optional(8U + after_stale) : std::nullopt;
  }
  const Wish& wish = wishes_[action.c];
  const bool wants = wish.acknowledged < wish.sent;
  const bool shaking_hands = state_.stacks[client.peer].endpoint[action.c].end == End::half_open;
  return wants || shaking_hands ? std::optional(10U + after_stale) : std::nullopt;
}

model::Stack Board::choice_for(std::uint8_t c, model::Stack router, const Course& course) const {
  const model::Stacks targets = state_.stacks[router].dpt;
  const model::Stack wanted = cast_.part_of(course.target(cast_.connections[c]));
  if (has(targets, wanted)) return wanted;
  for (model::Stack i = 1; i <= cast_.rules.stacks; ++i)
    if (has(targets, i)) return i;
  return model::nobody;
}

model::Stack Board::router_from(model::Stack first) const {
  State copy = state_;
  return Cluster(cast_.rules, copy).path_of(first).router;
}

// Clients send to the owner on their side, or to the stack that they take for it.
bool Board::is_on_way_in(model::Stack first, std::uint8_t c) const {
  const auto stale = stale_.find(cast_.clients[c]);
  return (stale != stale_.end() && stale->second == first) || router_from(first) == first;
}

bool Board::is_cut_off(model::Stack i, std::uint8_t c) const {
  return state_.cut != model::Cut::none && has(state_.far, i) != is_far(c);
}

bool Board::reaches_peer(model::Stack first, std::uint8_t c) const {
  State copy = state_;
  const Cluster look(cast_.rules, copy);
  const model::Stack router = look.path_of(first).router;
  const model::Stack peer = state_.clients[c].peer;
  if (router == model::nobody || state_.stacks[router].crt[c].target != peer) return false;
  const model::StackState& target = state_.stacks[peer];
  if (target.life != Life::up || target.endpoint[c].end == End::none || is_cut_off(peer, c)) return false;
  return router == peer || look.fence_admits(peer, state_.stacks[router].owning);
}

// --- what can be seen ------------------------------------------------------------------------------------------------

void Board::add_to(world::View& view) const {
  using model::owner_of;
  for (const auto& [stack, i] : cast_.stacks) {
    const model::StackState& its = state_.stacks[i];
    if (its.life != Life::up) continue;
    world::StackView& mine = view.stacks[stack];
    const bool owns = owner_of(its.owning) == i;
    const bool claims = owner_of(its.claiming) == i;
    const bool candidate = i == 1 || cast_.rules.rank[i] != 0;
    mine.state = owns && its.claiming != 0  ? "handing_over"
                 : owns && its.waiting != 0 ? "rebuilding"
                 : owns                     ? "active"
                 : claims                   ? "taking_back"
                 : candidate                ? "backup"
                                            : "bystander";
    mine.owner = cast_.player_of(owner_of(its.owning));
    mine.claimant = cast_.player_of(owner_of(its.claiming));
    mine.advertises = owns;
    for (const auto& [target, part] : cast_.stacks)
      if (has(its.dpt, part)) mine.listeners[cast_.port].insert(target);
    for (std::uint8_t c = 0; c < wishes_.size(); ++c)
      if (its.crt[c].target != model::nobody) mine.routes[cast_.connections[c]] = cast_.player_of(its.crt[c].target);
  }
  for (std::uint8_t c = 0; c < wishes_.size(); ++c) {
    if (!wishes_[c].opened) continue;
    const model::Client& client = state_.clients[c];
    world::ConnectionView& mine = view.connections[cast_.connections[c]];
    mine.state = client.end == ClientEnd::closed     ? wishes_[c].end
                 : client.end == ClientEnd::syn_sent ? "opening"
                                                     : "established";
    mine.peer = cast_.player_of(client.peer);
    mine.acknowledged = wishes_[c].acknowledged;
    mine.waits = wishes_[c].acknowledged < wishes_[c].sent;
    mine.ended_by_client = wishes_[c].ended_by_client;
    mine.contested = client.contested;
    for (const auto& [stack, i] : cast_.stacks)
      if (state_.stacks[i].life == Life::up && state_.stacks[i].endpoint[c].end != End::none)
        mine.held_at.insert(stack);
  }
}

}  // namespace dvipa::refine
