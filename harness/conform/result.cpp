// A suite has failed when one check in it has.
#include "harness/conform/result.hpp"

#include <algorithm>

namespace dvipa::conform {

std::string_view name_of(Verdict verdict) {
  if (verdict == Verdict::passed) return "passed";
  return verdict == Verdict::failed ? "failed" : "not judged";
}

bool ScenarioResult::failed() const {
  return std::ranges::any_of(checks, [](const Check& check) { return check.verdict == Verdict::failed; });
}

bool SuiteResult::failed() const {
  // A suite in which nothing was judged has shown nothing.
  const auto judged = [](const ScenarioResult& scenario) {
    return std::ranges::any_of(scenario.checks,
                               [](const Check& check) { return check.verdict != Verdict::not_judged; });
  };
  return scenarios.empty() || std::ranges::any_of(scenarios, &ScenarioResult::failed) ||
         !std::ranges::all_of(scenarios, judged);
}

bool SuiteResult::inconclusive() const {
  const auto undisturbed_failure = [](const ScenarioResult& each) { return each.failed() && !each.disturbed(); };
  return std::ranges::any_of(scenarios, &ScenarioResult::failed) &&
         std::ranges::none_of(scenarios, undisturbed_failure);
}

}  // namespace dvipa::conform
