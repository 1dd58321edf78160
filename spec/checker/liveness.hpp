#pragma once
// Decides the leads_to properties of a model on the graph of all reachable states, by search for fair cycles.
#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <vector>

#include "spec/checker/breadth_first.hpp"
#include "spec/checker/result.hpp"
#include "spec/checker/state_graph.hpp"

namespace dvipa::checker {

template <Model M, class Records>
class Liveness {
 public:
  using State = typename M::State;
  using Action = typename M::Action;
  using Explorer = BreadthFirst<M, Records>;

  // `explorer` has visited every reachable state, without symmetry.
  Liveness(const M& model, Explorer& explorer) : model_(model), explorer_(explorer), codec_(model, false) {}

  // Decides the properties that are still open in `result`, which names them in the order of the model's.
  void decide(Result<M>& result) {
    const auto& properties = explorer_.book().properties();
    for (std::size_t i = 0; i < properties.size(); ++i)
      if (properties[i].kind == PropertyKind::leads_to && result.properties[i].outcome == Outcome::not_found)
        open_.push_back(i);
    if (open_.empty()) return;
    number_nodes();
    if (const char* reason = build_graph(); reason != nullptr) {
      result.end = reason == kInterrupted ? End::interrupted : End::memory_limit;
      result.notes.push_back(std::string("Liveness was not decided: ") + reason + ".");
      return;
    }
    for (std::size_t k = 0; k < open_.size(); ++k) decide(properties[open_[k]], k, result);
  }

 private:
  static constexpr const char* kInterrupted = "it was interrupted";
  static constexpr const char* kNoMemory = "the graph of the reachable states does not fit into the memory allowed";
  static constexpr std::uint32_t kPieceNodes = 1024;

  // What one task finds out about its nodes.
  struct Piece {
    Node begin = 0;
    Node end = 0;
    std::vector<std::uint32_t> degree;
    std::vector<Node> target;
    std::vector<std::uint8_t> fair_class;
    std::vector<std::uint64_t> enabled;
    std::vector<std::vector<bool>> starts;  // [open property][node]
    std::vector<std::vector<bool>> goal;
  };

  void number_nodes() {
    const auto& shards = explorer_.shards();
    for (unsigned s = 0; s < kShards; ++s) base_[s + 1] = base_[s] + shards[s].count();
    depth_.resize(base_[kShards]);
    for (unsigned s = 0; s < kShards; ++s) {
      for (std::uint32_t depth = 0, i = 0; i < shards[s].count(); ++depth)
        for (const std::uint32_t end = shards[s].level_begin(depth + 1); i < end; ++i) depth_[base_[s] + i] = depth;
    }
  }
  Ref ref(Node node) const {
    const auto shard = static_cast<unsigned>(std::upper_bound(base_.begin(), base_.end(), node) - base_.begin() - 1);
    return ref_of(shard, node - base_[shard]);
  }

  // Null, or why there is no graph.
  const char* build_graph() {
    const Counts counts = explorer_.counts();
    const std::uint64_t bytes = counts.states * 5 + counts.unique * 60;
    if (counts.memory_bytes + bytes > explorer_.progress().memory_bytes_max()) return kNoMemory;
    starts_.resize(open_.size());
    goal_.resize(open_.size());
    std::vector<Piece> pieces(16);
    for (Node begin = 0; begin < base_[kShards];) {
      std::size_t count = 0;
      for (; count < pieces.size() && begin < base_[kShards]; ++count, begin = pieces[count - 1].end) {
        pieces[count].begin = begin;
        pieces[count].end = std::min(begin + kPieceNodes, base_[kShards]);
      }
      explorer_.crew().run(count, [&](std::size_t task, unsigned) { survey(pieces[task]); });
      for (std::size_t i = 0; i < count; ++i) append(pieces[i]);
      if (explorer_.progress().interrupted()) return kInterrupted;
      if (explorer_.progress().machine_is_short()) return kNoMemory;
      explorer_.progress().tell({counts.states, counts.unique, counts.depth, base_[kShards] - begin, bytes});
    }
    return nullptr;
  }

  void survey(Piece& piece) const {
    piece.degree.clear();
    piece.target.clear();
    piece.fair_class.clear();
    piece.enabled.clear();
    piece.starts.assign(open_.size(), {});
    piece.goal.assign(open_.size(), {});
    Bytes bytes;
    for (Node node = piece.begin; node < piece.end; ++node) {
      const Ref at = ref(node);
      const State state = codec_.decode(explorer_.shards()[shard_of(at)].read(index_of(at), bytes));
      survey_steps(state, node, piece);
      for (std::size_t k = 0; k < open_.size(); ++k) {
        const auto& property = explorer_.book().properties()[open_[k]];
        piece.goal[k].push_back(property.holds(state));
        piece.starts[k].push_back(property.premise ? property.premise(state) : depth_[node] == 0);
      }
    }
  }

