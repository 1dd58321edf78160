#pragma once
// Where the bytes of visited states lie: three ways, all with dense indices from 0.
//   bool add(key, hash)            false when there is no memory
//   ByteView read(i, scratch)      the bytes of state i (in `scratch`, if they had to be put together)
//   bool matches(i, key, hash)     whether state i is the one with these bytes
//   std::uint64_t hash(i)          as given to add
//   void prefetch(i)
//   void next_level()              the states added since the last call are now those to be expanded
//   static constexpr bool lossless
#include <array>
#include <cstdint>
#include <cstring>

#include "spec/checker/hash.hpp"
#include "spec/checker/memory.hpp"
#include "spec/checker/model.hpp"
#include "spec/checker/table.hpp"

namespace dvipa::checker {

// States of one size known to the compiler: their bytes and nothing else.
template <std::size_t kSize>
class FixedRecords {
 public:
  static constexpr bool lossless = true;
  bool add(ByteView key, std::uint64_t) {
    std::size_t at = 0;
    if (!states_.extend(1, at)) return false;
    std::memcpy(states_[at].data(), key.data(), kSize);
    return true;
  }
  ByteView read(std::uint32_t i, Bytes&) const { return {states_[i].data(), kSize}; }
  bool matches(std::uint32_t i, ByteView key, std::uint64_t) const {
    return std::memcmp(states_[i].data(), key.data(), kSize) == 0;
  }
  std::uint64_t hash(std::uint32_t i) const { return hash_bytes(states_[i].data(), kSize); }
  void prefetch(std::uint32_t i) const { prefetch_line(states_[i].data()); }
  void next_level() {}
  std::uint64_t memory_bytes() const { return states_.memory_bytes(); }
  static std::uint64_t bytes_for(std::uint64_t keys, std::uint64_t) { return keys * kSize; }

 private:
  Column<std::array<std::uint8_t, kSize>> states_;
};

// States of any size: a two-byte length and the bytes, in multiples of 8, and their places.
class VariableRecords {
 public:
  static constexpr bool lossless = true;
  bool add(ByteView key, std::uint64_t);
  ByteView read(std::uint32_t i, Bytes&) const { return view(i); }
  bool matches(std::uint32_t i, ByteView key, std::uint64_t) const {
    const ByteView mine = view(i);
    return mine.size() == key.size() && std::memcmp(mine.data(), key.data(), key.size()) == 0;
  }
  std::uint64_t hash(std::uint32_t i) const { return hash_bytes(view(i).data(), view(i).size()); }
  void prefetch(std::uint32_t i) const { prefetch_line(&words_[places_[i]]); }
  void next_level() {}
  std::uint64_t memory_bytes() const { return words_.memory_bytes() + places_.memory_bytes(); }
  static std::uint64_t bytes_for(std::uint64_t keys, std::uint64_t bytes) { return bytes + 14 * keys; }

 private:
  ByteView view(std::uint32_t i) const {
    const auto* record = reinterpret_cast<const std::uint8_t*>(&words_[places_[i]]);
    std::uint16_t size = 0;
    std::memcpy(&size, record, sizeof size);
    return {record + sizeof size, size};
  }
  Column<std::uint64_t, 14> words_;
  Column<std::uint32_t> places_;
};

// Every state in full, its parts shared. The words (8 bytes) of a state are numbered, then pairs of numbers are
// numbered, and so on until two numbers are left: they are the state. Neighbouring states differ in few words, so most
// numbers are found, not made. 8 bytes a state for the two numbers.
class CompressedRecords {
 public:
  static constexpr bool lossless = true;
  bool add(ByteView key, std::uint64_t hash);
  ByteView read(std::uint32_t i, Bytes& scratch) const;
  bool matches(std::uint32_t i, ByteView key, std::uint64_t hash) const;
  std::uint64_t hash(std::uint32_t i) const;
  void prefetch(std::uint32_t i) const { prefetch_line(&roots_[i]); }
  void next_level() {}
  std::uint64_t memory_bytes() const {
    return roots_.memory_bytes() + parts_.memory_bytes() + part_table_.memory_bytes();
  }
  static std::uint64_t bytes_for(std::uint64_t keys, std::uint64_t bytes) { return 8 * keys + bytes / 4; }

 private:
  std::uint32_t number_of(std::uint64_t part) const;
  bool number(std::uint64_t part, std::uint32_t& number);
  Column<std::uint64_t> roots_;
  Column<std::uint64_t> parts_;
  Table part_table_;
};

// 64-bit hashes only; the states themselves are kept as long as they wait to be expanded.
class HashRecords {
 public:
  static constexpr bool lossless = false;
  bool add(ByteView key, std::uint64_t hash);
  // Precondition: i was added since the last call but one of next_level().
  ByteView read(std::uint32_t i, Bytes& scratch) const;
  bool matches(std::uint32_t i, ByteView, std::uint64_t hash) const { return hashes_[i] == hash; }
  std::uint64_t hash(std::uint32_t i) const { return hashes_[i]; }
  void prefetch(std::uint32_t i) const { prefetch_line(&hashes_[i]); }
  void next_level();
  std::uint64_t memory_bytes() const { return hashes_.memory_bytes() + current_.memory_bytes() + next_.memory_bytes(); }
  static std::uint64_t bytes_for(std::uint64_t keys, std::uint64_t bytes) { return 22 * keys + bytes; }

 private:
  Column<std::uint64_t> hashes_;
  VariableRecords current_;
  VariableRecords next_;
  std::uint32_t current_begin_ = 0;
  std::uint32_t next_begin_ = 0;
};

}  // namespace dvipa::checker
