#pragma once
// Random clusters, and what happens in them: the actions of the model, as commands of a world. Clusters are larger and
// more varied than those of random schedules: up to eight stacks, four DVIPAs, several ports, and hundreds of
// connections.
#include <rapidcheck.h>

#include <iosfwd>
#include <vector>

#include "harness/world/scenario.hpp"

namespace dvipa::world::test {

inline constexpr std::uint32_t connections_max = 400;
inline constexpr Port ports_used[] = {60, 443, 8080};

// Some time passes, then this happens.
struct Act {
  Micros gap = 0;
  std::vector<Command> commands;
};
void showValue(const Act& act, std::ostream& out);

// Settings, DVIPAs and profiles; no lines.
rc::Gen<Scenario> any_cluster();
// In that cluster.
rc::Gen<Act> any_act(const Scenario& cluster);

// The cluster starts, the acts happen, everything heals and comes to rest, every connection is used, and it comes to
// rest again.
Scenario scenario_of(const Scenario& cluster, const std::vector<Act>& acts);

}  // namespace dvipa::world::test
