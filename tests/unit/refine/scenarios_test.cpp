// Every scenario of tests/scenarios on the model beside the world: they agree, or it is said why it is not for the
// model. And the comparison can fail: a model that differs from the protocol is found out.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "harness/refine/play/play.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::refine {
namespace {

// So that they do not sink unseen; a change that makes more scenarios agree, or finds out more, raises them.
constexpr unsigned agreeing_scenarios = 44;
constexpr unsigned deviations_found_out = 23;

std::string report_of(const Performance& performance) {
  std::string report;
  for (const world::Disagreement& each : performance.disagreements) report += text_of(each, "model") + '\n';
  for (const world::Unmet& each : performance.unmet) report += fmt::format("line {}: {}\n", each.line, each.what);
  if (performance.violation) report += *performance.violation + '\n';
  return report;
}

TEST(ScenariosOnTheModel, ComeOutAsInTheWorld) {
  unsigned agreeing = 0;
  for (const world::Scenario& scenario : world::sample::scenarios()) {
    const Performance performance = perform_on_model(scenario);
    if (const auto& missing = performance.not_for_model) {
      fmt::print("{:<40} is not for the model: {}\n", scenario.name, text_of(*missing));
      continue;
    }
    EXPECT_EQ(report_of(performance), "")
        << scenario.name << "\ntell it with: dvipa simulate --on both tests/scenarios/" << scenario.name << ".scn";
    fmt::print("{:<40} {}\n", scenario.name, performance.agrees() ? "agrees" : "DISAGREES");
    for (const world::NotPlayable& each : performance.left_out) fmt::print("{:<40}   but for {}\n", "", text_of(each));
    if (performance.agrees()) ++agreeing;
  }
  fmt::print("{} scenarios agree\n", agreeing);
  EXPECT_EQ(agreeing, agreeing_scenarios);
}

// The first scenario in which a model with the deviation disagrees with the world.
std::string first_disagreement(model::Deviation deviation, const std::vector<world::Scenario>& scenarios) {
  model::Deviations deviations;
  deviations.set(static_cast<std::size_t>(deviation));
  for (const world::Scenario& scenario : scenarios) {
    const Performance performance = perform_on_model(scenario, deviations);
    if (performance.disagreements.empty()) continue;
    return fmt::format("{}: {}", scenario.name, text_of(performance.disagreements.front(), "model"));
  }
  return {};
}

// What none finds out needs an order of messages that the model does not take when it comes to rest by itself: those
// orders are what `dvipa check` explores.
TEST(ScenariosOnTheModel, FindOutAModelThatDiffersFromTheProtocol) {
  const std::vector<world::Scenario> scenarios = world::sample::scenarios();
  unsigned found_out = 0;
  for (const model::DeviationText& each : model::deviations()) {
    const std::string found = first_disagreement(each.deviation, scenarios);
    fmt::print("{:<26} {}\n", each.name, found);
    if (!found.empty()) ++found_out;
    if (each.deviation == model::Deviation::lowest_rank_first) {
      EXPECT_NE(found.find("S1's state (of A): the world says active, the model says backup"), std::string::npos)
          << found;
    }
  }
  fmt::print("{} of {} deviations of the model are found out\n", found_out, model::deviations().size());
  EXPECT_EQ(found_out, deviations_found_out);
}

}  // namespace
}  // namespace dvipa::refine
