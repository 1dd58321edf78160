#pragma once
// A suite: its scenarios run one after the other, each on a fresh cluster in a fresh lab.
#include <string>
#include <vector>

#include "harness/conform/implementation.hpp"
#include "harness/conform/scenario.hpp"

namespace dvipa::conform {

// Runs the scenarios (all when none is named; unknown names are the caller's fault, asserted). To be called inside a
// sandbox. The failure is what this host lacks to judge at all.
lab::Result<SuiteResult> run_failover_suite(const Implementation& implementation, const std::vector<std::string>& names,
                                            const SuiteOptions& options, const Say& say);

}  // namespace dvipa::conform
