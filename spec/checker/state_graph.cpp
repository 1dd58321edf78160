// Fair cycles: strongly connected components of the part of the graph that avoids the goal (Tarjan, without recursion).
// A component is a counterexample when every class assumed fair is taken by a step inside it or disabled in one of its
// states; then a loop exists that does so. Only maximal components need to be looked at: both conditions grow with it.
// A state may also stay as it is for ever, so a single state counts as a component whose loop has no step.
#include "spec/checker/state_graph.hpp"

#include <algorithm>

namespace dvipa::checker {
namespace {

constexpr std::uint64_t bit_of(std::uint8_t fair_class) {
  return fair_class == kUnfair ? 0 : std::uint64_t{1} << fair_class;
}

class FairSearch {
 public:
  FairSearch(const StateGraph& graph, const std::vector<bool>& goal, std::uint64_t fairness)
      : graph_(graph), goal_(goal), fairness_(fairness) {}

  FairPath run(const std::vector<std::uint32_t>& depth, const std::vector<bool>& starts) {
    reach(depth, starts);
    find_components();
    Node best = kNoNode;
    for (const Node node : order_)
      if (fair_component_[component_[node]] && (best == kNoNode || distance_[node] < distance_[best])) best = node;
    if (best == kNoNode) return {};
    FairPath path = stem_to(best);
    append_loop(path);
    return path;
  }

 private:
  struct Frame {
    Node node;
    std::uint64_t edge;
  };

  // Everything reachable from the starts without meeting the goal, nearest to an initial state first.
  void reach(const std::vector<std::uint32_t>& depth, const std::vector<bool>& starts) {
    distance_.assign(graph_.size(), kNoNode);
    from_.assign(graph_.size(), kNoNode);
    std::vector<std::vector<Node>> waiting;
    const auto wait = [&](Node node, std::uint32_t distance, Node from) {
      if (goal_[node] || distance_[node] <= distance) return;
      distance_[node] = distance;
      from_[node] = from;
      if (waiting.size() <= distance) waiting.resize(distance + 1);
      waiting[distance].push_back(node);
    };
    for (Node node = 0; node < graph_.size(); ++node)
      if (starts[node]) wait(node, depth[node], kNoNode);
    for (std::uint32_t distance = 0; distance < waiting.size(); ++distance) {
      for (std::size_t i = 0; i < waiting[distance].size(); ++i) {
        const Node node = waiting[distance][i];
        if (distance_[node] != distance) continue;
        order_.push_back(node);
        for (std::uint64_t e = graph_.first_edge[node]; e < graph_.first_edge[node + 1]; ++e)
          wait(graph_.target[e], distance + 1, node);
      }
      waiting[distance] = {};
    }
  }

  void find_components() {
    index_.assign(graph_.size(), 0);
    low_.assign(graph_.size(), 0);
    component_.assign(graph_.size(), kNoNode);
    for (const Node node : order_)
      if (index_[node] == 0) search_from(node);
  }

  void enter(Node node) {
    index_[node] = low_[node] = ++last_index_;
    stack_.push_back(node);
    frames_.push_back({node, graph_.first_edge[node]});
  }

  void search_from(Node root) {
    enter(root);
    while (!frames_.empty()) {
      Frame& frame = frames_.back();
      const Node node = frame.node;
      if (frame.edge < graph_.first_edge[node + 1]) {
        const Node next = graph_.target[frame.edge++];
        if (goal_[next]) continue;
        if (index_[next] == 0) {
          enter(next);
        } else if (component_[next] == kNoNode) {
          low_[node] = std::min(low_[node], index_[next]);
        }
        continue;
      }
      frames_.pop_back();
      if (!frames_.empty()) low_[frames_.back().node] = std::min(low_[frames_.back().node], low_[node]);
      if (low_[node] == index_[node]) close_component(node);
    }
  }

  void close_component(Node root) {
    const auto number = static_cast<Node>(fair_component_.size());
    const auto begin = std::find(stack_.rbegin(), stack_.rend(), root).base() - 1;
    for (auto member = begin; member != stack_.end(); ++member) component_[*member] = number;
    std::uint64_t satisfied = 0;
    for (auto member = begin; member != stack_.end(); ++member) {
      satisfied |= ~graph_.enabled[*member];
      for (std::uint64_t e = graph_.first_edge[*member]; e < graph_.first_edge[*member + 1]; ++e)
        if (component_[graph_.target[e]] == number) satisfied |= bit_of(graph_.fair_class[e]);
    }
    fair_component_.push_back((satisfied & fairness_) == fairness_);
    stack_.erase(begin, stack_.end());
  }

