#pragma once
// Why the lab could not do something, and how that can be mended.
#include <string>
#include <tl/expected.hpp>

namespace dvipa::lab {

struct Failure {
  std::string what;    // what was tried and what came of it: "unshare: Operation not permitted"
  std::string remedy;  // what the user can do: "run as root"
};

template <typename T>
using Result = tl::expected<T, Failure>;

// A failure of `action` with the text of `error_number` (an errno) and the remedy for the usual ones.
tl::unexpected<Failure> failure(std::string action, int error_number);

}  // namespace dvipa::lab
