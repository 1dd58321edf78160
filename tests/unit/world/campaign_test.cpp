// Random schedules of faults: a fixed number of seeds, and one that is new each time and printed. The same seed is the
// same run; a violation shrinks to a scenario that still shows it.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <random>

#include "harness/world/campaign.hpp"
#include "harness/world/shrink.hpp"

namespace dvipa::world {
namespace {

std::string report_of(const CampaignResult& result) {
  if (!result.broken) return {};
  return fmt::format("{}: {}\nrepeat with: dvipa simulate --seeds {}", result.violation->property,
                     result.violation->what, *result.broken);
}

TEST(Campaign, AFixedNumberOfSeedsHolds) {
  CampaignOptions options;
  options.first = 1;
  options.last = 1000;
  const CampaignResult result = run_campaign(options);
  EXPECT_EQ(report_of(result), "");
  EXPECT_EQ(result.seeds, 1000U);
}

TEST(Campaign, AFreshSeedHolds) {
  CampaignOptions options;
  options.first = options.last = std::random_device{}();
  fmt::print("fresh seed: dvipa simulate --seeds {}\n", options.first);
  EXPECT_EQ(report_of(run_campaign(options)), "");
}

TEST(Campaign, TheSameSeedIsTheSameRun) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario scenario = make_schedule(seed, {});
    EXPECT_EQ(write_scenario(scenario), write_scenario(make_schedule(seed, {})));
    EXPECT_EQ(play(scenario).digest, play(scenario).digest) << seed;
  }
}

TEST(Campaign, TheOrderOfThreadsDoesNotMatter) {
  CampaignOptions options;
  options.last = 40;
  const std::uint64_t alone = run_campaign(options).digest;
  options.jobs = 4;
  EXPECT_EQ(run_campaign(options).digest, alone);
}

TEST(Campaign, AScheduleReadsBackFromItsText) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const Scenario scenario = make_schedule(seed, {});
    const auto read = read_scenario(write_scenario(scenario), scenario.name);
    ASSERT_TRUE(read.has_value()) << seed << ": line " << read.error().line << ": " << read.error().what;
    EXPECT_EQ(play(*read).digest, play(scenario).digest) << seed;
  }
}

TEST(Campaign, AViolationIsShrunkAndStillShown) {
  CampaignOptions options;
  options.last = 200;
  options.limits.mutant = Mutant::forget_connections;
  const CampaignResult result = run_campaign(options);
  ASSERT_TRUE(result.broken.has_value());
  const Scenario whole = make_schedule(*result.broken, options.limits);
  const Shrunk shrunk = shrink(whole, *result.violation);
  EXPECT_LT(shrunk.scenario.lines.size(), whole.lines.size() / 2);
  const auto read = read_scenario(write_scenario(shrunk.scenario), "shrunk");
  ASSERT_TRUE(read.has_value());
  const Outcome outcome = play(*read);
  ASSERT_TRUE(outcome.violation.has_value());
  EXPECT_EQ(outcome.violation->property, result.violation->property);
}

}  // namespace
}  // namespace dvipa::world
