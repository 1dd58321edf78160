#pragma once
// A small cache in front of the visited states: the keys that one worker has posted lately. A state is found again
// mostly by neighbours of the state that it was found by, and they are expanded at about the same time; for two-phase
// commit three quarters of what would be looked up end here. What it remembers depends on how work was shared out, but
// no result does: a key that it knows was posted before by the same worker, whose pieces are taken in in their order.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::checker {

template <std::size_t kKeySize>
class Recent {
 public:
  // `visited`: any key that need not be posted; it fills the places of which nothing is known.
  explicit Recent(ByteView visited) : keys_(kKeys) {
    for (Key& key : keys_) std::memcpy(key.data(), visited.data(), kKeySize);
  }
  // Whether the key is known; it is from now on.
  bool knows(ByteView key, std::uint64_t hash) {
    Key& last = keys_[hash >> 16 & (kKeys - 1)];
    if (std::memcmp(last.data(), key.data(), kKeySize) == 0) return true;
    std::memcpy(last.data(), key.data(), kKeySize);
    return false;
  }
  std::uint64_t memory_bytes() const { return kKeys * kKeySize; }

 private:
  using Key = std::array<std::uint8_t, kKeySize>;
  static constexpr std::size_t kBytesMax = std::size_t{256} << 10;  // a part of the second cache of a processor
  static constexpr std::size_t kKeys = kKeySize > kBytesMax ? 1 : std::bit_floor(kBytesMax / kKeySize);
  std::vector<Key> keys_;
};

// Keys of any size belong to states that take far longer to expand than to be looked up.
template <>
class Recent<0> {
 public:
  explicit Recent(ByteView) {}
  bool knows(ByteView, std::uint64_t) { return false; }
  std::uint64_t memory_bytes() const { return 0; }
};

}  // namespace dvipa::checker
