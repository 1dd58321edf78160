#pragma once
// How letters come into the shards: a worker takes in what was posted to some of them, in the order of the pieces.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "spec/checker/expander.hpp"
#include "spec/checker/outbox.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

template <Model M, class Records>
class Intake {
 public:
  // Every groups-th shard is in a group.
  void collect(std::span<const Piece<M>> pieces, unsigned group, unsigned groups) {
    unsigned members = 0;  // a bit for each shard
    std::size_t total = 0;
    for (unsigned shard = group; shard < kShards; shard += groups) {
      members |= 1U << shard;
      for (const auto& piece : pieces) total += piece.out.letters(shard);
    }
    // One place more, for what is written before it is known to be of another group: a branch would be mispredicted
    // every other time.
    due_.resize(total + 1);
    std::size_t next = 0;
    for (const auto& piece : pieces) {
      piece.out.for_each([&](Letter& letter) {
        due_[next] = &letter;
        next += members >> shard_of_hash(letter.hash) & 1U;
      });
    }
    due_.resize(total);
  }

  // Adds what was collected. Slots and records are fetched ahead: every look-up would otherwise wait for the memory
  // twice. False when there is no memory left.
  bool take_in(Shards<Records>& shards) const {
    constexpr std::size_t kSlotsAhead = 24;
    constexpr std::size_t kRecordsAhead = 12;
    const std::size_t total = due_.size();
    const auto shard_of_due = [&](std::size_t i) -> Shard<Records>& { return shards[shard_of_hash(due_[i]->hash)]; };
    for (std::size_t i = 0; i < std::min(total, kSlotsAhead); ++i) shard_of_due(i).prefetch_slot(due_[i]->hash);
    for (std::size_t i = 0; i < total; ++i) {
      if (const std::size_t ahead = i + kSlotsAhead; ahead < total)
        shard_of_due(ahead).prefetch_slot(due_[ahead]->hash);
      if (const std::size_t ahead = i + kRecordsAhead; ahead < total)
        shard_of_due(ahead).prefetch_record(due_[ahead]->hash);
      Letter& letter = *due_[i];
      const Ref ref = ref_of(shard_of_hash(letter.hash), shard_of_due(i).count());
      const Added added = shard_of_due(i).find_or_add(letter.key(), letter.hash, letter.ref);
      if (added == Added::no_memory) return false;
      letter.ref = added == Added::yes ? ref : kNoRef;
    }
    return true;
  }

  // Whether nothing that was collected is new.
  bool is_known(const Shards<Records>& shards) const {
    return std::all_of(due_.begin(), due_.end(), [&](const Letter* letter) {
      return shards[shard_of_hash(letter->hash)].find(letter->key(), letter->hash) != kAbsent;
    });
  }

  std::uint64_t memory_bytes() const { return due_.capacity() * sizeof(Letter*); }

 private:
  std::vector<Letter*> due_;
};

}  // namespace dvipa::checker
