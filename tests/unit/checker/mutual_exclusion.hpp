#pragma once
// The example of docs/checker.md: two processes that shall not be in their critical sections together. Each raises a
// flag and enters when the other's flag is down (the naive algorithm). `looks_first`: a process looks before it raises
// its own flag, which is the famous mistake.
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::checker::example {

// [model]
enum class Place : std::uint8_t { idle, trying, critical };

struct Processes {  // no padding, no pointers: stored as it is
  std::array<Place, 2> place{};
  std::array<std::uint8_t, 2> flag{};
};

struct Move {
  enum class Kind : std::uint8_t { try_it, raise_flag, enter, leave } kind;
  std::uint8_t process;
};

class MutualExclusion {
 public:
  using State = Processes;
  using Action = Move;
  explicit MutualExclusion(bool looks_first) : looks_first_(looks_first) {}

  std::vector<State> initial_states() const { return {State{}}; }

  void for_each_successor(const State& s, const Visitor<State, Action>& visit) const {
    for (std::uint8_t i = 0; i < 2; ++i) {
      const unsigned other = 1U - i;
      State next = s;
      if (s.place[i] == Place::idle && (!looks_first_ || s.flag[other] == 0)) {
        next.place[i] = Place::trying;
        visit({Move::Kind::try_it, i}, next);
      } else if (s.place[i] == Place::trying && s.flag[i] == 0) {
        next.flag[i] = 1;
        visit({Move::Kind::raise_flag, i}, next);
      } else if (s.place[i] == Place::trying && (looks_first_ || s.flag[other] == 0)) {
        next.place[i] = Place::critical;
        visit({Move::Kind::enter, i}, next);
      } else if (s.place[i] == Place::critical) {
        next.place[i] = Place::idle;
        next.flag[i] = 0;
        visit({Move::Kind::leave, i}, next);
      }
    }
  }

  std::vector<Property<State, Action>> properties() const {
    using P = Property<State, Action>;
    const auto in = [](int i) { return [i](const State& s) { return s.place[i] == Place::critical; }; };
    return {P::always("exclusion", [=](const State& s) { return !(in(0)(s) && in(1)(s)); }),
            P::sometimes("the first enters", in(0)),
            P::leads_to("who tries enters", [](const State& s) { return s.place[0] == Place::trying; }, in(0), {0, 1})};
  }

  // Optional: fairness, for liveness. Each process goes on when it can.
  std::vector<std::string> fairness_names() const { return {"the first goes on", "the second goes on"}; }
  std::optional<unsigned> fairness_class(const Action& action) const { return action.process; }

  // Optional: words and arrows, for counterexamples.
  std::string sentence(const State&, const Action& action, const State&) const {
    const std::string who = action.process == 0 ? "The first process " : "The second process ";
    switch (action.kind) {
      case Move::Kind::try_it:
        return who + "wants to enter";
      case Move::Kind::raise_flag:
        return who + "raises its flag";
      case Move::Kind::enter:
        return who + "sees that it may enter, and enters";
      case Move::Kind::leave:
        return who + "leaves and takes its flag down";
    }
    return who;
  }
  Arrow arrow(const State& before, const Action& action) const {
    const std::string who = action.process == 0 ? "first" : "second";
    return {who, action.kind == Move::Kind::raise_flag ? (action.process == 0 ? "second" : "first") : "",
            sentence(before, action, before)};
  }

 private:
  bool looks_first_;
};
// [end]

}  // namespace dvipa::checker::example
