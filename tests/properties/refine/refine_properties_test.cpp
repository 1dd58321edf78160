// Whatever happens, the model is the oracle: whenever world and model have come to rest, they agree on who owns the
// DVIPA and who knows that, on both tables, on who serves which connection and on what became of it. A difference is
// shrunk to the acts that it needs and printed as a scenario file.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/shrinkable/Operations.h>

#include "harness/refine/play/play.hpp"
#include "tests/properties/refine/scenario_generator.hpp"

namespace dvipa::refine {
namespace {

std::string report_of(const Performance& performance) {
  std::string report;
  for (const world::Disagreement& each : performance.disagreements) report += text_of(each, "model") + '\n';
  if (performance.violation) report += "the model violates " + *performance.violation + '\n';
  return report;
}

// What the model has no notion of ends a scenario; what was before that counts.
// covers: LST-1 LST-5 TGT-1..7 RTE-1 RTE-2 RTE-5..7 RTE-11 FLV-1..12 TKB-1..7 MOV-7
RC_GTEST_PROP(ModelAsOracle, AgreesWithTheWorldWheneverAllRests, ()) {
  const world::Scenario scenario = *world::test::any_scenario_for_model();
  const Performance performance = perform_on_model(scenario);
  RC_CLASSIFY(!performance.not_for_model, "played to its end");
  const std::string report = report_of(performance);
  if (!report.empty()) RC_FAIL(report + "\nas a scenario:\n\n" + world::write_scenario(scenario));
}

// The first of many scenarios, in the same order each time, in which a faulty implementation and the model differ.
struct Finding {
  unsigned number = 0;
  world::Scenario scenario;
  Performance performance;
};

std::optional<Finding> first_difference(Mutant mutant, unsigned scenarios_max) {
  const auto any = world::test::any_scenario_for_model();
  const auto differs = [&](world::Scenario scenario) {
    scenario.settings.mutant = mutant;
    return !perform_on_model(scenario).disagreements.empty();
  };
  for (unsigned number = 1; number <= scenarios_max; ++number) {
    const auto shrinkable = any(rc::Random(number), 20);
    if (!differs(shrinkable.value())) continue;
    world::Scenario smallest = rc::shrinkable::findLocalMin(shrinkable, differs).first;
    smallest.settings.mutant = mutant;
    return Finding{number, smallest, perform_on_model(smallest)};
  }
  return std::nullopt;
}

class MutantAgainstTheModel : public testing::TestWithParam<Mutant> {};

TEST_P(MutantAgainstTheModel, IsFoundOutAndShrunkToAScenario) {
  const auto finding = first_difference(GetParam(), 100);
  ASSERT_TRUE(finding.has_value());
  const std::string text = world::write_scenario(finding->scenario);
  fmt::print("scenario {}: {}{}\n", finding->number, report_of(finding->performance), text);
  EXPECT_LE(finding->scenario.lines.size(), 25U);
  const auto read = world::read_scenario(text, "shrunk");
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(perform_on_model(*read).disagreements.empty());
}

INSTANTIATE_TEST_SUITE_P(All, MutantAgainstTheModel,
                         testing::Values(Mutant::keep_failed_target, Mutant::ignore_rank, Mutant::forget_listeners,
                                         Mutant::ignore_listener_end, Mutant::keep_tables_after_release));

}  // namespace
}  // namespace dvipa::refine
