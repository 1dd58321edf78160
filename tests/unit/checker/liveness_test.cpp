// Liveness: what holds with fairness, the lassos without, and what is refused.
#include <gtest/gtest.h>

#include <algorithm>

#include "spec/checker/check.hpp"
#include "tests/unit/checker/tiny_models.hpp"

namespace dvipa::checker {
namespace {

using test::Lamp;
using P = Lamp::P;

const auto kOn = [](const Lamp::State& s) { return s.on == 1; };
const auto kOff = [](const Lamp::State& s) { return s.on == 0; };

Result<Lamp> check_lamp(std::uint8_t cat_presses, P property) {
  return check(Lamp(cat_presses, {std::move(property)}), {});
}

TEST(Liveness, HoldsWhenTheStepIsFair) {
  const auto result = check_lamp(3, P::leads_to("goes out", kOn, kOff, {0}));
  EXPECT_EQ(result.verdict, Verdict::holds);
}

TEST(Liveness, GivesALassoThatStaysWhenTheStepIsNotFair) {
  // Only the person is assumed fair: the lamp may stay on for ever.
  const auto result = check_lamp(0, P::leads_to("goes out", kOn, kOff, {1}));
  ASSERT_EQ(result.verdict, Verdict::violated);
  const auto& trace = *result.counterexample()->trace;
  EXPECT_EQ(trace.steps.size(), 1U);  // switched on
  EXPECT_EQ(trace.loop_from, 1U);     // and stays
  EXPECT_EQ(trace.steps.back().after.on, 1);
}

TEST(Liveness, AStepThatChangesNothingIsNotFair) {
  // clock_ticks is in the timer's class and possible in every state; it must not excuse the timer.
  const auto result = check_lamp(0, P::eventually("lights up", kOn, {0}));
  ASSERT_EQ(result.verdict, Verdict::violated);
  EXPECT_EQ(result.counterexample()->trace->loop_from, 0U);
  EXPECT_TRUE(result.counterexample()->trace->steps.empty());
}

TEST(Liveness, AlwaysEventuallyIsMoreThanOnce) {
  EXPECT_EQ(check_lamp(2, P::always_eventually("on again", kOn, {0, 1})).verdict, Verdict::holds);
  EXPECT_EQ(check_lamp(2, P::eventually("on once", kOn, {1})).verdict, Verdict::holds);
  EXPECT_EQ(check_lamp(2, P::always_eventually("on again", kOn, {0})).verdict, Verdict::violated);
}

TEST(Liveness, WithoutFairnessIsRefusedWithAnExplanation) {
  const auto result = check_lamp(0, P::eventually("lights up", kOn, {}));
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_EQ(result.properties[0].outcome, Outcome::refused);
  EXPECT_NE(result.properties[0].reason.find("fair"), std::string::npos);
  EXPECT_EQ(check_lamp(0, P::eventually("lights up", kOn, {7})).properties[0].outcome, Outcome::refused);
}

// Two processes that each take turns; a scheduler that serves only one of them is unfair to the other.
class Turns {
 public:
  struct State {
    std::uint8_t a = 0;
    std::uint8_t b = 0;
  };
  struct Action {
    std::uint8_t process;
  };
  using Rule = Property<State, Action>;
  explicit Turns(Fairness fairness) : fairness_(std::move(fairness)) {}
  std::vector<State> initial_states() const { return {State{}}; }
  void for_each_successor(const State& s, const Visitor<State, Action>& visit) const {
    visit(Action{0}, State{static_cast<std::uint8_t>((s.a + 1) % 3), s.b});
    if (s.b < 2) visit(Action{1}, State{s.a, static_cast<std::uint8_t>(s.b + 1)});
  }
  std::vector<Rule> properties() const {
    return {Rule::eventually(
        "b gets there", [](const State& s) { return s.b == 2; }, fairness_)};
  }
  std::vector<std::string> fairness_names() const { return {"a", "b"}; }
  std::optional<unsigned> fairness_class(const Action& action) const { return action.process; }

 private:
  Fairness fairness_;
};

TEST(Liveness, ALoopGoesRoundAndTakesWhatIsFair) {
  const auto result = check(Turns({0}), {});
  ASSERT_EQ(result.verdict, Verdict::violated);
  const auto& trace = *result.counterexample()->trace;
  ASSERT_TRUE(trace.loop_from);
  EXPECT_EQ(*trace.loop_from, 0U);
  ASSERT_EQ(trace.steps.size(), 3U);  // round once
  EXPECT_TRUE(std::all_of(trace.steps.begin(), trace.steps.end(), [](const auto& s) { return s.action.process == 0; }));
  EXPECT_EQ(trace.steps.back().after.a, trace.initial.a);
  EXPECT_EQ(check(Turns({0, 1}), {}).verdict, Verdict::holds);
}

}  // namespace
}  // namespace dvipa::checker
