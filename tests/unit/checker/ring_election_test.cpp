// Leader election over channels: as many states and steps as SPIN 6.5.2 stores and makes on ring_election.pml (with
// -DSAFETY -DNOREDUCE), and a seeded bug. two_phase_commit.pml likewise gives the published numbers.
#include "tests/bench/checker/ring_election.hpp"

#include <gtest/gtest.h>

#include "spec/checker/check.hpp"

namespace dvipa::checker {
namespace {

using bench::RingElection;

TEST(RingElectionStates, AreAsManyAsInSpin) {
  struct Known {
    unsigned nodes;
    std::uint64_t unique;
    std::uint64_t steps;
  };
  for (const Known known : {Known{3, 52, 79}, {4, 236, 455}, {5, 1108, 2603}}) {
    const auto result = check(RingElection(known.nodes), {.threads = 2});
    EXPECT_EQ(result.counts.unique, known.unique);
    EXPECT_EQ(result.counts.states, known.steps);  // SPIN counts the initial state as a step, too
    EXPECT_EQ(result.verdict, Verdict::holds);
  }
}

TEST(RingElectionThatKeepsSmallerNames, HasASecondWinner) {
  const auto result = check(RingElection(3, true), {});
  ASSERT_EQ(result.verdict, Verdict::violated);
  EXPECT_EQ(result.counterexample()->trace->steps.size(), 8U);
}

}  // namespace
}  // namespace dvipa::checker
