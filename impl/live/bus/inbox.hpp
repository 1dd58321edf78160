#pragma once
// What came from one peer and is not a whole frame yet. Grows with the bytes that are there, never with what a length
// field claims.
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace dvipa::bus {

class Inbox {
 public:
  // Where the next read may write: at least as much as is waiting already, so that the work of moving stays linear.
  std::span<std::uint8_t> room() {
    if (begin_ == end_) begin_ = end_ = 0;
    const std::size_t wanted = std::max(room_bytes_min, end_ - begin_);
    if (storage_.size() - end_ < wanted && begin_ > 0 && begin_ >= end_ - begin_) {
      std::memmove(storage_.data(), storage_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (storage_.size() - end_ < wanted) storage_.resize(std::max(2 * room_bytes_min, 2 * storage_.size()));
    return std::span(storage_).subspan(end_);
  }
  void filled(std::size_t count) { end_ += count; }
  std::span<std::uint8_t> waiting() { return std::span(storage_).subspan(begin_, end_ - begin_); }
  void consumed(std::size_t count) { begin_ += count; }

 private:
  static constexpr std::size_t room_bytes_min = std::size_t{32} << 10;

  std::vector<std::uint8_t> storage_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace dvipa::bus
