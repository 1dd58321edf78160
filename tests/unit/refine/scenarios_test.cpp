// Every scenario of tests/scenarios on the model beside the world: they agree, or it is said why it is not for the model.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "harness/refine/play/play.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::refine {
namespace {

TEST(ScenariosOnTheModel, ComeOutAsInTheWorld) {
  unsigned agreeing = 0;
  for (const world::Scenario& scenario : world::sample::scenarios()) {
    const Performance performance = perform_on_model(scenario);
    if (const auto& missing = performance.not_for_model) {
      fmt::print("{:<40} line {}: {}\n", scenario.name, missing->line, missing->reason);
      continue;
    }
    for (const Disagreement& each : performance.disagreements) ADD_FAILURE() << scenario.name << ": " << text_of(each);
    if (performance.violation) ADD_FAILURE() << scenario.name << ": " << *performance.violation;
    for (const auto& each : performance.unmet) ADD_FAILURE() << scenario.name << ": line " << each.line << ": " << each.what;
    if (performance.agrees()) ++agreeing;
    fmt::print("{:<40} {}\n", scenario.name, performance.agrees() ? "agrees" : "DISAGREES");
  }
  fmt::print("{} agree\n", agreeing);
}

}  // namespace
}  // namespace dvipa::refine
