#pragma once
// Breadth-first search by rounds. In a round the threads first expand pieces of the current level and post the
// successors to the shards that they belong to, then each shard takes in its letters in the order of the pieces. So the
// numbering of states, and with it every count, verdict and trace, is the same for any number of threads, and no shard
// needs a lock.
#include <algorithm>
#include <array>
#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "spec/checker/checkpoint.hpp"
#include "spec/checker/codec.hpp"
#include "spec/checker/crew.hpp"
#include "spec/checker/outbox.hpp"
#include "spec/checker/progress.hpp"
#include "spec/checker/property_book.hpp"
#include "spec/checker/shard.hpp"
#include "spec/checker/trace.hpp"

namespace dvipa::checker {

template <Model M, class Records>
class BreadthFirst {
 public:
  using State = typename M::State;
  using Action = typename M::Action;

  BreadthFirst(const M& model, const Options& options)
      : model_(model),
        options_(options),
        codec_(model, options.symmetry),
        book_(model, options),
        progress_(options),
        crew_(std::max(1U, options.threads)),
        pieces_(kPiecesMax),
        scratch_(crew_.size()),
        due_(crew_.size()) {}

  // Explores until the end, or until a limit, an interrupt or a violation stops it.
  End run() {
    const bool resumed = options_.resume && !options_.checkpoint_file.empty();
    if (resumed && !resume()) return end_;
    if (!resumed) add_initial_states();
    double next_checkpoint_s = progress_.seconds() + options_.checkpoint_every_s;
    while (!stopped_ && queue() != 0) {
      const bool last = options_.depth_max != 0 && depth_ >= options_.depth_max;
      if (!options_.checkpoint_file.empty() && progress_.seconds() >= next_checkpoint_s) {
        generated_before_level_ = generated_;
        save();
        next_checkpoint_s = progress_.seconds() + options_.checkpoint_every_s;
      }
      explore_level(last);
      if (stopped_ || last) break;
      for (auto& shard : shards_) shard.next_level();
      if (queue() != 0) ++depth_;
    }
    // The level that was broken off is expanded again when the search goes on.
    if (!options_.checkpoint_file.empty() && (end_ == End::interrupted || end_ == End::memory_limit)) save();
    return end_;
  }

  Counts counts() const { return {generated_, unique(), deepest(), progress_.seconds(), memory_bytes()}; }
  const PropertyBook<M>& book() const { return book_; }
  const Codec<M>& codec() const { return codec_; }
  // Whether less than all reachable states and steps may have been visited.
  bool is_reduced() const { return codec_.symmetry() || (HasAmpleSteps<M> && options_.partial_order); }
  const std::array<Shard<Records>, kShards>& shards() const { return shards_; }
  Crew& crew() { return crew_; }
  Progress& progress() { return progress_; }
  // About checkpoints, one sentence each.
  const std::vector<std::string>& notes() const { return notes_; }

  // The shortest path to a state. Empty: see retrace().
  std::optional<Trace<M>> trace_to(Ref at) const {
    std::vector<Ref> path;
    for (; at != kNoRef; at = shards_[shard_of(at)].parent(index_of(at))) path.push_back(at);
    std::reverse(path.begin(), path.end());
    return retrace(model_, codec_, path.size(),
                   [&](std::size_t position, const Action*, ByteView key, std::uint64_t hash) {
                     const Ref ref = path[position];
                     return shards_[shard_of(ref)].matches(index_of(ref), key, hash);
                   });
  }

 private:
  // A round of states whose steps take nanoseconds is large, so that its letters are dense when they are sorted; one of
  // states that take microseconds to expand is not, so that it ends soon.
  static constexpr std::size_t kPiecesMax = 16;
  static constexpr std::uint32_t kPieceStates = StoresPlainStates<M> ? 2048 : 512;

  // A letter that waits to be taken in.
  struct Due {
    std::uint64_t hash;
    const Letter* letter;
  };

