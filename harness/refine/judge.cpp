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

std::vector<Judge::Candidate> Judge::first_actions(const model::State& before, const Step& step,
                                                   const model::State& after) const {
  const model::Action& action = step.action;
  std::vector<Candidate> out;
  model::State next = before;
  Cluster cluster(rules_, next);
  switch (action.kind) {
    case Kind::receive:
      for (unsigned n = 0; n < step.messages; ++n) cluster.receive(action.a, action.b);
      next.frames = before.frames;
      return {{next, fmt::format("receive {} from {}", action.a, action.b)}};
    case Kind::exclude:
      cluster.exclude(action.a, action.b);
      next.frames = before.frames;
      return {{next, fmt::format("exclude {} by {}", action.b, action.a)}};
    case Kind::connect:
      cluster.connect(action.a, action.b);
      return {{next, "connect"}};
    case Kind::get_ready:
      return {{next, "nothing"}};
    case Kind::crash:
      --next.left.crashes;
      cluster.crash(action.a);
      return {{next, "crash"}};
    case Kind::restart:
      --next.left.restarts;
      cluster.restart(action.a);
      return {{next, "restart"}};
    case Kind::end_at:
      cluster.end_connection(action.a, action.c);
      return {{next, "end_at"}};
    case Kind::listen:
    case Kind::stop_listen:
      --next.left.listener_changes;
      cluster.listen(action.a, action.kind == Kind::listen);
      return {{next, "listen or stop_listen"}};
    case Kind::frames_die:
      for (std::uint8_t c = 0; c < rules_.connections; ++c) {
        next.frames.remove_connection(c);
        next.clients[c].syns_alive = 0;
        for (model::Stack i = 1; i <= rules_.stacks; ++i) next.stacks[i].crt[c].fresh = false;
      }
      out.push_back({next, "frames_die"});
      for (model::Stack i = 1; i <= rules_.stacks; ++i)
        for (std::uint8_t c = 0; c < rules_.connections; ++c)
          if (cluster.may_verify(i, c)) cluster.verify(i, c);
      out.push_back({next, "frames_die, then verify of all"});
      return out;
    case Kind::syn_arrives:
    case Kind::data_arrives:
    case Kind::frame_arrives:
      packet(before, step, out);
      return out;
    default:  // the client's own: it is the model's
      next.clients = after.clients;
      return {{next, "the client's"}};
  }
}

void Judge::packet(const model::State& before, const Step& step, std::vector<Candidate>& out) const {
  const model::Action& action = step.action;
  if (action.kind == Kind::syn_arrives) {
    syn(before, step, out);
    if (const auto forgotten = without_ended_entry(before, step)) {
      Step anew = step;
      anew.way.was_new = step.way.target != model::nobody;
      syn(*forgotten, anew, out);
    }
    return;
  }
  if (action.kind == Kind::data_arrives) return data(before, step, out);
  model::State next = before;
  if (step.way.admitted) Cluster(open_rules_, next).accept_syn({action.c, action.instance, action.epoch, action.a});
  out.push_back({next, step.way.admitted ? "frame_arrives" : "frame_arrives, is refused"});
}

// The entry for the SYN that only waits for a frame to come, at a target that does not listen as far as the router
// knows.
std::optional<model::State> Judge::without_ended_entry(const model::State& before, const Step& step) const {
  model::State next = before;
  const Cluster::Path path = Cluster(rules_, next).path_of(step.action.a);
  if (path.router == model::nobody) return std::nullopt;
  model::StackState& router = next.stacks[path.router];
  auto& entry = router.crt[step.action.c];
  if (entry.target == model::nobody || !entry.fresh || model::has(router.dpt, entry.target)) return std::nullopt;
  entry = {};
  return next;
}

// The router and the target are those that the model's tables name.
void Judge::syn(const model::State& before, const Step& step, std::vector<Candidate>& out) const {
  model::State next = before;
  Cluster cluster(rules_, next);
  if (step.way.router == model::nobody) return out.push_back({next, "syn_arrives, is lost"});
  const Cluster::Path path = cluster.path_of(step.action.a);
  if (path.router != step.way.router || path.hops != step.way.hops)
    return out.push_back({next, fmt::format("syn_arrives at router S{} after {} hops", path.router, path.hops)});
  const model::Stack choice = step.way.was_new ? step.way.target : model::nobody;
  const bool asks = cluster.asks_distribution(path, step.action.c);
  if (choice != model::nobody && !(asks && model::has(before.stacks[path.router].dpt, choice)))
    return out.push_back({next, fmt::format("syn_arrives, but S{} is not there to be chosen", choice)});
  if (choice == model::nobody && asks) return out.push_back({next, "syn_arrives, asks the distribution"});
  cluster.route_syn(path, step.action.c, step.action.instance, choice);
  out.push_back({next, "syn_arrives"});
}

void Judge::data(const model::State& before, const Step& step, std::vector<Candidate>& out) const {
  model::State next = before;
  const Way& way = step.way;
  const bool does_something = way.admitted || way.answered_by_router;
  if (!does_something) return out.push_back({next, "data_arrives, is lost"});
  Cluster cluster(open_rules_, next);
  const Cluster::Path path = cluster.path_of(step.action.a);
  if (path.router != way.router || path.hops != way.hops)
    return out.push_back({next, fmt::format("data_arrives at router S{} after {} hops", path.router, path.hops)});
  const model::Stack target = before.stacks[path.router].crt[step.action.c].target;
  if (target != way.target)
    return out.push_back({next, fmt::format("data_arrives, and S{} routes it to S{}", path.router, target)});
  cluster.route_data(path, step.action.c);
  out.push_back({next, "data_arrives"});
}

// What a stack does by itself once it may.
void Judge::add_what_follows(model::Stack i, std::vector<Candidate>& candidates) const {
  if (i == model::nobody) return;
  for (std::size_t n = 0; n < candidates.size(); ++n) {
    const auto then = [&](const char* words, bool may, auto&& act) {
      if (!may) return;
      Candidate next{candidates[n].state, candidates[n].words + ", then " + words};
      Cluster cluster(rules_, next.state);
      act(cluster);
      candidates.push_back(std::move(next));
    };
    model::State state = candidates[n].state;
    const Cluster look(rules_, state);
    then("get_ready", look.may_get_ready(i), [&](Cluster& cluster) { cluster.get_ready(i); });
    then("claim_vacancy", look.may_claim_vacancy(i), [&](Cluster& cluster) { cluster.claim_vacancy(i); });
    then("take_back", look.may_take_back(i), [&](Cluster& cluster) { cluster.take_back(i); });
  }
}

Judgement Judge::judge(const model::State& before, const Step& step, const model::State& after) const {
  std::vector<Candidate> candidates = first_actions(before, step, after);
  Judgement nearest;
  const auto try_all = [&](std::size_t from) {
    for (std::size_t n = from; n < candidates.size(); ++n) {
      auto found = differences(rules_, before, candidates[n].state, after);
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
