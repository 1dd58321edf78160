// Two-phase commit: the published numbers of states, and a seeded bug with its shortest counterexample.
#include "tests/bench/checker/two_phase_commit.hpp"

#include <gtest/gtest.h>

#include "spec/checker/check.hpp"

namespace dvipa::checker {
namespace {

using bench::TwoPhaseCommit;

TEST(TwoPhaseCommitStates, AreAsManyAsPublished) {
  for (const auto& [rms, unique] : {std::pair{3U, 288U}, {5U, 8832U}, {7U, 296448U}}) {
    const auto result = check(TwoPhaseCommit(rms), {.symmetry = false});
    EXPECT_EQ(result.counts.unique, unique);
    EXPECT_EQ(result.verdict, Verdict::holds);
  }
}

TEST(TwoPhaseCommitWithoutVotes, IsViolatedInTheFewestSteps) {
  const auto result = check(TwoPhaseCommit(3, true), {.symmetry = false});
  ASSERT_EQ(result.verdict, Verdict::violated);
  ASSERT_NE(result.counterexample(), nullptr);
  // Prepared, heard, committed by the manager, received by one; another aborts alone.
  EXPECT_EQ(result.counterexample()->trace->steps.size(), 5U);
}

}  // namespace
}  // namespace dvipa::checker