  FairPath stem_to(Node node) const {
    FairPath path;
    for (; node != kNoNode; node = from_[node]) path.nodes.push_back(node);
    std::reverse(path.nodes.begin(), path.nodes.end());
    for (std::size_t i = 0; i + 1 < path.nodes.size(); ++i)
      path.step_class.push_back(class_between(path.nodes[i], path.nodes[i + 1]));
    path.loop_from = path.nodes.size() - 1;
    return path;
  }

  std::uint8_t class_between(Node a, Node b) const {
    for (std::uint64_t e = graph_.first_edge[a]; e < graph_.first_edge[a + 1]; ++e)
      if (graph_.target[e] == b) return graph_.fair_class[e];
    return kUnfair;
  }

  // Visits, one after the other, a place for each class that the loop does not satisfy yet, and goes home.
  void append_loop(FairPath& path) const {
    const Node home = path.nodes.back();
    std::uint64_t open = fairness_ & graph_.enabled[home];
    while (open != 0) {
      append_shortest(
          path, [&](Node node) { return (~graph_.enabled[node] & open) != 0; },
          [&](std::uint64_t edge) { return (bit_of(graph_.fair_class[edge]) & open) != 0; });
      for (std::size_t i = path.loop_from; i < path.nodes.size(); ++i) open &= graph_.enabled[path.nodes[i]];
      for (std::size_t i = path.loop_from; i < path.step_class.size(); ++i) open &= ~bit_of(path.step_class[i]);
    }
    if (path.nodes.size() - 1 == path.loop_from) return;
    if (path.nodes.back() != home)
      append_shortest(
          path, [&](Node node) { return node == home; }, [](std::uint64_t) { return false; });
    path.nodes.pop_back();  // home again
  }

  // Goes on inside the component to the nearest node that `node_fits`, or through the nearest edge that `edge_fits`.
  template <class NodeFits, class EdgeFits>
  void append_shortest(FairPath& path, NodeFits&& node_fits, EdgeFits&& edge_fits) const {
    const Node begin = path.nodes.back();
    std::vector<Node> queue{begin};
    std::vector<std::pair<std::size_t, std::uint64_t>> via{
        {0, 0}};  // place in the queue that it was reached from, edge
    std::vector<bool> seen(graph_.size(), false);
    seen[begin] = true;
    for (std::size_t at = 0; at < queue.size(); ++at) {
      for (std::uint64_t e = graph_.first_edge[queue[at]]; e < graph_.first_edge[queue[at] + 1]; ++e) {
        const Node next = graph_.target[e];
        if (component_[next] != component_[begin] || goal_[next]) continue;
        const bool found = edge_fits(e) || node_fits(next);
        if (seen[next] && !found) continue;
        seen[next] = true;
        queue.push_back(next);
        via.emplace_back(at, e);
        if (found) return append_way(path, queue, via);
      }
    }
  }

  void append_way(FairPath& path, const std::vector<Node>& queue,
                  const std::vector<std::pair<std::size_t, std::uint64_t>>& via) const {
    std::vector<std::size_t> way;
    for (std::size_t at = queue.size() - 1; at != 0; at = via[at].first) way.push_back(at);
    for (auto at = way.rbegin(); at != way.rend(); ++at) {
      path.nodes.push_back(queue[*at]);
      path.step_class.push_back(graph_.fair_class[via[*at].second]);
    }
  }

  const StateGraph& graph_;
  const std::vector<bool>& goal_;
  std::uint64_t fairness_;
  std::vector<std::uint32_t> distance_;  // of the shortest way from an initial state through a start
  std::vector<Node> from_;
  std::vector<Node> order_;
  std::vector<Node> index_;
  std::vector<Node> low_;
  std::vector<Node> component_;
  std::vector<Node> stack_;
  std::vector<Frame> frames_;
  std::vector<bool> fair_component_;
  Node last_index_ = 0;
};

}  // namespace

FairPath find_fair_path(const StateGraph& graph, const std::vector<std::uint32_t>& depth,
                        const std::vector<bool>& starts, const std::vector<bool>& goal, std::uint64_t fairness) {
  return FairSearch(graph, goal, fairness).run(depth, starts);
}

}  // namespace dvipa::checker
