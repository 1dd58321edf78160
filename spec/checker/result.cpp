// The words for verdicts, and the last line of a check.
#include "spec/checker/result.hpp"

#include <array>
#include <cstdio>

namespace dvipa::checker {

std::string to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::holds:
      return "holds";
    case Verdict::violated:
      return "violated";
    case Verdict::unknown:
      return "unknown";
  }
  return {};
}

std::string to_string(End end) {
  switch (end) {
    case End::complete:
      return "every reachable state was visited";
    case End::violation:
      return "a violation was found";
    case End::depth_limit:
      return "depth limit reached: verdict unknown";
    case End::memory_limit:
      return "memory limit reached: verdict unknown";
    case End::interrupted:
      return "interrupted: verdict unknown";
    case End::walks_done:
      return "all random walks were done";
    case End::refused:
      return "refused";
  }
  return {};
}

std::string to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::holds:
      return "holds";
    case Outcome::violated:
      return "violated";
    case Outcome::reached:
      return "reached";
    case Outcome::not_reached:
      return "not reached";
    case Outcome::not_found:
      return "not found";
    case Outcome::refused:
      return "refused";
  }
  return {};
}

std::string done_line(const std::string& config, const Counts& counts, Verdict verdict) {
  std::array<char, 40> seconds{};
  std::snprintf(seconds.data(), seconds.size(), "%.2f", counts.seconds);
  return "Done. config=" + config + " states=" + std::to_string(counts.states) +
         " unique=" + std::to_string(counts.unique) + " depth=" + std::to_string(counts.depth) +
         " sec=" + seconds.data() + " verdict=" + to_string(verdict);
}

}  // namespace dvipa::checker
