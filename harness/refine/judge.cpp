// The search for the actions of the model that a step of the composition stands for.
#include "harness/refine/judge.hpp"

#include <fmt/format.h>

#include "spec/model/cluster.hpp"

namespace dvipa::refine {

using Kind = model::Action::Kind;
using model::Cluster;

static model::Stacks contested(const model::State& state) {
  unsigned set = 0;
  for (unsigned c = 0; c < model::kConnectionsMax; ++c) set |= state.clients[c].contested ? 1U << c : 0U;
  return static_cast<model::Stacks>(set);
}

Judge::Judge(const model::Rules& rules) : rules_(rules), open_rules_(rules) {
  open_rules_.deviations.set(static_cast<std::size_t>(model::Deviation::no_fence));
}

static model::Stack first_of(model::Stacks set) {
  model::Stack i = 1;
  while (!model::has(set, i)) ++i;
  return i;
}

std::vector<Judge::Candidate> Judge::first_actions(const Before& all, const Step& step,
                                                   const model::State& after) const {
  const model::Action& action = step.action;
  const model::State& before = all.state;
  std::vector<Candidate> out;
  model::State next = before;
  Cluster cluster(rules_, next);
  switch (action.kind) {
    case Kind::receive:
      for (unsigned n = 0; n < step.messages; ++n) cluster.receive(action.a, action.b);
      next.frames = before.frames;
      out.push_back({next, fmt::format("receive {} from {}", action.a, action.b), {}});
      add_aborts(before, action.a, after, out);
      return out;
    case Kind::exclude:
      cluster.exclude(action.a, action.b);
      next.frames = before.frames;
      return {{next, fmt::format("exclude {} by {}", action.b, action.a), {}}};
    case Kind::connect:
      cluster.connect(action.a, action.b);
      return {{next, "connect", {}}};
    case Kind::get_ready:
      return {{next, "nothing", {}}};
    case Kind::crash:
      --next.left.crashes;
      cluster.crash(action.a);
      return {{next, "crash", {}}};
    case Kind::restart:
      --next.left.restarts;
      cluster.restart(action.a);
      return {{next, "restart", {}}};
    case Kind::pause:
      --next.left.pauses;
      next.stacks[action.a].life = model::Life::paused;
      return {{next, "pause", {}}};
    case Kind::wake:
      cluster.wake(action.a);
      return {{next, "wake", {}}};
    case Kind::cut:
      --next.left.partitions;
      next.cut = model::Cut::group;
      next.far = rules_.far;
      return {{next, "cut", {}}};
    case Kind::heal:
      next.cut = model::Cut::clients;
      return {{next, "heal", {}}};
    case Kind::heal_clients:
      next.cut = model::Cut::none;
      next.reach = next.reach_far = next.reach | next.reach_far;
      return {{next, "heal_clients", {}}};
    case Kind::end_at:
      cluster.end_connection(action.a, action.c);
      return {{next, "end_at", {}}};
    case Kind::listen:
    case Kind::stop_listen:
      --next.left.listener_changes;
      cluster.listen(action.a, action.kind == Kind::listen);
      return {{next, "listen or stop_listen", {}}};
    case Kind::frames_die:
      for (std::uint8_t c = 0; c < rules_.connections; ++c) {
        next.frames.remove_connection(c);
        next.clients[c].syns_alive = 0;
        for (model::Stack i = 1; i <= rules_.stacks; ++i) next.stacks[i].crt[c].fresh = false;
      }
      for (model::Stack i = 1; i <= rules_.stacks; ++i)
        for (std::uint8_t c = 0; c < rules_.connections; ++c)
          if (cluster.may_verify(i, c)) cluster.verify(i, c);
      return {{next, "frames_die, then verify of all", {}}};
    case Kind::syn_arrives:
    case Kind::data_arrives:
    case Kind::frame_arrives:
      packet(all, step, out);
      return out;
    default:  // the client's own: it is the model's
      next.clients = after.clients;
      return {{next, "the client's", {}}};
  }
}

void Judge::packet(const Before& before, const Step& step, std::vector<Candidate>& out) const {
  switch (step.action.kind) {
    case Kind::syn_arrives:
      syn(before.state, before, step, out);
      if (const auto forgotten = without_ended_entry(before, step)) {
        Step anew = step;
        anew.way.was_new = step.way.target != model::nobody;
        syn(*forgotten, before, anew, out);
      }
      return;
    case Kind::data_arrives:
      return data(before, step, out);
    default:
      return frame(before, step, out);
  }
}

// Its target is in the view with another life than the one that has the connection.
static bool foretold(const model::StackState& router, unsigned c) {
  return router.crt[c].present && model::has(router.outlived, router.crt[c].target);
}

// Why a packet that the model would route is not routed here; null: there is no reason.
const char* Judge::reason_to_lose(const Before& before, const Step& step) const {
  const Way& way = step.way;
  const auto& holder = before.beyond.stacks[way.held_by].connections[step.action.c];
  if (way.held_by != model::nobody && holder.rival != model::nobody) return "is held until it is known who has it";
  if (!before.state.stacks[step.action.a].ready) return "is not sent on by one that has just started";
  if (way.held_by != model::nobody && holder.ended && before.state.stacks[way.held_by].waiting != 0)
    return "is held until all have reported, for its target has said that it has ended";
  model::State look = before.state;
  const model::Stack router = Cluster(rules_, look).path_of(step.action.a).router;
  if (router == model::nobody) return nullptr;
  const model::StackState& its = before.state.stacks[router];
  const model::Stack target = its.crt[step.action.c].target;
  const bool met = target == router || (model::has(its.view, target) && !foretold(its, step.action.c));
  if (target != model::nobody && !met) return "is not sent to a target that its router has not met";
  return nullptr;
}

// The entry whose target has ended the connection, and does not listen any more as far as the router knows.
std::optional<model::State> Judge::without_ended_entry(const Before& before, const Step& step) const {
  model::State next = before.state;
  const model::Stack router = Cluster(rules_, next).path_of(step.action.a).router;
  if (router == model::nobody) return std::nullopt;
  auto& entry = next.stacks[router].crt[step.action.c];
  const bool ended = before.beyond.stacks[router].connections[step.action.c].ended;
  if (!ended || model::has(next.stacks[router].dpt, entry.target)) return std::nullopt;
  entry = {};
  return next;
}

// The router and the target are those that the model's tables name.
void Judge::syn(const model::State& from, const Before& before, const Step& step, std::vector<Candidate>& out) const {
  const Way& way = step.way;
  Candidate it{from, "syn_arrives", {}};
  Cluster cluster(rules_, it.state);
  const Cluster::Path path = cluster.path_of(step.action.a);
  const model::StackState& router = from.stacks[path.router];
  const bool asks = cluster.asks_distribution(path, step.action.c);
  const model::Stack entry = router.crt[step.action.c].target;
  const bool answers = !asks && entry == model::nobody && router.waiting == 0;
  model::Stack choice = way.was_new ? way.target : model::nobody;
  if (way.router == model::nobody) {
    const bool lost = path.router == model::nobody || !(asks || answers || entry != model::nobody);
    if (const char* reason = lost ? "" : reason_to_lose(before, step))
      return out.push_back({from, fmt::format("syn_arrives, {}", lost ? "is lost" : reason), {}});
    it.objection = fmt::format("S{} does nothing with it", path.router);
  } else if (path.router != way.router || path.hops != way.hops) {
    it.objection = fmt::format("in the model it comes to S{} after {} hops", path.router, path.hops);
  } else if (asks ? !model::has(router.dpt, choice) : (choice != model::nobody || entry != way.target)) {
    it.objection = fmt::format("in the model it goes to S{}", asks ? router.dpt : entry);
  } else if (way.answered_by_router != answers && way.answered_by_router) {
    it.objection = "the router answers it";
  }
  if (asks && !model::has(router.dpt, choice)) choice = first_of(router.dpt);
  cluster.route_syn(path, step.action.c, step.action.instance, asks ? choice : model::nobody);
  out.push_back(std::move(it));
}

void Judge::data(const Before& before, const Step& step, std::vector<Candidate>& out) const {
  const Way& way = step.way;
  Candidate it{before.state, "data_arrives", {}};
  const Cluster::Path path = Cluster(rules_, it.state).path_of(step.action.a);
  const model::StackState& router = before.state.stacks[path.router];
  const model::Stack target = router.crt[step.action.c].target;
  const bool answers = path.router != model::nobody && target == model::nobody && router.waiting == 0;
  const bool cut_off =
      before.state.cut == model::Cut::group && model::has(rules_.far, path.router) != model::has(rules_.far, target);
  const bool arrives = target != model::nobody && before.state.stacks[target].life == model::Life::up && !cut_off &&
                       (target == path.router || fence_admits(before.state, target, router.owning));
  if (!way.admitted && !way.answered_by_router) {
    const bool refused = target != model::nobody && model::has(before.beyond.stacks[target].deposed, path.router);
    const bool silent = answers && before.beyond.stacks[path.router].awaits_silent;
    if ((!arrives && !answers) || refused || silent || reason_to_lose(before, step) != nullptr)
      return out.push_back({before.state, "data_arrives, is lost", {}});
    it.objection = fmt::format("S{} does nothing with it", path.router);
  } else if (path.router != way.router || path.hops != way.hops) {
    it.objection = fmt::format("in the model it comes to S{} after {} hops", path.router, path.hops);
  } else if (target != way.target) {
    it.objection = fmt::format("in the model it goes to S{}", target);
  } else if (way.target != model::nobody && !arrives && !model::has(before.state.stacks[target].view, path.router)) {
    it.objection = "it is let in from outside the view";
  }
  Cluster(way.admitted ? open_rules_ : rules_, it.state).route_data(path, step.action.c);
  out.push_back(std::move(it));
}

void Judge::frame(const Before& before, const Step& step, std::vector<Candidate>& out) const {
  const model::Action& action = step.action;
  Candidate it{before.state, "frame_arrives", {}};
  const bool up = before.state.stacks[action.a].life == model::Life::up;
  const bool lets_in = up && fence_admits(before.state, action.a, action.epoch);
  if (!step.way.admitted) {
    if (lets_in && !model::has(before.beyond.stacks[action.a].deposed, action.b)) it.objection = "it is refused";
    it.words += ", is refused";
  } else {
    if (!lets_in && !model::has(before.state.stacks[action.a].view, action.b))
      it.objection = "it is let in from outside the view";
    Cluster(open_rules_, it.state).accept_syn({action.c, action.instance, action.epoch, action.a});
  }
  out.push_back(std::move(it));
}

bool Judge::fence_admits(const model::State& state, model::Stack target, model::Epoch epoch) const {
  model::State look = state;
  return Cluster(rules_, look).fence_admits(target, epoch);
}

// RTE-13: what follows from a message may be that the stack aborts an end that its client does not have.
void Judge::add_aborts(const model::State& before, model::Stack i, const model::State& after,
                       std::vector<Candidate>& candidates) const {
  for (std::uint8_t c = 0; c < rules_.connections; ++c) {
    const model::Endpoint& end = before.stacks[i].endpoint[c];
    if (end.end == model::End::none || after.stacks[i].endpoint[c].end != model::End::none) continue;
    const model::Client& client = before.clients[c];
    const bool has_it = client.peer == i || client.end == model::ClientEnd::syn_sent;
    for (std::size_t n = candidates.size(); n-- != 0;) {
      Candidate next{candidates[n].state, candidates[n].words + ", then end_at", {}};
      Cluster(rules_, next.state).end_connection(i, c);
      if (has_it && client.instance == end.instance) {
        if (!client.contested) next.objection = "its client has what is aborted";
        next.state.clients[c].end = model::ClientEnd::closed;
        next.state.clients[c].peer = model::nobody;
      }
      candidates.push_back(std::move(next));
    }
  }
}

// What a stack does by itself once it may.
void Judge::add_what_follows(model::Stack i, std::vector<Candidate>& candidates) const {
  if (i == model::nobody) return;
  for (std::size_t n = 0; n < candidates.size(); ++n) {
    const auto then = [&](const char* words, bool may, auto&& act) {
      if (!may) return;
      Candidate next{candidates[n].state, candidates[n].words + ", then " + words, candidates[n].objection};
      Cluster cluster(rules_, next.state);
      act(cluster);
      candidates.push_back(std::move(next));
    };
    model::State state = candidates[n].state;
    const Cluster look(rules_, state);
    then("get_ready", look.may_get_ready(i), [&](Cluster& cluster) { cluster.get_ready(i); });
    then("claim_vacancy", look.may_claim_vacancy(i), [&](Cluster& cluster) { cluster.claim_vacancy(i); });
    then("take_back", look.may_take_back(i), [&](Cluster& cluster) { cluster.take_back(i); });
    then("let_go", look.may_let_go(i), [&](Cluster& cluster) { cluster.let_go(i); });
  }
}

Judgement Judge::judge(const Before& before, const Step& step, const model::State& after) const {
  std::vector<Candidate> candidates = first_actions(before, step, after);
  Judgement nearest;
  const auto try_all = [&](std::size_t from) {
    for (std::size_t n = from; n < candidates.size(); ++n) {
      auto found = differences(rules_, before, step, candidates[n].state, after);
      if (!candidates[n].objection.empty()) found.push_back(candidates[n].objection);
      const bool closer = (n == 0 && from == 0) || found.size() < nearest.differences.size();
      if (!closer) continue;
      nearest = {found.empty(), candidates[n].state.harm, contested(candidates[n].state), candidates[n].words,
                 std::move(found)};
      if (nearest.allowed) return;
    }
  };
  try_all(0);
  const std::size_t first = candidates.size();
  if (nearest.allowed) return nearest;
  add_what_follows(step.action.a, candidates);
  if (step.action.kind == Kind::connect) add_what_follows(step.action.b, candidates);
  try_all(first);
  return nearest;
}

}  // namespace dvipa::refine
