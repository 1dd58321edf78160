// A gap runs from a probe that got through to the next one that did, and counts only if one between them was lost: a
// pause of the prober itself is no gap.
#include "harness/conform/load/gap.hpp"

#include <algorithm>

namespace dvipa::load {
namespace {

bool got_through(const Probe& probe) { return probe.wait_ns >= 0 && !probe.sent_again; }

}  // namespace

std::optional<Gap> widest_gap(const std::vector<Probe>& probes, std::int64_t from_ns, std::int64_t to_ns) {
  std::optional<Gap> widest;
  const auto consider = [&](const Gap& gap) {
    if (gap.to_ns < from_ns || gap.from_ns > to_ns) return;
    if (!widest || gap.length_ns() > widest->length_ns()) widest = gap;
  };
  std::int64_t last_good_ns = probes.empty() ? 0 : probes.front().sent_ns;
  bool lost = false;
  for (const Probe& probe : probes) {
    if (!got_through(probe)) {
      lost = true;
      continue;
    }
    if (lost) consider({last_good_ns, probe.sent_ns, true});
    last_good_ns = probe.sent_ns;
    lost = false;
  }
  if (lost) consider({last_good_ns, probes.back().sent_ns, false});
  return widest;
}

std::int64_t paused_ns(const Gap& gap, const std::vector<Pause>& pauses) {
  std::int64_t total = 0;
  for (const Pause& pause : pauses)
    total += std::max<std::int64_t>(0, std::min(gap.to_ns, pause.to_ns) - std::max(gap.from_ns, pause.from_ns));
  return total;
}

std::int64_t longest_hold_ns(const std::vector<Probe>& probes, std::int64_t from_ns, std::int64_t to_ns) {
  std::int64_t longest = 0;
  for (const Probe& probe : probes)
    if (got_through(probe) && probe.sent_ns >= from_ns && probe.sent_ns <= to_ns)
      longest = std::max(longest, probe.wait_ns);
  return longest;
}

}  // namespace dvipa::load
