#pragma once
// Plays a scenario on live hosts beside the world, and compares. The world has the clock: a `run` that ends while
// something is still going to happen by itself orders things by time, and a live host is not that exact. Where the
// world lets time pass, the lab is given until it shows what the world shows.
#include <optional>
#include <string>
#include <vector>

#include "harness/lab/failure.hpp"
#include "harness/world/view.hpp"

namespace dvipa::conform {

struct LivePerformance {
  std::optional<world::NotPlayable> not_for_lab;  // then the rest says how far it came
  std::vector<world::Unmet> unmet;                // in the lab
  std::vector<world::Disagreement> disagreements;
  double seconds = 0;
  bool agrees() const { return !not_for_lab && disagreements.empty(); }
  bool passed() const { return unmet.empty(); }
};

// To be called where a lab can be built. The stacks are `dvipa run` of the program `executable`, with the seeded fault
// of the scenario; the world has none. `folder` is for the files and logs of the stacks. The failure is what this host
// lacks.
lab::Result<LivePerformance> perform_in_lab(const world::Scenario& scenario, const std::string& executable,
                                            const std::string& folder);

}  // namespace dvipa::conform
