#pragma once
// An invariant of these rooms that stops the process when broken, in every build type.
#include <cstdio>
#include <cstdlib>
#include <source_location>

namespace dvipa {

inline void require(bool holds, const char* what, std::source_location where = std::source_location::current()) {
  if (holds) [[likely]] {
    return;
  }
  std::fprintf(stderr, "%s:%u: broken invariant: %s\n", where.file_name(), where.line(), what);
  std::abort();
}

}  // namespace dvipa
