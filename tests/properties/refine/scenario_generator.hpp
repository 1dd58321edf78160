#pragma once
// Random scenarios of what the model knows: two to eight stacks, one to four DVIPAs with overlapping backups, one to
// three ports each, up to hundreds of connections; hosts that fail, stand still, leave and return, partitions, messages
// that are kept back, listeners and clients that come and go. After most commands everything has the time to come to
// rest, whatever faults last. Most clusters are small, so that what is found is.
#include <rapidcheck.h>

#include <iosfwd>

#include "harness/world/scenario.hpp"

namespace dvipa::world {

void showValue(const Scenario& scenario, std::ostream& out);

namespace test {

// Shrinks by leaving out acts, and commands of an act.
rc::Gen<Scenario> any_scenario_for_model();

}  // namespace test
}  // namespace dvipa::world
