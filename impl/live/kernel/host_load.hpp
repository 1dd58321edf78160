#pragma once
// What this host can do more, from its load average and its processors (RTE-8).
#include <cstdint>
#include <filesystem>
#include <optional>

namespace dvipa::kernel {

// One look at /proc/stat and /proc/loadavg.
struct LoadSample {
  unsigned processors = 0;
  std::uint64_t idle_ticks = 0;   // of all processors, since the host started
  std::uint64_t total_ticks = 0;  // likewise, idle ones included
  double load_average = 0;        // of the last minute
};

// Empty when the files are not there, or are not as Linux writes them.
std::optional<LoadSample> sample_load(const std::filesystem::path& proc = "/proc");

// In hundredths of a processor, 1-65535, what a further process would get between two looks: the processors that stood
// idle, but never less than its share beside those processes that want to run.
std::uint16_t capacity_between(const LoadSample& before, const LoadSample& after);

// Whether the change is worth telling others: more than an eighth.
constexpr bool differs_notably(std::uint16_t said, std::uint16_t now) {
  const unsigned difference = said > now ? said - now : now - said;
  return difference * 8U > said;
}

}  // namespace dvipa::kernel
