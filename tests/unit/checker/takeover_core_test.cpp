// The reduced takeover in C++ and its Promela rendering are one transition system, and both find each decision needed.
#include "tests/bench/checker/takeover_core.hpp"

#include <gtest/gtest.h>

#include "spec/checker/check.hpp"
#include "tests/bench/checker/pan.hpp"

namespace dvipa::checker {
namespace {

using bench::CoreDecision;
using bench::Pan;
using bench::PanSearch;
using bench::TakeoverCore;

constexpr unsigned table_bits = 20;

TEST(TakeoverCoreStates, AreAsManyAsInSpin) {
  for (const auto& [targets, unique] : {std::pair{1U, 1185U}, {2U, 25028U}, {3U, 484914U}}) {
    const auto result = check(TakeoverCore(targets), {.threads = 2});
    EXPECT_EQ(result.verdict, Verdict::holds);
    EXPECT_EQ(result.counts.unique, unique);
    const Pan pan(bench::promela_of("takeover"), "-DN=" + std::to_string(targets), PanSearch::depth_first);
    ASSERT_TRUE(pan.built()) << "apt install spin gcc";
    const bench::PanRun run = pan.run(table_bits);
    EXPECT_TRUE(run.ended);
    EXPECT_FALSE(run.violated);
    EXPECT_EQ(run.states, unique);
    // SPIN counts the initial state as a transition.
    EXPECT_EQ(run.transitions, static_cast<double>(result.counts.states));
  }
}

struct Dropped {
  CoreDecision decision;
  const char* name;
  unsigned steps;
};
class WithoutDecision : public testing::TestWithParam<Dropped> {};

// covers: FLV-5, FLV-6, TGT-5, TGT-6, TKB-2, TKB-4, TKB-5
TEST_P(WithoutDecision, BothAreViolatedInAsManySteps) {
  const auto result = check(TakeoverCore(2, GetParam().decision), {.threads = 2});
  ASSERT_EQ(result.verdict, Verdict::violated);
  EXPECT_EQ(result.counterexample()->trace->steps.size(), GetParam().steps);
  const Pan pan(bench::promela_of("takeover"), std::string("-DN=2 -DWITHOUT_") + GetParam().name,
                PanSearch::breadth_first);
  ASSERT_TRUE(pan.built()) << "apt install spin gcc";
  const bench::PanRun run = pan.run(table_bits);
  EXPECT_TRUE(run.violated);
  EXPECT_EQ(run.depth + 1, GetParam().steps);
}

INSTANTIATE_TEST_SUITE_P(
    TakeoverCore, WithoutDecision,
    testing::Values(Dropped{CoreDecision::flv_5, "FLV_5", 4}, Dropped{CoreDecision::flv_6, "FLV_6", 4},
                    Dropped{CoreDecision::tgt_5, "TGT_5", 11}, Dropped{CoreDecision::tgt_6, "TGT_6", 13},
                    Dropped{CoreDecision::tkb_2, "TKB_2", 9}, Dropped{CoreDecision::tkb_4, "TKB_4", 5},
                    Dropped{CoreDecision::tkb_5, "TKB_5", 24}),
    [](const auto& each) { return std::string(each.param.name); });

}  // namespace
}  // namespace dvipa::checker
