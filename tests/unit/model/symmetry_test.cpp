// The canonical form of the abstract cluster against brute force, and the verdicts with it and without.
#include <gtest/gtest.h>

#include "spec/checker/check.hpp"
#include "spec/checker/orbits.hpp"
#include "spec/checker/report.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

std::string explain(const Rules& rules) {
  const TakeoverModel model(rules);
  return checker::explain_canonical_form(model, [&](const State& state) {
    std::vector<State> images;
    for (const Renaming& each : model.symmetry().renamings()) images.push_back(renamed(state, rules, each));
    return images;
  });
}

Rules two_and_two() {
  Rules rules = *find_configuration("targets");
  rules.budget.crashes = 0;
  return rules;
}

Rules three_targets() {
  Rules rules;
  rules.stacks = 4;
  rules.listeners = rules.failing = 14;  // S2, S3, S4
  rules.budget.crashes = 1;
  return rules;
}

TEST(Symmetry, OfTwoTargetsAndTwoClientsIsThatOfAllRenamings) {
  EXPECT_EQ(TakeoverModel(two_and_two()).symmetry().renamings().size(), 4U);
  EXPECT_EQ(explain(two_and_two()), "");
}

TEST(Symmetry, OfThreeTargetsIsThatOfAllRenamings) {
  EXPECT_EQ(TakeoverModel(three_targets()).symmetry().renamings().size(), 6U);
  EXPECT_EQ(explain(three_targets()), "");
}

TEST(Symmetry, IsNotOfStacksThatMayOwn) {
  EXPECT_FALSE(TakeoverModel(*find_configuration("backups")).has_symmetry());
  Rules rules = three_targets();
  rules.budget.moves = 1;
  EXPECT_FALSE(TakeoverModel(rules).has_symmetry());
}

checker::Result<TakeoverModel> run(const Rules& rules, bool symmetry) {
  const TakeoverModel model(rules);
  checker::Options options;
  options.symmetry = symmetry;
  options.threads = 2;
  return checker::check(model, options);
}

// With each fault that shows there, and with none.
TEST(Symmetry, ChangesNoVerdictAndNoLengthOfACounterexample) {
  for (const char* name : {"", "FLV-5", "FLV-6", "TGT-5", "TGT-6", "failed-target-kept", "half-open-not-reported",
                           "forward-without-entry", "distribute-before-entry", "complete-at-first-end"}) {
    Rules rules = *find_configuration("targets");
    if (const DeviationText* deviation = find_deviation(name))
      rules.deviations.set(static_cast<std::size_t>(deviation->deviation));
    const auto with = run(rules, true);
    const auto without = run(rules, false);
    EXPECT_EQ(with.verdict, without.verdict) << name;
    EXPECT_EQ(with.verdict == checker::Verdict::holds, *name == 0) << name;
    EXPECT_LT(with.counts.unique, without.counts.unique) << name;
    if (with.verdict != checker::Verdict::violated) continue;
    ASSERT_TRUE(with.counterexample()->trace) << name;  // executed again: it has real names
    EXPECT_EQ(with.counterexample()->trace->steps.size(), without.counterexample()->trace->steps.size()) << name;
  }
}

}  // namespace
}  // namespace dvipa::model
