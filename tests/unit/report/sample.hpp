#pragma once
// A result with something of everything in it, and text that wants escaping.
#include "harness/conform/result.hpp"

namespace dvipa::conform {

inline SuiteResult sample_suite() {
  SuiteResult suite;
  suite.suite = "failover";
  suite.implementation = "dvipa run, raw port, mutant \"x\" <&>";
  suite.seed = 42;
  suite.started_ns = 1'700'000'000'000'000'000;
  suite.environment = {{"kernel", "6.1"}};
  ScenarioResult scenario;
  scenario.name = "kill-owner";
  scenario.description = "the owner dies";
  scenario.requirements = {"FLV-1", "FLV-4"};
  scenario.checks = {{{"FLV-4"}, "connections go on", Verdict::passed, "1000 kept"},
                     {{"FLV-1", "RTE-2"}, "one successor", Verdict::failed, "two: MVS2 & MVS5 <both>"},
                     {{}, "ended", Verdict::not_judged, "no log"}};
  scenario.measures = {{"forwarding gap", "ms", {3, 1, 2}, 20}, {"detection", "ms", {}, {}}};
  scenario.tally = Tally{990, 5, 3, 1, 2, 4, 6, 7};
  scenario.lost_with = {{"MVS1", 5}};
  scenario.incidents = {"connection 1 was reset"};
  scenario.notes = {"a note"};
  scenario.seconds = 1.5;
  suite.scenarios = {scenario};
  return suite;
}

}  // namespace dvipa::conform
