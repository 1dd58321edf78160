// Levenshtein distance, one row at a time.
#include "harness/cli/nearest.hpp"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

namespace dvipa::cli {
namespace {

std::size_t distance(std::string_view from, std::string_view to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearest(std::string_view word, std::span<const std::string_view> candidates) {
  std::optional<std::string_view> best;
  std::size_t fewest = 0;
  for (const std::string_view candidate : candidates) {
    const std::size_t longer = std::max(word.size(), candidate.size());
    // A word much longer than the candidate is never near; this also bounds the work on absurd input.
    if (word.size() > 2 * candidate.size()) continue;
    const std::size_t steps = distance(word, candidate);
    if (2 * steps > longer || (best && steps >= fewest)) continue;
    best = candidate;
    fewest = steps;
  }
  return best;
}

}  // namespace dvipa::cli
