// The result as JSON: the names are those of the structs.
#include "harness/conform/statistics.hpp"
#include "harness/report/report.hpp"

namespace dvipa::report {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const conform::Check& check) {
  return {{"requirements", check.requirements},
          {"what", check.what},
          {"verdict", name_of(check.verdict)},
          {"evidence", check.evidence}};
}

Json json_of(const conform::Measure& measure) {
  const auto percentiles = conform::percentiles_of(measure.samples);
  Json json = {{"name", measure.name}, {"unit", measure.unit}, {"samples", measure.samples.size()}};
  if (!measure.samples.empty())
    json.update({{"p50", percentiles.p50}, {"p99", percentiles.p99}, {"max", percentiles.max}});
  if (measure.limit) json["limit_p99"] = *measure.limit;
  return json;
}

Json json_of(const conform::Tally& tally) {
  return {{"kept", tally.kept},
          {"lost_with_endpoint", tally.lost_with_endpoint},
          {"lost", tally.lost},
          {"not_opened", tally.not_opened},
          {"wrongly_reset", tally.wrongly_reset},
          {"stalled", tally.stalled},
          {"misdelivered", tally.misdelivered},
          {"corrupted", tally.corrupted}};
}

Json json_of(const conform::ScenarioResult& scenario) {
  Json checks = Json::array();
  for (const auto& check : scenario.checks) checks.push_back(json_of(check));
  Json measures = Json::array();
  for (const auto& measure : scenario.measures) measures.push_back(json_of(measure));
  Json json = {{"name", scenario.name},
               {"description", scenario.description},
               {"requirements", scenario.requirements},
               {"verdict", scenario.failed() ? "failed" : "passed"},
               {"seconds", scenario.seconds},
               {"standstill_ms", scenario.standstill_ms},
               {"disturbed", scenario.disturbed()},
               {"checks", std::move(checks)},
               {"measures", std::move(measures)}};
  if (scenario.tally) json["connections"] = json_of(*scenario.tally);
  json["lost_with"] = scenario.lost_with;
  json["incidents"] = scenario.incidents;
  json["notes"] = scenario.notes;
  return json;
}

}  // namespace

nlohmann::ordered_json json_of(const conform::SuiteResult& suite) {
  Json scenarios = Json::array();
  for (const auto& scenario : suite.scenarios) scenarios.push_back(json_of(scenario));
  return {{"suite", suite.suite},
          {"verdict", suite.failed() ? "failed" : "passed"},
          {"implementation", suite.implementation},
          {"seed", suite.seed},
          {"started_ns", suite.started_ns},
          {"environment", suite.environment},
          {"scenarios", std::move(scenarios)}};
}

}  // namespace dvipa::report
