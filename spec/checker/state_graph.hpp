#pragma once
// The reachable graph as arrays, for the search for fair cycles: successors, the fairness class of every step, the
// classes enabled in every state. States are numbered 0 to size() - 1 in the order in which the search found them.
#include <cstdint>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::checker {

using Node = std::uint32_t;
inline constexpr Node kNoNode = 0xffffffffU;
inline constexpr std::uint8_t kUnfair = 0xff;  // the class of a step that is in none
inline constexpr unsigned kFairClassesMax = 64;

struct StateGraph {
  std::vector<std::uint64_t> first_edge{0};  // of node n: first_edge[n] up to first_edge[n + 1]
  std::vector<Node> target;
  std::vector<std::uint8_t> fair_class;
  std::vector<std::uint64_t> enabled;  // a bit for each class
  std::size_t size() const { return enabled.size(); }
};

// A fair path that breaks a property: nodes from a start to `loop_from`, then round again for ever. `steps[i]` is the
// edge that leads from nodes[i] on; the last one leads back to nodes[loop_from], unless the system just stays there.
struct FairPath {
  std::vector<Node> nodes;
  std::vector<std::uint8_t> step_class;  // of the step from nodes[i]; one less than nodes when the system stays
  std::size_t loop_from = 0;
};

// Looks for a path that begins in a node with `starts`, never comes to one with `goal`, and is weakly fair for every
// class of the bits `fairness`: round its loop, each class is taken or disabled somewhere. `depth[n]` is how far node n
// is from an initial state; the stem given is the shortest. Empty nodes: there is none.
FairPath find_fair_path(const StateGraph& graph, const std::vector<std::uint32_t>& depth,
                        const std::vector<bool>& starts, const std::vector<bool>& goal, std::uint64_t fairness);

}  // namespace dvipa::checker
