// Every scenario of tests/scenarios that is for the lab on live stacks beside the world: they agree. And the comparison
// can fail: stacks with a seeded fault are found out.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "harness/conform/play/play.hpp"
#include "tests/live/run/stacks.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::conform {
namespace {

// So that they do not sink unseen; tests/unit/rehearsal has the list of the others.
constexpr unsigned agreeing_scenarios = 47;

LivePerformance in_lab(const world::Scenario& scenario) {
  const test::Folder folder;
  auto performance = perform_in_lab(scenario, DVIPA_COMMAND, (folder / "stacks").string());
  EXPECT_TRUE(performance) << scenario.name << ": " << performance.error().what;
  return performance ? *performance : LivePerformance{};
}

std::string report_of(const LivePerformance& performance) {
  std::string report;
  for (const world::Disagreement& each : performance.disagreements) report += text_of(each, "lab") + '\n';
  for (const world::Unmet& each : performance.unmet) report += fmt::format("line {}: {}\n", each.line, each.what);
  return report;
}

TEST(ScenariosInTheLab, ComeOutAsInTheWorld) {
  unsigned agreeing = 0;
  double seconds = 0;
  for (const world::Scenario& scenario : world::sample::scenarios()) {
    const LivePerformance performance = in_lab(scenario);
    if (performance.not_for_lab) continue;
    EXPECT_EQ(report_of(performance), "")
        << scenario.name << "\nplay it with: dvipa simulate --on lab tests/scenarios/" << scenario.name << ".scn";
    fmt::print("{:<40} {} after {:.1f} s\n", scenario.name, performance.agrees() ? "agrees" : "DISAGREES",
               performance.seconds);
    seconds += performance.seconds;
    if (performance.agrees()) ++agreeing;
  }
  fmt::print("{} scenarios agree, in {:.0f} s\n", agreeing, seconds);
  EXPECT_EQ(agreeing, agreeing_scenarios);
}

struct Fault {
  const char* scenario;
  Mutant mutant;
};

class FaultInTheLab : public testing::TestWithParam<Fault> {};

TEST_P(FaultInTheLab, IsFoundOut) {
  for (world::Scenario scenario : world::sample::scenarios()) {
    if (scenario.name != GetParam().scenario) continue;
    scenario.settings.mutant = GetParam().mutant;
    const LivePerformance performance = in_lab(scenario);
    EXPECT_FALSE(performance.not_for_lab);
    EXPECT_FALSE(performance.agrees());
    fmt::print("{}: {}", scenario.name, report_of(performance));
  }
}

INSTANTIATE_TEST_SUITE_P(All, FaultInTheLab,
                         testing::Values(Fault{"flv-1-highest-rank", Mutant::ignore_rank},
                                         Fault{"flv-3-tables-from-reports", Mutant::forget_connections},
                                         Fault{"tgt-2-listener-ends", Mutant::ignore_listener_end},
                                         Fault{"rte-2-one-advertiser", Mutant::advertise_as_backup}));

}  // namespace
}  // namespace dvipa::conform
