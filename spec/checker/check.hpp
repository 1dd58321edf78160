#pragma once
// check(model, options): the one entry to the checker. Breadth first, with links to parents for shortest
// counterexamples.
#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "spec/checker/model.hpp"
#include "spec/checker/options.hpp"
#include "spec/checker/result.hpp"

namespace dvipa::checker {

template <Model M>
class BreadthFirst {
 public:
  using State = typename M::State;
  using Action = typename M::Action;

  BreadthFirst(const M& model, const Options& options) : model_(model), options_(options) {}

  Result<M> run() {
    const auto start = std::chrono::steady_clock::now();
    result_.config = options_.config;
    properties_ = model_.properties();
    for (const auto& property : properties_)
      result_.properties.push_back({property.name, property.kind, Outcome::not_found, {}, {}});
    for (const State& state : model_.initial_states()) add(state, kNone, 0);
    for (std::size_t at = 0; at < nodes_.size() && !stop_; ++at) expand(at);
    conclude();
    result_.counts.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    result_.counts.unique = nodes_.size();
    return std::move(result_);
  }

 private:
  static constexpr std::size_t kNone = ~std::size_t{0};
  struct Node {
    State state;
    std::size_t parent;
    std::uint64_t depth;
  };

  std::string key(const State& state) const {
    if constexpr (PackedState<State>) {
      std::string bytes(sizeof(State), '\0');
      std::memcpy(bytes.data(), &state, sizeof(State));
      return bytes;
    } else {
      Bytes bytes;
      model_.encode(state, bytes);
      return {bytes.begin(), bytes.end()};
    }
  }

  void add(const State& state, std::size_t parent, std::uint64_t depth) {
    ++result_.counts.states;
    if (!seen_.emplace(key(state), nodes_.size()).second) return;
    nodes_.push_back({state, parent, depth});
    result_.counts.depth = depth;
  }

  void expand(std::size_t at) {
    const Node node = nodes_[at];
    for (std::size_t i = 0; i < properties_.size(); ++i) {
      const auto& property = properties_[i];
      auto& found = result_.properties[i];
      if (found.outcome != Outcome::not_found) continue;
      if (property.kind == PropertyKind::always && !property.holds(node.state)) violated(found, at);
      if (property.kind == PropertyKind::sometimes && property.holds(node.state)) {
        found.outcome = Outcome::reached;
        found.trace = trace_to(at);
      }
    }
    if (options_.depth_max != 0 && node.depth >= options_.depth_max) {
      result_.end = End::depth_limit;
      return;
    }
    model_.for_each_successor(node.state, [&](const Action& action, const State& next) {
      for (std::size_t i = 0; i < properties_.size(); ++i) {
        auto& found = result_.properties[i];
        if (properties_[i].kind != PropertyKind::always_step || found.outcome != Outcome::not_found) continue;
        if (properties_[i].holds_of_step(node.state, action, next)) continue;
        violated(found, at);
        found.trace->steps.push_back({action, next});
      }
      add(next, at, node.depth + 1);
    });
  }

  void violated(PropertyResult<M>& found, std::size_t at) {
    found.outcome = Outcome::violated;
    found.trace = trace_to(at);
    result_.end = End::violation;
    stop_ = options_.stop_at_first;
  }

  Trace<M> trace_to(std::size_t at) const {
    std::vector<std::size_t> path;
    for (; at != kNone; at = nodes_[at].parent) path.push_back(at);
    std::reverse(path.begin(), path.end());
    Trace<M> trace{nodes_[path.front()].state, {}, {}};
    for (std::size_t i = 1; i < path.size(); ++i) {
      const std::string wanted = key(nodes_[path[i]].state);
      bool found = false;
      model_.for_each_successor(nodes_[path[i - 1]].state, [&](const Action& action, const State& next) {
        if (found || key(next) != wanted) return;
        trace.steps.push_back({action, next});
        found = true;
      });
    }
    return trace;
  }

  void conclude() {
    bool violation = false;
    bool undecided = false;
    for (auto& found : result_.properties) {
      if (found.outcome == Outcome::not_found && result_.end == End::complete) {
        if (found.kind == PropertyKind::leads_to) {
          found.outcome = Outcome::refused;
          found.reason = "liveness needs the search for fair cycles";
        } else {
          found.outcome = found.kind == PropertyKind::sometimes ? Outcome::not_reached : Outcome::holds;
        }
      }
      violation |= found.outcome == Outcome::violated || found.outcome == Outcome::not_reached;
      undecided |= found.outcome == Outcome::not_found || found.outcome == Outcome::refused;
    }
    result_.verdict = violation ? Verdict::violated : undecided ? Verdict::unknown : Verdict::holds;
  }

  const M& model_;
  Options options_;
  std::vector<Property<State, Action>> properties_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, std::size_t> seen_;
  Result<M> result_;
  bool stop_ = false;
};

// Explores `model` and decides its properties. Never throws for a model that keeps the concept.
template <Model M>
Result<M> check(const M& model, const Options& options) {
  return BreadthFirst<M>(model, options).run();
}

}  // namespace dvipa::checker
