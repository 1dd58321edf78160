// The forwarding gap from the probes' fates.
#include "harness/conform/load/gap.hpp"

#include <gtest/gtest.h>

#include <set>

namespace dvipa::load {
namespace {

constexpr std::int64_t ms = 1'000'000;

// A probe a millisecond from 0 to 999 ms; those in `lost` unanswered, those in `late` only after a retransmission.
std::vector<Probe> probes(std::int64_t lost_from, std::int64_t lost_to, const std::set<std::int64_t>& late = {}) {
  std::vector<Probe> made;
  for (std::int64_t at = 0; at < 1000; ++at) {
    Probe probe{at * ms, ms / 10, false, 0};
    if (at >= lost_from && at < lost_to) probe.wait_ns = -1;
    if (late.contains(at)) {
      probe.wait_ns = 210 * ms;
      probe.sent_again = true;
    }
    made.push_back(probe);
  }
  return made;
}

TEST(Gap, RunsFromTheLastProbeThatGotThroughToTheNext) {
  const auto gap = widest_gap(probes(500, 512), 499 * ms, 600 * ms);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->from_ns, 499 * ms);
  EXPECT_EQ(gap->length_ns(), 13 * ms);
  EXPECT_TRUE(gap->closed);
}

TEST(Gap, IsNoneWhenNothingWasLost) { EXPECT_FALSE(widest_gap(probes(0, 0), 0, 1000 * ms)); }

TEST(Gap, IsNoneWhenTheProberPausedButNothingWasLost) {
  auto all = probes(0, 0);
  all.erase(all.begin() + 500, all.begin() + 600);
  EXPECT_FALSE(widest_gap(all, 0, 1000 * ms));
}

TEST(Gap, CountsAnAnswerToARetransmissionAsLost) {
  const auto gap = widest_gap(probes(0, 0, {500, 501, 502}), 490 * ms, 600 * ms);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->length_ns(), 4 * ms);
}

TEST(Gap, IsNoneWhenAnAnswerWasLateButNothingWasSentAgain) {
  auto all = probes(0, 0);
  for (std::size_t at = 500; at < 600; ++at) all[at].wait_ns = 300 * ms;
  EXPECT_FALSE(widest_gap(all, 0, 1000 * ms));
}

TEST(Gap, TellsHowMuchOfItTheLoadItselfDidNotRun) {
  const Gap gap{100 * ms, 200 * ms, true};
  EXPECT_EQ(paused_ns(gap, {}), 0);
  EXPECT_EQ(paused_ns(gap, {{50 * ms, 110 * ms}, {120 * ms, 130 * ms}, {190 * ms, 300 * ms}, {400 * ms, 500 * ms}}),
            30 * ms);
}

TEST(Gap, ElsewhereIsNotAroundTheFault) { EXPECT_FALSE(widest_gap(probes(100, 200), 500 * ms, 600 * ms)); }

TEST(Gap, ThatNeverClosesIsToldOpen) {
  const auto gap = widest_gap(probes(900, 1000), 900 * ms, 1000 * ms);
  ASSERT_TRUE(gap);
  EXPECT_FALSE(gap->closed);
  EXPECT_EQ(gap->length_ns(), 100 * ms);
}

TEST(Gap, FromTheFirstProbeOnIsSeen) {
  const auto gap = widest_gap(probes(0, 10), 0, 100 * ms);
  ASSERT_TRUE(gap);
  EXPECT_EQ(gap->length_ns(), 10 * ms);
}

TEST(Gap, WidestOfSeveralIsTaken) {
  auto all = probes(500, 505);
  for (std::size_t at = 520; at < 540; ++at) all[at].wait_ns = -1;
  EXPECT_EQ(widest_gap(all, 490 * ms, 600 * ms)->length_ns(), 21 * ms);
}

TEST(Gap, OfNothingIsNone) { EXPECT_FALSE(widest_gap({}, 0, 1)); }

TEST(Hold, IsTheLongestPromptAnswer) {
  auto all = probes(500, 512, {600});
  all[512].wait_ns = 9 * ms;
  all[900].wait_ns = 50 * ms;
  EXPECT_EQ(longest_hold_ns(all, 490 * ms, 700 * ms), 9 * ms);
}

}  // namespace
}  // namespace dvipa::load
