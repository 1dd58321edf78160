#pragma once
// Requirement identifiers in running text.
#include <string>
#include <string_view>
#include <vector>

#include "spec/requirements/catalogue.hpp"

namespace dvipa::style {

// The identifiers that `line` names: SECTION-N for a section of the catalogue, and SECTION-N..M as N to M.
// A range that goes backwards, or has more than a hundred members, gives its two ends.
std::vector<std::string> identifiers_in(std::string_view line, const requirements::Catalogue& catalogue);

}  // namespace dvipa::style
