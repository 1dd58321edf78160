#pragma once
// Suites: scenarios that run one after the other, each on a fresh cluster in a fresh lab.
#include <string>
#include <vector>

#include "harness/conform/implementation.hpp"
#include "harness/conform/scenario.hpp"

namespace dvipa::conform {

struct Suite {
  std::string_view name;
  std::span<const Scenario> scenarios;
};
std::span<const Suite> suites();
const Suite* find_suite(std::string_view name);  // null when there is none

// What is to be run of one suite or of several.
struct Selection {
  std::string suites;  // their names, as they were given
  std::vector<const Scenario*> scenarios;
};

// To be called inside a sandbox. The failure is what this host lacks to judge at all.
lab::Result<SuiteResult> run_scenarios(const Selection& selection, const Implementation& implementation,
                                       const SuiteOptions& options, const Say& say);

}  // namespace dvipa::conform
