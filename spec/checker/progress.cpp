// Progress lines, and when to stop before the machine does.
#include "spec/checker/progress.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ostream>

#include "spec/checker/memory.hpp"

namespace dvipa::checker {
namespace {

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;

constexpr std::uint64_t kMebi = std::uint64_t{1} << 20;

}  // namespace

Progress::Progress(const Options& options)
    : options_(options), start_(Clock::now()), next_line_(start_ + 2s), next_look_(start_) {
  const std::uint64_t available = available_memory_bytes();
  memory_bytes_max_ = options.memory_bytes_max;
  if (memory_bytes_max_ == 0) memory_bytes_max_ = available == 0 ? ~std::uint64_t{0} : available / 5 * 4;
  reserve_bytes_ = std::min(available / 20, 512 * kMebi);
}

double Progress::seconds() const { return std::chrono::duration<double>(Clock::now() - start_).count(); }

bool Progress::line_is_due() const { return options_.progress != nullptr && Clock::now() >= next_line_; }

void Progress::tell(const ProgressNumbers& numbers) {
  if (!line_is_due()) return;
  next_line_ = Clock::now() + 2s;
  const double now = seconds();
  const double rate = static_cast<double>(numbers.states - last_states_) / std::max(now - last_seconds_, 1e-9);
  last_states_ = numbers.states;
  last_seconds_ = now;
  std::array<char, 256> line{};
  std::snprintf(line.data(), line.size(),
                "Progress. states=%llu unique=%llu depth=%llu rate=%.0f/s queue=%llu memory=%lluMiB sec=%.0f\n",
                static_cast<unsigned long long>(numbers.states), static_cast<unsigned long long>(numbers.unique),
                static_cast<unsigned long long>(numbers.depth), rate, static_cast<unsigned long long>(numbers.queue),
                static_cast<unsigned long long>(numbers.memory_bytes / kMebi), now);
  *options_.progress << line.data() << std::flush;
}

bool Progress::machine_is_short() {
  const auto now = Clock::now();
  if (now < next_look_) return false;
  next_look_ = now + 250ms;
  const std::uint64_t available = available_memory_bytes();
  return available != 0 && available < reserve_bytes_;
}

}  // namespace dvipa::checker