  struct Piece {
    unsigned shard = 0;
    std::uint32_t begin = 0;
    std::uint32_t end = 0;
    std::uint64_t generated = 0;
    bool done = false;
    typename PropertyBook<M>::Findings findings;
    std::array<Outbox<Codec<M>::kKeySize>, kShards> out;
  };

  // What tells models and ways to store them apart.
  std::uint64_t fingerprint() const {
    std::uint64_t print =
        fold((codec_.symmetry() ? 3 : 5) + (options_.partial_order ? 8 : 0), sizeof(Records) ^ 0x9e3779b97f4a7c15U);
    Bytes scratch;
    for (const State& state : model_.initial_states())
      codec_.with_key(state, scratch, [&](ByteView, std::uint64_t hash) { print = fold(print ^ hash, ~hash); });
    for (const auto& property : book_.properties()) {
      const auto* name = reinterpret_cast<const std::uint8_t*>(property.name.data());
      print = fold(print ^ hash_bytes(name, property.name.size()), 0xd6e8feb86659fd93U);
    }
    return print;
  }

  void save() {
    const CheckpointHead head{fingerprint(), generated_before_level_, depth_, book_.found()};
    if (!save_checkpoint(options_.checkpoint_file, head, shards_))
      notes_.push_back("The checkpoint " + options_.checkpoint_file + " could not be written.");
  }

  bool resume() {
    CheckpointHead head{fingerprint(), 0, 0, book_.no_findings()};
    if (const char* reason = load_checkpoint(options_.checkpoint_file, head, shards_); reason != nullptr) {
      notes_.push_back("Not resumed from " + options_.checkpoint_file + ": " + reason + ".");
      shards_ = {};
      stop(End::refused);
      return false;
    }
    generated_ = head.states;
    depth_ = head.depth;
    book_.settle(head.found);
    for (unsigned s = 0; s < kShards; ++s) level_begin_[s] = shards_[s].level_begin(depth_);
    notes_.push_back("Resumed at depth " + std::to_string(depth_) + " from " + options_.checkpoint_file + ".");
    return true;
  }

  void add_initial_states() {
    for (const State& state : model_.initial_states()) {
      codec_.with_key(state, scratch_[0], [&](ByteView key, std::uint64_t hash) {
        ++generated_;
        shards_[shard_of_hash(hash)].find_or_add(key, hash, kNoRef);
      });
    }
    for (auto& shard : shards_) shard.next_level();
    level_begin_.fill(0);
  }

  // Expands every state of the current level. `look_only`: new states are not added, but that there are some ends the
  // search.
  void explore_level(bool look_only) {
    std::array<std::uint32_t, kShards> end{};
    generated_before_level_ = generated_;
    for (unsigned s = 0; s < kShards; ++s) end[s] = shards_[s].count();
    unsigned shard = 0;
    while (!stopped_) {
      const std::size_t count = cut_pieces(shard, end);
      if (count == 0) break;
      round(count, look_only);
    }
    level_begin_ = end;
  }

  std::size_t cut_pieces(unsigned& shard, const std::array<std::uint32_t, kShards>& end) {
    std::size_t count = 0;
    while (count < kPiecesMax && shard < kShards) {
      const std::uint32_t begin = level_begin_[shard];
      if (begin == end[shard]) {
        ++shard;
        continue;
      }
      Piece& piece = pieces_[count++];
      piece.shard = shard;
      piece.begin = begin;
      piece.end = std::min(begin + kPieceStates, end[shard]);
      level_begin_[shard] = piece.end;
    }
    return count;
  }

