#include "harness/world/shrink.hpp"

#include <algorithm>

namespace dvipa::world {
namespace {

class Shrinker {
 public:
  Shrinker(const Scenario& scenario, const Violation& violation, std::uint64_t runs_max)
      : best_{scenario, violation, 0}, runs_max_(runs_max) {}

  Shrunk run() {
    cut_tail();
    for (bool shorter = true; shorter;) {
      shorter = simplify_network();
      for (std::size_t part = std::max<std::size_t>(best_.scenario.lines.size() / 2, 1); part >= 1; part /= 2)
        shorter = leave_out_parts_of(part) || shorter;
    }
    return std::move(best_);
  }

 private:
  bool still_breaks(const Scenario& candidate) {
    if (best_.runs >= runs_max_) return false;
    ++best_.runs;
    const Outcome outcome = play(candidate);
    if (!outcome.violation || outcome.violation->property != best_.violation.property) return false;
    best_.scenario = candidate;
    best_.violation = *outcome.violation;
    return true;
  }

  // What comes after the violation has no part in it.
  void cut_tail() {
    Scenario candidate = best_.scenario;
    std::erase_if(candidate.lines, [&](const ScenarioLine& line) { return line.at && *line.at > best_.violation.at; });
    still_breaks(candidate);
  }

  bool leave_out_parts_of(std::size_t part) {
    bool shorter = false;
    for (std::size_t at = 0; at < best_.scenario.lines.size();) {
      Scenario candidate = best_.scenario;
      const auto first = candidate.lines.begin() + static_cast<std::ptrdiff_t>(at);
      const auto left = static_cast<std::size_t>(candidate.lines.end() - first);
      candidate.lines.erase(first, first + static_cast<std::ptrdiff_t>(std::min(part, left)));
      if (still_breaks(candidate)) {
        shorter = true;
      } else {
        at += part;
      }
    }
    return shorter;
  }

  bool simplify_network() {
    bool simpler = false;
    for (PerMillion Settings::*rate : {&Settings::frame_loss, &Settings::frame_twice, &Settings::frame_late}) {
      Scenario candidate = best_.scenario;
      if (candidate.settings.*rate == 0) continue;
      candidate.settings.*rate = 0;
      simpler = still_breaks(candidate) || simpler;
    }
    if (best_.scenario.settings.codec) {
      Scenario candidate = best_.scenario;
      candidate.settings.codec = false;
      simpler = still_breaks(candidate) || simpler;
    }
    return simpler;
  }

  Shrunk best_;
  std::uint64_t runs_max_;
};

}  // namespace

Shrunk shrink(const Scenario& scenario, const Violation& violation, std::uint64_t runs_max) {
  return Shrinker(scenario, violation, runs_max).run();
}

}  // namespace dvipa::world