  void survey_steps(const State& state, Node node, Piece& piece) const {
    Bytes scratch;
    std::uint32_t degree = 0;
    std::uint64_t enabled = 0;
    const auto visit = [&](const Action& action, const State& next) {
      codec_.with_key_and_hash(next, scratch, [&](ByteView key, std::uint64_t hash) {
        const unsigned shard = shard_of_hash(hash);
        const std::uint32_t index = explorer_.shards()[shard].find(key, hash);
        // A step that changes nothing is none: it is neither enabled nor taken. A state that is not known would mean
        // that the successors of a state are not always the same.
        if (index == kAbsent || base_[shard] + index == node) return;
        const std::uint8_t fair_class = class_of(action);
        if (fair_class != kUnfair) enabled |= std::uint64_t{1} << fair_class;
        piece.target.push_back(base_[shard] + index);
        piece.fair_class.push_back(fair_class);
        ++degree;
      });
    };
    model_.for_each_successor(state, Visitor<State, Action>(visit));
    piece.degree.push_back(degree);
    piece.enabled.push_back(enabled);
  }

  std::uint8_t class_of(const Action& action) const {
    if constexpr (HasFairness<M>) {
      const std::optional<unsigned> fair_class = model_.fairness_class(action);
      if (fair_class && *fair_class < kFairClassesMax) return static_cast<std::uint8_t>(*fair_class);
    }
    return kUnfair;
  }

  void append(const Piece& piece) {
    for (const std::uint32_t degree : piece.degree) graph_.first_edge.push_back(graph_.first_edge.back() + degree);
    graph_.target.insert(graph_.target.end(), piece.target.begin(), piece.target.end());
    graph_.fair_class.insert(graph_.fair_class.end(), piece.fair_class.begin(), piece.fair_class.end());
    graph_.enabled.insert(graph_.enabled.end(), piece.enabled.begin(), piece.enabled.end());
    for (std::size_t k = 0; k < open_.size(); ++k) {
      starts_[k].insert(starts_[k].end(), piece.starts[k].begin(), piece.starts[k].end());
      goal_[k].insert(goal_[k].end(), piece.goal[k].begin(), piece.goal[k].end());
    }
  }

  void decide(const Property<State, Action>& property, std::size_t k, Result<M>& result) {
    PropertyResult<M>& found = result.properties[open_[k]];
    std::uint64_t fairness = 0;
    for (const unsigned fair_class : property.fairness) fairness |= std::uint64_t{1} << fair_class;
    const FairPath path = find_fair_path(graph_, depth_, starts_[k], goal_[k], fairness);
    found.outcome = path.nodes.empty() ? Outcome::holds : Outcome::violated;
    if (path.nodes.empty()) return;
    found.trace = trace_of(path);
    if (!found.trace) result.notes.push_back("The path for '" + property.name + "' could not be executed again.");
  }

  std::optional<Trace<M>> trace_of(const FairPath& path) const {
    std::vector<Node> nodes;
    std::vector<std::optional<std::uint8_t>> classes;  // of the step to each node; none: any
    for (Ref at = ref(path.nodes.front()); at != kNoRef; at = explorer_.shards()[shard_of(at)].parent(index_of(at)))
      nodes.push_back(base_[shard_of(at)] + index_of(at));
    std::reverse(nodes.begin(), nodes.end());
    const std::size_t before = nodes.size() - 1;
    classes.assign(nodes.size(), std::nullopt);
    for (std::size_t i = 1; i < path.nodes.size(); ++i) {
      nodes.push_back(path.nodes[i]);
      classes.emplace_back(path.step_class[i - 1]);
    }
    if (path.step_class.size() == path.nodes.size()) {
      nodes.push_back(path.nodes[path.loop_from]);
      classes.emplace_back(path.step_class.back());
    }
    auto trace = retrace(model_, codec_, nodes.size(),
                         [&](std::size_t position, const Action* action, ByteView key, std::uint64_t hash) {
                           const Ref at = ref(nodes[position]);
                           if (action && classes[position] && class_of(*action) != *classes[position]) return false;
                           return shard_of_hash(hash) == shard_of(at) &&
                                  explorer_.shards()[shard_of(at)].matches(index_of(at), key, hash);
                         });
    if (trace) trace->loop_from = before + path.loop_from;
    return trace;
  }

  const M& model_;
  Explorer& explorer_;
  Codec<M> codec_;
  std::vector<std::size_t> open_;
  std::array<Node, kShards + 1> base_{};
  std::vector<std::uint32_t> depth_;
  StateGraph graph_;
  std::vector<std::vector<bool>> starts_;
  std::vector<std::vector<bool>> goal_;
};

// Refuses the liveness properties of `result` that assume no fairness, or a class that the model does not have.
template <Model M>
void refuse_unfair(const M& model, Result<M>& result) {
  std::size_t classes = 0;
  if constexpr (HasFairness<M>) classes = std::min<std::size_t>(model.fairness_names().size(), kFairClassesMax);
  const auto properties = model.properties();
  for (std::size_t i = 0; i < properties.size(); ++i) {
    if (properties[i].kind != PropertyKind::leads_to) continue;
    auto& found = result.properties[i];
    if (properties[i].fairness.empty()) {
      found.outcome = Outcome::refused;
      found.reason =
          "it promises that something will happen, but no action is assumed to be fair: a system that stands still for "
          "ever would break it, which says nothing about the model. Name the classes of actions that are weakly fair.";
    }
    for (const unsigned fair_class : properties[i].fairness) {
      if (fair_class < classes) continue;
      found.outcome = Outcome::refused;
      found.reason = "it assumes fairness of class " + std::to_string(fair_class) + ", which the model does not have.";
    }
  }
}

}  // namespace dvipa::checker
