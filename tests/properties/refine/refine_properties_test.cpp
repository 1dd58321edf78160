// Whatever happens, the model is the oracle: whenever world and model have come to rest, whatever faults last, they
// agree on who owns the DVIPA and who knows that, on both tables, on who serves which connection and on what became of
// it. A difference is shrunk to the acts that it needs and printed as a scenario file.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <rapidcheck/shrinkable/Operations.h>

#include <algorithm>
#include <ostream>
#include <set>

#include "harness/refine/play/play.hpp"
#include "tests/properties/refine/scenario_generator.hpp"

namespace dvipa::refine {
namespace {

std::size_t connections_of(const world::Scenario& scenario) {
  std::set<std::uint32_t> numbers;
  for (const world::ScenarioLine& line : scenario.lines)
    if (const auto* command = std::get_if<world::Command>(&line.what); command->verb == world::Verb::connect)
      numbers.insert(command->connection);
  return numbers.size();
}

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
  RC_CLASSIFY(!performance.not_for_model, "all of it played to its end");
  RC_CLASSIFY(performance.comparisons >= 5, "compared five times and more");
  RC_CLASSIFY(scenario.settings.stacks >= 5, "5 to 8 stacks");
  RC_CLASSIFY(scenario.dvipas.size() >= 3, "3 or 4 DVIPAs");
  RC_CLASSIFY(connections_of(scenario) >= 100, "100 connections and more");
  const std::string report = report_of(performance);
  if (!report.empty()) RC_FAIL(report + "\nas a scenario:\n\n" + world::write_scenario(scenario));
}

// A fault, and a rule of the comparison that is to see it.
struct Seeded {
  Mutant mutant;
  const char* rule;
};
std::ostream& operator<<(std::ostream& out, const Seeded& seeded) {
  const auto* name = std::ranges::find(mutant_names, seeded.mutant, &MutantName::mutant);
  return out << name->name << " by \"" << seeded.rule << '"';
}

bool is_seen_by(const char* rule, const Performance& performance) {
  return std::ranges::any_of(performance.disagreements, [&](const world::Disagreement& each) {
    return each.where.find(rule) != std::string::npos;
  });
}

// The first of many scenarios, in the same order each time, in which a faulty implementation and the model differ.
struct Finding {
  unsigned number = 0;
  world::Scenario scenario;
  Performance performance;
};

std::optional<Finding> first_difference(const Seeded& seeded, unsigned scenarios_max) {
  const auto any = world::test::any_scenario_for_model();
  const auto differs = [&](world::Scenario scenario) {
    scenario.settings.mutant = seeded.mutant;
    return is_seen_by(seeded.rule, perform_on_model(scenario));
  };
  for (unsigned number = 1; number <= scenarios_max; ++number) {
    const auto shrinkable = any(rc::Random(number), 20);
    if (!differs(shrinkable.value())) continue;
    world::Scenario smallest = rc::shrinkable::findLocalMin(shrinkable, differs).first;
    smallest.settings.mutant = seeded.mutant;
    return Finding{number, smallest, perform_on_model(smallest)};
  }
  return std::nullopt;
}

class MutantAgainstTheModel : public testing::TestWithParam<Seeded> {};

TEST_P(MutantAgainstTheModel, IsFoundOutAndShrunkToAScenario) {
  const auto finding = first_difference(GetParam(), 300);
  ASSERT_TRUE(finding.has_value());
  const std::string text = world::write_scenario(finding->scenario);
  fmt::print("scenario {}: {}{}\n", finding->number, report_of(finding->performance), text);
  EXPECT_LE(finding->scenario.lines.size(), 25U);
  const auto read = world::read_scenario(text, "shrunk");
  ASSERT_TRUE(read.has_value());
  EXPECT_TRUE(is_seen_by(GetParam().rule, perform_on_model(*read)));
}

// Who gets a new connection is the world's choice, of those that the model's owner knows to listen.
INSTANTIATE_TEST_SUITE_P(
    All, MutantAgainstTheModel,
    testing::Values(Seeded{Mutant::ignore_rank, "'s state"}, Seeded{Mutant::ignore_rank, "the owner that"},
                    Seeded{Mutant::never_advertise, "on the network"}, Seeded{Mutant::forget_listeners, "'s DPT"},
                    Seeded{Mutant::ignore_listener_end, "'s DPT"}, Seeded{Mutant::keep_failed_target, "'s CRT"},
                    Seeded{Mutant::keep_tables_after_release, "'s CRT"},
                    Seeded{Mutant::route_to_silent_port, "the state of"}, Seeded{Mutant::ignore_pause, "who holds"},
                    Seeded{Mutant::ignore_pause, "who serves"}, Seeded{Mutant::forget_connections, "the verdict"}));

}  // namespace
}  // namespace dvipa::refine
