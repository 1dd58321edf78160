#pragma once
// Successors on their way from the thread that made them to the shard that they belong to.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>

#include "spec/checker/model.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

struct Letter {
  std::uint64_t hash;
  Ref parent;
  std::uint32_t size;
  ByteView key() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
};

// `kSize`: the size of every key if the compiler knows it (then the n-th letter is found without looking at the
// others); 0: any size.
template <std::size_t kSize>
class Outbox {
 public:
  void post(std::uint64_t hash, Ref parent, ByteView key) {
    const std::size_t size = kSize == 0 ? key.size() : kSize;
    const Letter letter{hash, parent, static_cast<std::uint32_t>(size)};
    if (used_ + extent(size) > room_) widen(extent(size));
    std::uint8_t* place = bytes_.get() + used_;
    __builtin_prefetch(place + kAhead, 1);
    std::memcpy(place, &letter, sizeof letter);
    if (size != 0) std::memcpy(place + sizeof letter, key.data(), size);
    used_ += extent(size);
    ++letters_;
  }
  // Calls use(letter) for all letters in the order in which they were posted; they stay where they are until the next
  // post or clear.
  template <class Use>
  void for_each(Use&& use) const {
    std::size_t at = 0;
    for (std::size_t i = 0; i < letters_; ++i) {
      const auto* letter = reinterpret_cast<const Letter*>(bytes_.get() + at);
      use(*letter);
      at += extent(kSize == 0 ? letter->size : kSize);
    }
  }
  std::size_t letters() const { return letters_; }
  std::size_t bytes() const { return used_; }
  std::size_t memory_bytes() const { return room_; }
  void clear() { used_ = letters_ = 0; }

 private:
  // The lines that are written next are asked for so far ahead: a model that changes a byte of a state has it read
  // again as words, and the processor lets that wait for all stores before it.
  static constexpr std::size_t kAhead = 256;
  static constexpr std::size_t extent(std::size_t size) { return sizeof(Letter) + (size + 7) / 8 * 8; }
  void widen(std::size_t more) {
    room_ = (room_ + more) * 2;
    auto wider = std::make_unique_for_overwrite<std::uint8_t[]>(room_);
    if (used_ != 0) std::memcpy(wider.get(), bytes_.get(), used_);
    bytes_ = std::move(wider);
  }
  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t used_ = 0;
  std::size_t room_ = 0;
  std::size_t letters_ = 0;
};

}  // namespace dvipa::checker
