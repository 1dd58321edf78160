#pragma once
// How every verb says that it cannot go on: one line on standard error.
#include <string_view>

#include "harness/cli/verb.hpp"

namespace dvipa::cli {

// Prints `dvipa VERB: what (how_to_mend)` (`verb` may be empty: the command itself) and returns `exit_code`.
int complain(std::string_view verb, std::string_view what, std::string_view how_to_mend,
             int exit_code = exit_bad_usage);

}  // namespace dvipa::cli
