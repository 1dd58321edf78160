#pragma once
// What statements mean: each takes effect on definitions, or is refused with its place.
#include <optional>
#include <span>

#include "impl/profile/statements.hpp"
#include "spec/vocabulary/definitions.hpp"

namespace dvipa::profile {

// Obeys `statements` on top of `definitions`. VIPADISTRIBUTE statements take effect after all others, so that their
// order in the profile does not matter. On refusal `definitions` may hold a part; the caller drops them (CFG-8).
std::optional<Refusal> obey(std::span<const Statement> statements, Definitions& definitions);

}  // namespace dvipa::profile
