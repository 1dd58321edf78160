// Whatever happens in a cluster, all that the judge of the world watches holds after every step, and at rest. A failure
// is shrunk to the acts that it needs and printed as a scenario file, which stays valid when the generator changes.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

#include "tests/properties/world/act_generator.hpp"

namespace dvipa::world {
namespace {

std::string report(const Scenario& scenario, const Violation& violation) {
  return fmt::format("{}: {}\nas a scenario:\n\n{}", violation.property, violation.what, write_scenario(scenario));
}

// covers: LST-1..5 TGT-1..7 RTE-1..7 RTE-11..13 FLV-1..12 TKB-1..7 MOV-1..4 MOV-6
RC_GTEST_PROP(WorldProperty, HoldsWhateverHappens, ()) {
  const Scenario cluster = *test::any_cluster();
  const auto acts = *rc::gen::container<std::vector<test::Act>>(test::any_act(cluster));
  const Scenario scenario = test::scenario_of(cluster, acts);
  RC_CLASSIFY(cluster.settings.stacks > 4, "more than four stacks");
  RC_CLASSIFY(scenario.lines.size() > 500, "hundreds of commands");
  const Outcome outcome = play(scenario);
  if (outcome.violation) RC_FAIL(report(scenario, *outcome.violation));
}

// What is drawn reads back from its text as the same, and comes out the same.
RC_GTEST_PROP(WorldProperty, IsToldAsAScenarioFile, ()) {
  const Scenario cluster = *test::any_cluster();
  const auto acts = *rc::gen::container<std::vector<test::Act>>(test::any_act(cluster));
  const Scenario scenario = test::scenario_of(cluster, acts);
  const auto again = read_scenario(write_scenario(scenario), scenario.name);
  RC_ASSERT(again.has_value());
  RC_ASSERT(again->settings == scenario.settings);
  RC_ASSERT(again->profiles == scenario.profiles);
  RC_ASSERT(again->lines.size() == scenario.lines.size());
}

}  // namespace
}  // namespace dvipa::world
