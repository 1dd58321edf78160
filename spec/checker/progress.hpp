#pragma once
// The line every two seconds, and the watch over interrupt and memory.
#include <chrono>
#include <cstdint>

#include "spec/checker/options.hpp"

namespace dvipa::checker {

struct ProgressNumbers {
  std::uint64_t states = 0;
  std::uint64_t unique = 0;
  std::uint64_t depth = 0;
  std::uint64_t queue = 0;  // states that wait to be expanded
  std::uint64_t memory_bytes = 0;
};

class Progress {
 public:
  explicit Progress(const Options& options);
  double seconds() const;
  bool interrupted() const {
    return options_.interrupt != nullptr && options_.interrupt->load(std::memory_order_relaxed);
  }
  std::uint64_t memory_bytes_max() const { return memory_bytes_max_; }
  // True when the time of the next line has come; cheap enough to be asked a thousand times a second.
  bool line_is_due() const;
  // Prints a line if one is due.
  void tell(const ProgressNumbers& numbers);
  // True when the machine has so little left that going on might end in the OOM killer; looks four times a second.
  bool machine_is_short();

 private:
  using Clock = std::chrono::steady_clock;
  const Options& options_;
  Clock::time_point start_;
  Clock::time_point next_line_;
  Clock::time_point next_look_;
  std::uint64_t memory_bytes_max_;
  std::uint64_t reserve_bytes_;
  std::uint64_t last_states_ = 0;
  double last_seconds_ = 0;
};

}  // namespace dvipa::checker
