#pragma once
// Successors on their way from the piece of work that made them to the shards that they belong to.
#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <utility>

#include "spec/checker/hash.hpp"
#include "spec/checker/recent.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

struct Letter {
  std::uint64_t hash;
  Ref ref;  // of the parent; when it was taken in, of the state itself if that was new, else kNoRef
  std::uint32_t size;
  ByteView key() const { return {reinterpret_cast<const std::uint8_t*>(this + 1), size}; }
};

// `kKeySize`: the size of every key if the compiler knows it; 0: any size.
template <std::size_t kKeySize>
class Outbox {
 public:
  // A successor of the state whose drafts are posted next.
  void draft(ByteView key) {
    const std::size_t size = size_of(key.size());
    if (drafted_ + extent(size) > room_) widen(extent(size));
    Letter& letter = at(drafted_);
    letter.size = static_cast<std::uint32_t>(size);
    if (size != 0) std::memcpy(&letter + 1, key.data(), size);
    drafted_ += extent(size);
  }

  // Posts the drafts, which are successors of `parent`, but for those that are their parent again and those that were
  // posted lately. Only now are keys compared and hashed: to read words of which the model has just stored a byte takes
  // as long as ten instructions, and one such read, the copy of the draft, is enough.
  void post(Ref parent, ByteView parent_key, Recent<kKeySize>& recent) {
    for (std::size_t from = posted_; from < drafted_;) {
      const Letter& draft = at(from);
      const std::size_t bytes = extent(size_of(draft.size));
      from += bytes;
      if (equal(draft.key(), parent_key)) continue;
      const std::uint64_t hash = hash_bytes(draft.key().data(), size_of(draft.size));
      if (recent.knows(draft.key(), hash)) continue;
      Letter& letter = at(posted_);
      if (&letter != &draft) std::memmove(&letter, &draft, bytes);
      letter.hash = hash;
      letter.ref = parent;
      posted_ += bytes;
      ++letters_[shard_of_hash(hash)];
    }
    drafted_ = posted_;
  }

  // Calls use(letter) for all letters in the order in which they were posted; they stay where they are until the next
  // draft or clear.
  template <class Use>
  void for_each(Use&& use) const {
    for (std::size_t place = 0; place < posted_;) {
      Letter& letter = at(place);
      place += extent(size_of(letter.size));
      use(letter);
    }
  }
  std::uint32_t letters(unsigned shard) const { return letters_[shard]; }
  std::size_t bytes() const { return posted_; }
  std::size_t memory_bytes() const { return room_; }
  void clear() {
    posted_ = drafted_ = 0;
    letters_.fill(0);
  }

 private:
  static constexpr std::size_t size_of(std::size_t size) { return kKeySize == 0 ? size : kKeySize; }
  static constexpr std::size_t extent(std::size_t size) { return sizeof(Letter) + (size + 7) / 8 * 8; }
  static bool equal(ByteView a, ByteView b) {
    return (kKeySize != 0 || a.size() == b.size()) && std::memcmp(a.data(), b.data(), size_of(a.size())) == 0;
  }
  Letter& at(std::size_t place) const { return *reinterpret_cast<Letter*>(bytes_.get() + place); }
  void widen(std::size_t more) {
    room_ = (room_ + more) * 2;
    auto wider = std::make_unique_for_overwrite<std::uint8_t[]>(room_);
    if (drafted_ != 0) std::memcpy(wider.get(), bytes_.get(), drafted_);
    bytes_ = std::move(wider);
  }

  std::unique_ptr<std::uint8_t[]> bytes_;
  std::size_t room_ = 0;
  std::size_t posted_ = 0;                        // where the letters end
  std::size_t drafted_ = 0;                       // where the drafts behind them end
  std::array<std::uint32_t, kShards> letters_{};  // to each shard
};

}  // namespace dvipa::checker
