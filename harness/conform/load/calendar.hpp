#pragma once
// What is due in which millisecond, for thousands of entries that are a second away at most.
#include <array>
#include <cstdint>
#include <vector>

namespace dvipa::load {

class Calendar {
 public:
  explicit Calendar(std::int64_t now_ms) : now_ms_(now_ms) {}

  // Never in the present millisecond, and at most ahead_ms_max - 1 after it.
  void add(std::int64_t due_ms, std::uint64_t entry) {
    if (due_ms <= now_ms_) due_ms = now_ms_ + 1;
    if (due_ms >= now_ms_ + ahead_ms_max) due_ms = now_ms_ + ahead_ms_max - 1;
    slot(due_ms).push_back(entry);
  }
  // Calls `visit` with every entry due until `now_ms`; it may add.
  template <typename Visit>
  void advance(std::int64_t now_ms, Visit visit) {
    while (now_ms_ < now_ms) {
      ++now_ms_;
      due_.swap(slot(now_ms_));
      for (const std::uint64_t entry : due_) visit(entry);
      due_.clear();
    }
  }

 private:
  static constexpr std::int64_t ahead_ms_max = 4096;
  std::vector<std::uint64_t>& slot(std::int64_t ms) { return slots_[static_cast<std::size_t>(ms % ahead_ms_max)]; }
  std::int64_t now_ms_;
  std::array<std::vector<std::uint64_t>, ahead_ms_max> slots_;
  std::vector<std::uint64_t> due_;
};

}  // namespace dvipa::load