  void round(std::size_t count, bool look_only) {
    crew_.run(count, [&](std::size_t task, unsigned worker) { expand(pieces_[task], scratch_[worker]); });
    bool end_of_search = false;
    bool complete = true;
    for (std::size_t i = 0; i < count; ++i) {
      generated_ += pieces_[i].generated;
      complete &= pieces_[i].done;
      end_of_search |= book_.settle(pieces_[i].findings);
    }
    if (end_of_search) return stop(End::violation);
    if (!complete) return stop(End::interrupted);
    if (!memory_suffices(count)) return stop(End::memory_limit);
    std::atomic<bool> no_memory{false};
    std::atomic<bool> unseen{false};
    crew_.run(kShards, [&](std::size_t shard, unsigned worker) {
      auto& due = due_[worker];
      if (look_only ? !knows_all(shard, count, due) : !take_in(shard, count, due))
        (look_only ? unseen : no_memory) = true;
    });
    if (no_memory) return stop(End::memory_limit);
    if (unseen) return stop(End::depth_limit);
    if (progress_.line_is_due()) progress_.tell({generated_, unique(), depth_, queue(), memory_bytes()});
  }

  void stop(End end) {
    end_ = end;
    stopped_ = true;
  }

  void expand(Piece& piece, Bytes& scratch) {
    piece.findings = book_.no_findings();
    piece.generated = 0;
    piece.done = false;
    for (auto& outbox : piece.out) outbox.clear();
    Bytes bytes;
    if (progress_.interrupted()) return;
    for (std::uint32_t i = piece.begin; i < piece.end; ++i) {
      if (i % 64 == 0 && progress_.interrupted()) return;
      const State state = codec_.decode(shards_[piece.shard].read(i, bytes));
      expand_state(state, ref_of(piece.shard, i), piece, scratch);
    }
    piece.done = true;
  }

  void expand_state(const State& state, Ref at, Piece& piece, Bytes& scratch) {
    book_.look_at(state, at, piece.findings);
    const bool looks_at_steps = book_.looks_at_steps();
    std::uint64_t steps = 0;
    const auto visit = [&](const Action& action, const State& next) {
      ++steps;
      if (looks_at_steps) book_.look_at_step(state, action, next, at, piece.findings);
      if constexpr (PackedState<State>) {
        if (std::memcmp(&state, &next, sizeof state) == 0) return;  // nothing changed, so nothing is new
      }
      codec_.with_key(next, scratch,
                      [&](ByteView key, std::uint64_t hash) { piece.out[shard_of_hash(hash)].post(hash, at, key); });
    };
    if (!visit_ample_steps(state, visit)) {
      if constexpr (PackedState<State>) {
        model_.for_each_successor(state, visit);
      } else {
        model_.for_each_successor(state, Visitor<State, Action>(visit));
      }
    }
    piece.generated += steps;
    if (steps == 0) book_.look_at_end(state, at, piece.findings);
  }

  template <class Visit>
  bool visit_ample_steps(const State& state, const Visit& visit) const {
    if constexpr (HasAmpleSteps<M>) return options_.partial_order && model_.for_each_ample_step(state, visit);
    return false;
  }

  // What was posted to a shard: in the order of the pieces, or, when it is much, sorted by the upper bits of the hash
  // and only then by the pieces. The table is ordered by the same bits and the records of former rounds are, too, so
  // that neighbours in time become neighbours in memory. Letters with the same key keep their order.
  void collect(std::size_t shard_number, std::size_t count, std::vector<Due>& due) const {
    constexpr unsigned kBinBits = 12;
    constexpr std::size_t kSortFrom = std::size_t{1} << kBinBits;
    std::size_t total = 0;
    for (std::size_t i = 0; i < count; ++i) total += pieces_[i].out[shard_number].letters();
    due.resize(total);
    std::size_t next = 0;
    const auto each = [&](auto&& use) {
      for (std::size_t i = 0; i < count; ++i) pieces_[i].out[shard_number].for_each(use);
    };
    if (total < kSortFrom) {
      each([&](const Letter& letter) { due[next++] = {letter.hash, &letter}; });
      return;
    }
    std::array<std::uint32_t, std::size_t{1} << kBinBits> place{};
    each([&](const Letter& letter) { ++place[letter.hash >> (64 - kBinBits)]; });
    for (std::uint32_t& bin : place) next += std::exchange(bin, static_cast<std::uint32_t>(next));
    each([&](const Letter& letter) { due[place[letter.hash >> (64 - kBinBits)]++] = {letter.hash, &letter}; });
  }

