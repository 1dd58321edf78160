#pragma once
// Leader election on a ring after Chang and Roberts, over FIFO channels: N nodes with the worst order of names. A node
// may wake by itself and sends its name on; asleep, it only relays; awake, it relays greater names, drops smaller ones,
// and has won when its own comes back.
#include <array>
#include <cstdint>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::bench {

struct RingState {
  static constexpr unsigned kNodesMax = 8;
  // The channel that leads to a node: its length, then the names in it, oldest first; unused places are 0.
  std::array<std::array<std::uint8_t, kNodesMax>, kNodesMax> channel{};
  std::array<std::uint8_t, kNodesMax> length{};
  std::array<std::uint8_t, kNodesMax> awake{};  // 0 not yet decided, 1 candidate, 2 relay
  std::uint8_t leader = 0;                      // the winner's name; 0: none yet
  std::array<std::uint8_t, 7> unused{};
};

struct RingAction {
  std::uint8_t receives;  // or wakes
  std::uint8_t node;
};

class RingElection {
 public:
  using State = RingState;
  using Action = RingAction;
  using Property = checker::Property<State, Action>;
  // `keeps_smaller`: a seeded bug, smaller names are relayed too, so that more than one node wins.
  explicit RingElection(unsigned nodes, bool keeps_smaller = false) : nodes_(nodes), keeps_smaller_(keeps_smaller) {}

  std::vector<State> initial_states() const { return {State{}}; }

  template <class Visit>
  void for_each_successor(const State& s, Visit&& visit) const {
    for (std::uint8_t i = 0; i < nodes_; ++i) {
      if (s.awake[i] == 0) {
        State next = s;
        next.awake[i] = 1;
        send(next, i, name(i));
        visit(Action{0, i}, std::move(next));
      }
      if (s.length[i] > 0) {
        State next = s;
        receive(next, i);
        visit(Action{1, i}, std::move(next));
      }
    }
  }

  std::vector<Property> properties() const {
    return {Property::always_step("nobody wins after another",
                                  [](const State& before, const Action&, const State& after) {
                                    return before.leader == 0 || before.leader == after.leader;
                                  }),
            Property::sometimes("somebody wins", [](const State& s) { return s.leader != 0; })};
  }

 private:
  // Names fall along the ring.
  std::uint8_t name(unsigned node) const { return static_cast<std::uint8_t>(nodes_ - node); }
  void send(State& s, unsigned from, std::uint8_t name) const {
    const unsigned to = from + 1 == nodes_ ? 0 : from + 1;
    s.channel[to][s.length[to]++] = name;
  }
  void receive(State& s, unsigned node) const {
    auto& channel = s.channel[node];
    const std::uint8_t received = channel[0];
    for (unsigned i = 1; i < State::kNodesMax; ++i) channel[i - 1] = channel[i];
    channel[State::kNodesMax - 1] = 0;
    --s.length[node];
    if (s.awake[node] == 0) s.awake[node] = 2;
    if (s.awake[node] == 1 && received == name(node)) {
      s.leader = received;
    } else if (s.awake[node] == 2 || received > name(node) || keeps_smaller_) {
      send(s, node, received);
    }
  }

  unsigned nodes_;
  bool keeps_smaller_;
};

}  // namespace dvipa::bench
