#pragma once
// Percentiles as they are printed.
#include <span>

namespace dvipa::conform {

struct Percentiles {
  double p50 = 0;
  double p99 = 0;
  double max = 0;
};

// By the nearest rank: each is one of the samples. All 0 when there is none.
Percentiles percentiles_of(std::span<const double> samples);

}  // namespace dvipa::conform
