#pragma once
// What must hold inside the product, checked also in release builds: going on would send something that is wrong.
#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace dvipa::wire {

inline void require(bool holds, const char* what, std::source_location where = std::source_location::current()) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "%s:%u: invariant broken: %s\n", where.file_name(), where.line(), what);
  std::abort();
}

}  // namespace dvipa::wire
