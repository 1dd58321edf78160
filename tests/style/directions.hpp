#pragma once
// Which room may include which: the law of include directions, as data.
#include <optional>
#include <string>
#include <string_view>

namespace dvipa::style {

// What is wrong with `line` of the file `path` (from the root): an include of a room that the file's room may not
// see, or one that is not written from the root. Empty when nothing is.
std::optional<std::string> wrong_include(std::string_view path, std::string_view line);

}  // namespace dvipa::style
