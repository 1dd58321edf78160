#pragma once
// The forwarding gap: how long no probe of the path got through.
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/conform/load/account.hpp"

namespace dvipa::load {

struct Gap {
  std::int64_t from_ns = 0;  // the last probe before that got through was sent
  std::int64_t to_ns = 0;    // the first one after was sent
  bool closed = true;        // false: none after got through; `to_ns` is when the last was sent
  std::int64_t length_ns() const { return to_ns - from_ns; }
};

// The widest gap that touches [from_ns, to_ns], with at least one lost probe in it; empty when none was lost. `probes`
// in the order of sending, only those whose target lives: what a dead target does not answer says nothing of the path.
std::optional<Gap> widest_gap(const std::vector<Probe>& probes, std::int64_t from_ns, std::int64_t to_ns);

// How much of the gap the load itself did not run.
std::int64_t paused_ns(const Gap& gap, const std::vector<Pause>& pauses);

// The longest wait of a probe that was sent in [from_ns, to_ns] and not lost: how long packets were held at most.
std::int64_t longest_hold_ns(const std::vector<Probe>& probes, std::int64_t from_ns, std::int64_t to_ns);

}  // namespace dvipa::load