  // Adds what was posted to a shard. Slots, letters and records are fetched ahead: every look-up would otherwise wait
  // for the memory three times.
  bool take_in(std::size_t shard_number, std::size_t count, std::vector<Due>& due) {
    constexpr std::size_t kSlotsAhead = 40;
    constexpr std::size_t kRecordsAhead = 20;
    auto& shard = shards_[shard_number];
    collect(shard_number, count, due);
    const std::size_t total = due.size();
    for (std::size_t i = 0; i < std::min(total, kSlotsAhead); ++i) shard.prefetch_slot(due[i].hash);
    for (std::size_t i = 0; i < total; ++i) {
      if (i + kSlotsAhead < total) {
        shard.prefetch_slot(due[i + kSlotsAhead].hash);
        prefetch_line(due[i + kSlotsAhead].letter);
      }
      if (i + kRecordsAhead < total) shard.prefetch_record(due[i + kRecordsAhead].hash);
      const Letter& letter = *due[i].letter;
      if (shard.find_or_add(letter.key(), due[i].hash, letter.parent) == Added::no_memory) return false;
    }
    return true;
  }

  bool knows_all(std::size_t shard_number, std::size_t count, std::vector<Due>& due) const {
    collect(shard_number, count, due);
    return std::all_of(due.begin(), due.end(), [&](const Due& one) {
      return shards_[shard_number].find(one.letter->key(), one.hash) != kAbsent;
    });
  }

  // Whether all that was posted could be added within the limit, were it all new.
  bool memory_suffices(std::size_t count) {
    std::uint64_t wanted = memory_bytes();
    for (unsigned s = 0; s < kShards; ++s) {
      std::uint64_t keys = 0;
      std::uint64_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        keys += pieces_[i].out[s].letters();
        bytes += pieces_[i].out[s].bytes();
      }
      wanted += shards_[s].bytes_for(keys, bytes);
    }
    return wanted <= progress_.memory_bytes_max() && !progress_.machine_is_short();
  }

  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = 0;
    for (const auto& shard : shards_) bytes += shard.memory_bytes();
    for (const auto& piece : pieces_)
      for (const auto& outbox : piece.out) bytes += outbox.memory_bytes();
    for (const auto& due : due_) bytes += due.capacity() * sizeof(Due);
    return bytes;
  }
  std::uint64_t unique() const {
    std::uint64_t count = 0;
    for (const auto& shard : shards_) count += shard.count();
    return count;
  }
  // States that wait to be expanded, now or in the next level.
  std::uint64_t queue() const {
    std::uint64_t count = unique();
    for (const std::uint32_t begin : level_begin_) count -= begin;
    return count;
  }
  std::uint64_t deepest() const {
    bool next = false;
    for (unsigned s = 0; s < kShards; ++s) next |= shards_[s].count() > shards_[s].level_begin(depth_ + 1);
    return next ? depth_ + 1 : depth_;
  }

  const M& model_;
  const Options options_;
  Codec<M> codec_;
  PropertyBook<M> book_;
  Progress progress_;
  Crew crew_;
  std::array<Shard<Records>, kShards> shards_;
  std::array<std::uint32_t, kShards> level_begin_{};  // of what is not yet expanded
  std::vector<Piece> pieces_;
  std::vector<Bytes> scratch_;         // of each worker
  std::vector<std::vector<Due>> due_;  // of each worker
  std::vector<std::string> notes_;
  std::uint64_t generated_ = 0;
  std::uint64_t generated_before_level_ = 0;
  std::uint64_t depth_ = 0;  // of the level that is being expanded
  End end_ = End::complete;
  bool stopped_ = false;
};

}  // namespace dvipa::checker
