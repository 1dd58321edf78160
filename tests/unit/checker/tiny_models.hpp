#pragma once
// Models small enough to be checked by eye.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::checker::test {

// A lamp that a person switches on and that a timer switches off; a cat may press the button at any time. Fairness
// classes: 0 the timer, 1 the person.
class Lamp {
 public:
  struct State {
    std::uint8_t on = 0;
    std::uint8_t cat_presses_left = 0;
    bool operator==(const State&) const = default;
  };
  enum class Action : std::uint8_t { person_on, timer_off, cat_toggles, clock_ticks };
  using P = Property<State, Action>;

  Lamp(std::uint8_t cat_presses, std::vector<P> properties)
      : cat_presses_(cat_presses), properties_(std::move(properties)) {}
  std::vector<State> initial_states() const { return {State{0, cat_presses_}}; }
  void for_each_successor(const State& s, const Visitor<State, Action>& visit) const {
    if (s.on == 0) visit(Action::person_on, State{1, s.cat_presses_left});
    if (s.on == 1) visit(Action::timer_off, State{0, s.cat_presses_left});
    if (s.cat_presses_left > 0)
      visit(Action::cat_toggles,
            State{static_cast<std::uint8_t>(1 - s.on), static_cast<std::uint8_t>(s.cat_presses_left - 1)});
    visit(Action::clock_ticks, s);  // changes nothing: must not count as a fair step
  }
  std::vector<P> properties() const { return properties_; }
  std::vector<std::string> fairness_names() const { return {"timer", "person"}; }
  std::optional<unsigned> fairness_class(const Action& action) const {
    if (action == Action::timer_off || action == Action::clock_ticks) return 0;
    if (action == Action::person_on) return 1;
    return std::nullopt;
  }

 private:
  std::uint8_t cat_presses_;
  std::vector<P> properties_;
};

// Two tokens on a ring of places; a state is a set in all but name, encoded as text to exercise states of any size.
class Ring {
 public:
  struct State {
    std::vector<std::uint16_t> tokens;
  };
  struct Action {
    std::size_t token;
  };
  using P = Property<State, Action>;

  Ring(std::uint16_t places, std::uint16_t tokens, bool blocked_by_others = false)
      : places_(places), tokens_(tokens), blocked_by_others_(blocked_by_others) {}
  std::vector<State> initial_states() const { return {State{std::vector<std::uint16_t>(tokens_, 0)}}; }
  void for_each_successor(const State& s, const Visitor<State, Action>& visit) const {
    for (std::size_t i = 0; i < s.tokens.size(); ++i) {
      if (blocked_by_others_ && s.tokens[i] + 1 == places_) continue;  // the ring is cut: tokens pile up at its end
      State next = s;
      next.tokens[i] = static_cast<std::uint16_t>((s.tokens[i] + 1) % places_);
      visit(Action{i}, next);
    }
  }
  State canonical(State s) const {
    std::sort(s.tokens.begin(), s.tokens.end());
    return s;
  }
  void encode(const State& s, Bytes& out) const {
    for (const std::uint16_t token : s.tokens) {
      // Unary, so that the sizes of states differ.
      out.insert(out.end(), token, std::uint8_t{'.'});
      out.push_back('|');
    }
  }
  State decode(ByteView bytes) const {
    State s;
    std::uint16_t dots = 0;
    for (const std::uint8_t byte : bytes) {
      if (byte == '.') {
        ++dots;
      } else {
        s.tokens.push_back(dots);
        dots = 0;
      }
    }
    return s;
  }
  std::vector<P> properties() const {
    return {P::sometimes("all at the far end",
                         [last = places_ - 1](const State& s) {
                           return std::all_of(s.tokens.begin(), s.tokens.end(), [&](auto t) { return t == last; });
                         }),
            P::always("inside", [n = places_](const State& s) {
              return std::all_of(s.tokens.begin(), s.tokens.end(), [&](auto t) { return t < n; });
            })};
  }

 private:
  std::uint16_t places_;
  std::uint16_t tokens_;
  bool blocked_by_others_;
};

}  // namespace dvipa::checker::test
