#pragma once
// A suite: its scenarios run one after the other, each on a fresh cluster in a fresh lab.
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

// Runs the suite's scenarios (all when none is named; unknown names are the caller's fault, asserted). To be called
// inside a sandbox. The failure is what this host lacks to judge at all.
lab::Result<SuiteResult> run_suite(const Suite& suite, const Implementation& implementation,
                                   const std::vector<std::string>& names, const SuiteOptions& options, const Say& say);

}  // namespace dvipa::conform
