#pragma once
// The two clocks of the load: intervals are taken from the first, and the second lines them up with logs and captures.
#include <cstdint>
#include <ctime>

namespace dvipa::load {

inline std::int64_t nanoseconds_of(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}
inline std::int64_t monotonic_ns() { return nanoseconds_of(CLOCK_MONOTONIC); }
inline std::int64_t realtime_ns() { return nanoseconds_of(CLOCK_REALTIME); }

}  // namespace dvipa::load
