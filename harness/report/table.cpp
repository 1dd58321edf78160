// The terminal's table: narrow enough for 120 columns, evidence last because it is longest.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/conform/statistics.hpp"
#include "harness/report/report.hpp"

namespace dvipa::report {
namespace {

using conform::Verdict;

std::string verdict_text(Verdict verdict) {
  if (verdict == Verdict::failed) return "FAILED";
  return verdict == Verdict::passed ? "passed" : "-";
}

std::string checks_of(const conform::ScenarioResult& scenario) {
  std::string text = fmt::format("  {:<14} {:<8} {}\n", "requirement", "verdict", "what; evidence");
  for (const conform::Check& check : scenario.checks)
    text += fmt::format("  {:<14} {:<8} {}; {}\n", fmt::format("{}", fmt::join(check.requirements, " ")),
                        verdict_text(check.verdict), check.what, check.evidence);
  return text;
}

std::string connections_of(const conform::ScenarioResult& scenario) {
  if (!scenario.tally) return "";
  const conform::Tally& tally = *scenario.tally;
  std::vector<std::string> with;
  for (const auto& [endpoint, count] : scenario.lost_with) with.push_back(fmt::format("{} with {}", count, endpoint));
  return fmt::format(
      "  connections: {} kept, {} lost with their endpoint{}, {} lost, {} not opened, {} wrongly reset, {} stalled, "
      "{} records misdelivered, {} damaged\n",
      tally.kept, tally.lost_with_endpoint, with.empty() ? "" : fmt::format(" ({})", fmt::join(with, ", ")), tally.lost,
      tally.not_opened, tally.wrongly_reset, tally.stalled, tally.misdelivered, tally.corrupted);
}

std::string measures_of(const conform::ScenarioResult& scenario) {
  if (scenario.measures.empty()) return "";
  std::string text =
      fmt::format("  {:<36} {:>8} {:>9} {:>9} {:>9} {:>9}\n", "time", "samples", "p50", "p99", "max", "limit p99");
  for (const conform::Measure& measure : scenario.measures) {
    const std::string name = fmt::format("{} ({})", measure.name, measure.unit);
    const std::string limit = measure.limit ? fmt::format("{:.0f}", *measure.limit) : "";
    if (measure.samples.empty()) {
      text += fmt::format("  {:<36} {:>8} {:>9} {:>9} {:>9} {:>9}\n", name, 0, "-", "-", "-", limit);
      continue;
    }
    const auto percentiles = conform::percentiles_of(measure.samples);
    text += fmt::format("  {:<36} {:>8} {:>9.1f} {:>9.1f} {:>9.1f} {:>9}\n", name, measure.samples.size(),
                        percentiles.p50, percentiles.p99, percentiles.max, limit);
  }
  return text;
}

}  // namespace

std::string table_of(const conform::SuiteResult& suite) {
  std::string text;
  for (const conform::ScenarioResult& scenario : suite.scenarios) {
    text += fmt::format("{}: {} ({:.1f} s)\n", scenario.name, scenario.description, scenario.seconds);
    text += checks_of(scenario) + connections_of(scenario) + measures_of(scenario);
    if (scenario.disturbed())
      text += fmt::format("  this host stood still for {:.0f} ms: its failures say nothing of the implementation\n",
                          scenario.standstill_ms);
    for (const std::string& incident : scenario.incidents) text += fmt::format("  ! {}\n", incident);
    for (const std::string& note : scenario.notes) text += fmt::format("  note: {}\n", note);
    text += "\n";
  }
  const auto failed = std::ranges::count_if(suite.scenarios, &conform::ScenarioResult::failed);
  text += fmt::format("suite {} of [{}], seed {}: {} ({} of {} scenarios failed)\n", suite.suite, suite.implementation,
                      suite.seed,
                      suite.inconclusive() ? "INCONCLUSIVE"
                      : suite.failed()     ? "FAILED"
                                           : "passed",
                      failed, suite.scenarios.size());
  return text;
}

}  // namespace dvipa::report
