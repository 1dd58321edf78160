#pragma once
// Many schedules, one a seed, on several threads.
#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>

#include "harness/world/schedule.hpp"

namespace dvipa::world {

struct CampaignOptions {
  std::uint64_t first = 1;
  std::uint64_t last = 1;  // inclusive
  unsigned jobs = 1;
  ScheduleLimits limits;
  const std::atomic<bool>* interrupt = nullptr;
  // Called about every two seconds from one of the threads.
  std::function<void(std::uint64_t seeds, std::uint64_t steps)> progress;
};

struct CampaignResult {
  std::uint64_t seeds = 0;  // that were run
  std::uint64_t steps = 0;
  std::uint64_t digest = 0;  // of all of them together, whatever the order
  // The lowest seed of those that were run and broke a property. All seeds below it were run and broke none.
  std::optional<std::uint64_t> broken;
  std::optional<Violation> violation;
};

CampaignResult run_campaign(const CampaignOptions& options);

}  // namespace dvipa::world
