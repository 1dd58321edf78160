#pragma once
// What must hold inside the product, checked also in release builds: going on would send something that is wrong.
#include <cstdio>
#include <cstdlib>

namespace dvipa::wire {

// `file` and `line` are the caller's (std::source_location is not there with Clang 14).
inline void require(bool holds, const char* what, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, what);
  std::abort();
}

}  // namespace dvipa::wire
