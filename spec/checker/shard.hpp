#pragma once
// A sixteenth of the visited states: those whose hash says so. Only one thread at a time adds to a shard.
#include <array>
#include <cstdint>
#include <vector>

#include "spec/checker/records.hpp"
#include "spec/checker/table.hpp"

namespace dvipa::checker {

inline constexpr unsigned kShards = 16;

// A state's place: the shard in the upper four bits, the index within it below.
using Ref = std::uint32_t;
inline constexpr Ref kNoRef = 0xffffffffU;
inline constexpr std::uint32_t kIndexMax = (1U << 28) - 2;
constexpr Ref ref_of(unsigned shard, std::uint32_t index) { return shard << 28 | index; }
constexpr unsigned shard_of(Ref ref) { return ref >> 28; }
constexpr std::uint32_t index_of(Ref ref) { return ref & 0x0fffffffU; }
// Bits of the hash that neither bucket nor tag use.
constexpr unsigned shard_of_hash(std::uint64_t hash) { return static_cast<unsigned>(hash >> 8) & (kShards - 1); }

enum class Added { no, yes, no_memory };

template <class Records>
class Shard {
 public:
  static constexpr bool lossless = Records::lossless;

  std::uint32_t find(ByteView key, std::uint64_t hash) const {
    return table_.find(hash, [&](std::uint32_t i) { return records_.matches(i, key, hash); });
  }
  Added find_or_add(ByteView key, std::uint64_t hash, Ref parent) {
    if (find(key, hash) != kAbsent) return Added::no;
    if (table_.full() && !table_.grow([this](std::uint32_t i) { return records_.hash(i); })) return Added::no_memory;
    const std::uint32_t index = count();
    if (index >= kIndexMax || !records_.add(key, hash) || !parents_.push_back(parent)) return Added::no_memory;
    table_.insert(hash, index);
    return Added::yes;
  }
  void prefetch_slot(std::uint64_t hash) const { table_.prefetch(hash); }
  void prefetch_record(std::uint64_t hash) const {
    const std::uint32_t candidate = table_.first_candidate(hash);
    if (candidate != kAbsent) records_.prefetch(candidate);
  }

  void prefetch(std::uint32_t i) const { records_.prefetch(i); }

  std::uint32_t count() const { return static_cast<std::uint32_t>(parents_.size()); }
  ByteView read(std::uint32_t i, Bytes& scratch) const { return records_.read(i, scratch); }
  bool matches(std::uint32_t i, ByteView key, std::uint64_t hash) const { return records_.matches(i, key, hash); }
  std::uint64_t hash(std::uint32_t i) const { return records_.hash(i); }
  Ref parent(std::uint32_t i) const { return parents_[i]; }

  // Ends a level: what was added since the last call waits to be expanded.
  void next_level() {
    levels_.push_back(count());
    records_.next_level();
  }
  // Indices of the states at a depth: from level_begin(depth) to level_begin(depth + 1).
  std::uint32_t level_begin(std::uint64_t depth) const {
    return depth == 0 ? 0 : depth <= levels_.size() ? levels_[depth - 1] : count();
  }

  std::uint64_t memory_bytes() const {
    return records_.memory_bytes() + parents_.memory_bytes() + table_.memory_bytes();
  }
  // An upper bound of what adding `keys` keys may ask for beside their records.
  std::uint64_t bytes_for(std::uint64_t keys) const {
    return sizeof(Ref) * keys + (table_.room() < keys ? table_.grown_bytes() : 0);
  }

 private:
  Records records_;
  Column<Ref> parents_;
  Table table_;
  std::vector<std::uint32_t> levels_;
};

template <class Records>
using Shards = std::array<Shard<Records>, kShards>;

}  // namespace dvipa::checker
