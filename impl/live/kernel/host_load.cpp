#include "impl/live/kernel/host_load.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

namespace dvipa::kernel {
namespace {

constexpr unsigned counted_columns = 8;  // user to steal; guest time is in user time already
constexpr unsigned idle_column = 3;
constexpr unsigned iowait_column = 4;

// The line `cpu` has the sums, the lines `cpu0`, `cpu1`... one processor each.
bool read_ticks(std::ifstream file, LoadSample& sample) {
  bool has_sums = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name;
    fields >> name;
    if (!name.starts_with("cpu")) break;
    if (name != "cpu") {
      ++sample.processors;
      continue;
    }
    for (unsigned column = 0; column < counted_columns; ++column) {
      std::uint64_t ticks = 0;
      if (!(fields >> ticks)) return false;
      sample.total_ticks += ticks;
      if (column == idle_column || column == iowait_column) sample.idle_ticks += ticks;
    }
    has_sums = true;
  }
  return has_sums && sample.processors > 0;
}

}  // namespace

std::optional<LoadSample> sample_load(const std::filesystem::path& proc) {
  LoadSample sample;
  if (!read_ticks(std::ifstream(proc / "stat"), sample)) return std::nullopt;
  if (!(std::ifstream(proc / "loadavg") >> sample.load_average)) return std::nullopt;
  return sample;
}

std::uint16_t capacity_between(const LoadSample& before, const LoadSample& after) {
  const double processors = after.processors;
  double idle = 0;
  if (after.total_ticks > before.total_ticks && after.idle_ticks >= before.idle_ticks)
    idle = static_cast<double>(after.idle_ticks - before.idle_ticks) /
           static_cast<double>(after.total_ticks - before.total_ticks);
  const double share = processors / (processors + std::max(after.load_average, 0.0));
  const double hundredths = 100 * std::max(processors * std::min(idle, 1.0), share);
  return static_cast<std::uint16_t>(std::clamp(hundredths, 1.0, double{std::numeric_limits<std::uint16_t>::max()}));
}

}  // namespace dvipa::kernel
