#pragma once
// The set of visited states: from a hash to the indices of the states that may have it. Open addressing over buckets of
// one cache line with twelve slots: an 8-bit tag and a 32-bit index each. 7 to 11 bytes a state.
#include <cstdint>
#include <cstring>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "spec/checker/memory.hpp"

namespace dvipa::checker {

inline constexpr std::uint32_t kAbsent = 0xffffffffU;

class Table {
 public:
  void prefetch(std::uint64_t hash) const {
    if (buckets_ != 0) prefetch_line(&bucket(home(hash)));
  }

  // The first index whose tag fits, without asking whether the state is equal: what to prefetch.
  std::uint32_t first_candidate(std::uint64_t hash) const {
    if (buckets_ == 0) return kAbsent;
    const Bucket& b = bucket(home(hash));
    const unsigned fits = matches(b, tag_of(hash));
    return fits == 0 ? kAbsent : b.index[static_cast<unsigned>(__builtin_ctz(fits))];
  }

  // The index for which `equal(index)` is true, or kAbsent.
  template <class Equal>
  std::uint32_t find(std::uint64_t hash, Equal&& equal) const {
    if (buckets_ == 0) return kAbsent;
    const std::uint8_t tag = tag_of(hash);
    for (std::uint32_t at = home(hash);; at = at + 1 == buckets_ ? 0 : at + 1) {
      const Bucket& b = bucket(at);
      for (unsigned fits = matches(b, tag); fits != 0; fits &= fits - 1) {
        const std::uint32_t index = b.index[static_cast<unsigned>(__builtin_ctz(fits))];
        if (equal(index)) return index;
      }
      if (b.used < kSlots) return kAbsent;
    }
  }

  bool full() const { return count_ >= capacity_; }

  // Precondition: not full(), and the index is not in it.
  void insert(std::uint64_t hash, std::uint32_t index) {
    std::uint32_t at = home(hash);
    while (bucket(at).used == kSlots) at = at + 1 == buckets_ ? 0 : at + 1;
    Bucket& b = bucket(at);
    b.tag[b.used] = tag_of(hash);
    b.index[b.used++] = index;
    ++count_;
  }

  // Makes room; `hash_of(index)` for every index from 0 to the count. False when there is no memory.
  template <class HashOf>
  bool grow(HashOf&& hash_of) {
    Table bigger;
    bigger.buckets_ = grown_buckets();
    bigger.block_ = Block(std::size_t{bigger.buckets_} * sizeof(Bucket));
    if (bigger.block_.data() == nullptr) return false;
    bigger.capacity_ = std::uint64_t{bigger.buckets_} * kSlots * 4 / 5;
    constexpr std::uint32_t kAhead = 16;
    std::array<std::uint64_t, kAhead> hashes{};
    const auto total = static_cast<std::uint32_t>(count_);
    for (std::uint32_t i = 0; i < total + kAhead; ++i) {
      if (i >= kAhead) bigger.insert(hashes[i % kAhead], i - kAhead);
      if (i >= total) continue;
      hashes[i % kAhead] = hash_of(i);
      bigger.prefetch(hashes[i % kAhead]);
    }
    *this = std::move(bigger);
    return true;
  }
  // What grow() would ask for.
  std::size_t grown_bytes() const { return std::size_t{grown_buckets()} * sizeof(Bucket); }
  std::size_t memory_bytes() const { return std::size_t{buckets_} * sizeof(Bucket); }
  std::uint64_t room() const { return capacity_ - count_; }

 private:
  static constexpr unsigned kSlots = 12;
  struct Bucket {
    std::uint8_t tag[kSlots];
    std::uint32_t index[kSlots];
    std::uint32_t used;
  };
  static_assert(sizeof(Bucket) == 64);

  static std::uint8_t tag_of(std::uint64_t hash) { return static_cast<std::uint8_t>(hash); }
  // The upper half of the hash, scaled: any number of buckets will do, and growing keeps their order.
  std::uint32_t home(std::uint64_t hash) const { return static_cast<std::uint32_t>((hash >> 32) * buckets_ >> 32); }
  Bucket& bucket(std::uint32_t at) const { return static_cast<Bucket*>(block_.data())[at]; }
  std::uint32_t grown_buckets() const { return buckets_ == 0 ? 16 : buckets_ < 4096 ? buckets_ * 2 : buckets_ / 2 * 3; }

  // Bit i is set when slot i is used and has the tag.
  static unsigned matches(const Bucket& b, std::uint8_t tag) {
    const unsigned in_use = (1U << b.used) - 1;
#if defined(__SSE2__)
    const __m128i tags = _mm_loadu_si128(reinterpret_cast<const __m128i*>(&b));
    const __m128i same = _mm_cmpeq_epi8(tags, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<unsigned>(_mm_movemask_epi8(same)) & in_use;
#else
    unsigned bits = 0;
    for (unsigned i = 0; i < kSlots; ++i) bits |= static_cast<unsigned>(b.tag[i] == tag) << i;
    return bits & in_use;
#endif
  }

  Block block_;
  std::uint32_t buckets_ = 0;
  std::uint64_t count_ = 0;
  std::uint64_t capacity_ = 0;
};

}  // namespace dvipa::checker
