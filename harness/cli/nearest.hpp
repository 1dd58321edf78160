#pragma once
// The known word that a mistyped one most likely stands for.
#include <optional>
#include <span>
#include <string_view>

namespace dvipa::cli {

// The candidate that needs the fewest single-letter insertions, deletions and replacements, the first of several;
// empty when that is more than half of the longer word, so that nothing far-fetched is suggested.
std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates);

}  // namespace dvipa::cli
