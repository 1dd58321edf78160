#pragma once
// Definitions that a profile can express, generated.
#include <rapidcheck.h>

#include "spec/vocabulary/definitions.hpp"

namespace dvipa::profile {

// Up to about a dozen DVIPAs and a few ranges, of both families, with every option.
rc::Gen<Definitions> any_definitions();

}  // namespace dvipa::profile
