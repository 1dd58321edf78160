// One line on standard error, the same manner for every verb.
#include "harness/cli/complain.hpp"

#include <fmt/core.h>

#include <cstdio>

namespace dvipa::cli {

int complain(std::string_view verb, std::string_view what, std::string_view how_to_mend, int exit_code) {
  fmt::print(stderr, "dvipa{}{}: {} ({})\n", verb.empty() ? "" : " ", verb, what, how_to_mend);
  return exit_code;
}

}  // namespace dvipa::cli
