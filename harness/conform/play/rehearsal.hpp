#pragma once
// A scenario played in the world alone, to see whether it can be played in a lab.
#include <optional>

#include "harness/world/view.hpp"

namespace dvipa::conform {

// What orders things by time, or cannot be had live at all. Empty: it is for the lab, unless chance gives connections
// to other targets than in the world and it matters.
std::optional<world::NotPlayable> not_for_lab(const world::Scenario& scenario);

}  // namespace dvipa::conform
