// Nearest rank: with fewer than 100 samples the 99th percentile is the greatest, which errs on the strict side.
#include "harness/conform/statistics.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace dvipa::conform {

Percentiles percentiles_of(std::span<const double> samples) {
  if (samples.empty()) return {};
  std::vector<double> sorted(samples.begin(), samples.end());
  std::ranges::sort(sorted);
  const auto at = [&](double part) {
    const double rank = std::ceil(part * static_cast<double>(sorted.size()));
    return sorted[static_cast<std::size_t>(std::max(rank, 1.0)) - 1];
  };
  return {at(0.5), at(0.99), sorted.back()};
}

}  // namespace dvipa::conform
