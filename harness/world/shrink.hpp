#pragma once
// Makes a scenario that breaks a property as short as it gets while it still breaks that property.
#include <cstdint>

#include "harness/world/scenario.hpp"

namespace dvipa::world {

struct Shrunk {
  Scenario scenario;
  Violation violation;
  std::uint64_t runs = 0;
};

// `violation` is what `scenario` comes to. Delta debugging (Zeller, Hildebrandt 2002) over its lines, then over the
// faults of its network.
Shrunk shrink(const Scenario& scenario, const Violation& violation, std::uint64_t runs_max = 3000);

}  // namespace dvipa::world
