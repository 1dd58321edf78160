#pragma once
// An invariant of these rooms that stops the process when broken, in every build type.
#include <cstdio>
#include <cstdlib>

namespace dvipa {

inline void require(bool holds, const char* what, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
  std::abort();
}

}  // namespace dvipa
