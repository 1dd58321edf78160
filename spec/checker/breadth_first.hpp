#pragma once
// Breadth-first search by rounds. The threads expand pieces of the current level, a batch in each round, and post the
// successors. In the next round each shard takes in the letters that belong to it in the order of the pieces, while the
// next batch is expanded, which asks for states of the current level only. So the numbering of states, and with it
// every count, verdict and trace, is the same for any number of threads, and no shard needs a lock. States are expanded
// in the order in which they were found: neighbours have successors in common, most of which are then dropped before
// they are looked up (recent.hpp).
#include <algorithm>
#include <array>
#include <atomic>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "spec/checker/checkpoint.hpp"
#include "spec/checker/codec.hpp"
#include "spec/checker/crew.hpp"
#include "spec/checker/expander.hpp"
#include "spec/checker/intake.hpp"
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
        intakes_(crew_.size()) {
    for (auto& batch : batches_) batch.pieces.resize(crew_.size() == 1 ? 1 : kPiecesPerThread * crew_.size());
  }

  // Explores until the end, or until a limit, an interrupt or a violation stops it.
  End run() {
    const bool resumed = options_.resume && !options_.checkpoint_file.empty();
    if (resumed && !resume()) return end_;
    if (!resumed) add_initial_states();
    appoint_expanders();
    double next_checkpoint_s = progress_.seconds() + options_.checkpoint_every_s;
    while (!stopped_ && waiting_.size() != 0) {
      const bool last = options_.depth_max != 0 && depth_ >= options_.depth_max;
      if (!options_.checkpoint_file.empty() && progress_.seconds() >= next_checkpoint_s) {
        generated_before_level_ = generated_;
        save();
        next_checkpoint_s = progress_.seconds() + options_.checkpoint_every_s;
      }
      explore_level(last);
      if (stopped_ || last) break;
      next_level();
      if (waiting_.size() != 0) ++depth_;
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
  const Shards<Records>& shards() const { return shards_; }
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
  // So few states that what they post stays in the cache, and of states that take microseconds to expand so few that
  // the threads end a round together; so many that a piece itself costs nothing.
  static constexpr std::size_t kPieceStates = StoresPlainStates<M> ? 512 : 64;
  // One thread takes in every piece at once; several meet once a round, so that a round shall take milliseconds.
  static constexpr std::size_t kPiecesPerThread = 16;

  // Pieces that are expanded in one round, taken in in the next one, and in the one after that what was new in them
  // waits for the next level.
  struct Batch {
    std::vector<Piece<M>> pieces;
    std::size_t count = 0;  // of pieces in use
    std::span<const Piece<M>> in_use() const { return {pieces.data(), count}; }
  };

  // What tells models and ways to store them apart.
  std::uint64_t fingerprint() const {
    std::uint64_t print =
        fold((codec_.symmetry() ? 3 : 5) + (options_.partial_order ? 8 : 0), sizeof(Records) ^ 0x9e3779b97f4a7c15U);
    Bytes scratch;
    for (const State& state : model_.initial_states())
      codec_.with_key_and_hash(state, scratch,
                               [&](ByteView, std::uint64_t hash) { print = fold(print ^ hash, ~hash); });
    for (const auto& property : book_.properties()) {
      const auto* name = reinterpret_cast<const std::uint8_t*>(property.name.data());
      print = fold(print ^ hash_bytes(name, property.name.size()), 0xd6e8feb86659fd93U);
    }
    return print;
  }

  void save() {
    const CheckpointHead head{fingerprint(), generated_before_level_, depth_, book_.found()};
    if (!save_checkpoint(options_.checkpoint_file, head, shards_, waiting_))
      notes_.push_back("The checkpoint " + options_.checkpoint_file + " could not be written.");
  }

  bool resume() {
    CheckpointHead head{fingerprint(), 0, 0, book_.no_findings()};
    if (const char* reason = load_checkpoint(options_.checkpoint_file, head, shards_, waiting_); reason != nullptr) {
      notes_.push_back("Not resumed from " + options_.checkpoint_file + ": " + reason + ".");
      shards_ = {};
      waiting_ = {};
      stop(End::refused);
      return false;
    }
    generated_ = head.states;
    depth_ = head.depth;
    book_.settle(head.found);
    notes_.push_back("Resumed at depth " + std::to_string(depth_) + " from " + options_.checkpoint_file + ".");
    return true;
  }

  void add_initial_states() {
    Bytes scratch;
    for (const State& state : model_.initial_states()) {
      codec_.with_key_and_hash(state, scratch, [&](ByteView key, std::uint64_t hash) {
        ++generated_;
        auto& shard = shards_[shard_of_hash(hash)];
        const Ref ref = ref_of(shard_of_hash(hash), shard.count());
        if (shard.find_or_add(key, hash, kNoRef) == Added::yes) next_.push_back(ref);
      });
    }
    next_level();
  }

  // One for each worker, if there is anything to expand.
  void appoint_expanders() {
    if (waiting_.size() == 0) return;
    Bytes scratch;
    const ByteView visited = shards_[shard_of(waiting_[0])].read(index_of(waiting_[0]), scratch);
    expanders_.assign(crew_.size(), Expander<M, Records>(model_, options_, codec_, visited));
  }

  // What was found waits to be expanded now.
  void next_level() {
    for (auto& shard : shards_) shard.next_level();
    waiting_ = std::exchange(next_, {});
    expanded_ = 0;
  }

  // Expands every state of the current level. `look_only`: new states are not added, but that there are some ends the
  // search.
  void explore_level(bool look_only) {
    generated_before_level_ = generated_;
    do {
      round(look_only);
      std::rotate(batches_.begin(), batches_.end() - 1, batches_.end());
      batches_[0].count = 0;
    } while (batches_[1].count + batches_[2].count != 0 || (!stopped_ && expanded_ < waiting_.size()));
  }

  // Expands one batch, takes in the one before, and lets the new states of the one before that wait. All this is shared
  // out at once, so that no thread waits for another but at the end.
  void round(bool look_only) {
    Batch& fresh = batches_[0];
    Batch& posted = batches_[1];
    const Batch& taken_in = batches_[2];
    if (!stopped_) cut(fresh);
    const std::size_t waits = taken_in.count == 0 ? 0 : 1;
    const std::size_t groups = posted.count == 0 ? 0 : std::min(kShards, crew_.size());
    std::atomic<bool> no_memory{false};
    std::atomic<bool> unseen{false};
    crew_.run(waits + groups + fresh.count, [&](std::size_t task, unsigned worker) {
      if (task < waits) {
        if (!let_wait(taken_in.in_use())) no_memory = true;
      } else if (task < waits + groups) {
        auto& intake = intakes_[worker];
        intake.collect(posted.in_use(), static_cast<unsigned>(task - waits), static_cast<unsigned>(groups));
        if (look_only ? !intake.is_known(shards_) : !intake.take_in(shards_)) (look_only ? unseen : no_memory) = true;
      } else {
        expanders_[worker].expand(waiting_, shards_, book_, progress_, fresh.pieces[task - waits - groups]);
      }
    });
    if (unseen || no_memory) {
      stop(unseen ? End::depth_limit : End::memory_limit);
      fresh.count = 0;
    }
    if (look_only || no_memory) posted.count = 0;
    settle(fresh);
    if (progress_.line_is_due()) progress_.tell({generated_, unique(), depth_, queue(), memory_bytes()});
  }

  // The next states of the level, in pieces.
  void cut(Batch& batch) {
    for (; batch.count < batch.pieces.size() && expanded_ < waiting_.size(); ++batch.count) {
      Piece<M>& piece = batch.pieces[batch.count];
      piece.begin = expanded_;
      expanded_ = piece.end = std::min(expanded_ + kPieceStates, waiting_.size());
    }
  }

  // Takes over what the pieces have counted and found, as if they had been expanded one after the other: what is behind
  // the one that ends the search does not count and is not taken in.
  void settle(Batch& batch) {
    for (std::size_t i = 0; i < batch.count; ++i) {
      const Piece<M>& piece = batch.pieces[i];
      generated_ += piece.generated;
      const bool violation = book_.settle(piece.findings);
      if (!violation && piece.done) continue;
      stop(violation ? End::violation : End::interrupted);
      batch.count = i;
    }
    if (batch.count == 0 || memory_suffices(batch.in_use())) return;
    stop(End::memory_limit);
    batch.count = 0;
  }

  // The first reason counts.
  void stop(End end) {
    if (!stopped_) end_ = end;
    stopped_ = true;
  }

  // Lets what was new in a round wait for the next level, in the order in which it was found. False when there is no
  // memory.
  bool let_wait(std::span<const Piece<M>> pieces) {
    bool enough = true;
    for (const auto& piece : pieces) {
      piece.out.for_each([&](const Letter& letter) {
        if (letter.ref != kNoRef) enough &= next_.push_back(letter.ref);
      });
    }
    return enough;
  }

  // Whether all that was posted could be added within the limit, were it all new.
  bool memory_suffices(std::span<const Piece<M>> pieces) {
    std::uint64_t all_keys = 0;
    std::uint64_t bytes = 0;
    std::uint64_t wanted = memory_bytes();
    for (const auto& piece : pieces) bytes += piece.out.bytes();
    for (unsigned s = 0; s < kShards; ++s) {
      std::uint64_t keys = 0;
      for (const auto& piece : pieces) keys += piece.out.letters(s);
      wanted += shards_[s].bytes_for(keys);
      all_keys += keys;
    }
    wanted += Records::bytes_for(all_keys, bytes) + sizeof(Ref) * all_keys;
    return wanted <= progress_.memory_bytes_max() && !progress_.machine_is_short();
  }

  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = waiting_.memory_bytes() + next_.memory_bytes();
    for (const auto& shard : shards_) bytes += shard.memory_bytes();
    for (const auto& batch : batches_)
      for (const auto& piece : batch.pieces) bytes += piece.out.memory_bytes();
    for (const auto& expander : expanders_) bytes += expander.memory_bytes();
    for (const auto& intake : intakes_) bytes += intake.memory_bytes();
    return bytes;
  }
  std::uint64_t unique() const {
    std::uint64_t count = 0;
    for (const auto& shard : shards_) count += shard.count();
    return count;
  }
  // States that wait to be expanded, now or in the next level.
  std::uint64_t queue() const { return waiting_.size() - expanded_ + next_.size(); }
  std::uint64_t deepest() const { return next_.size() != 0 ? depth_ + 1 : depth_; }

  const M& model_;
  const Options options_;
  Codec<M> codec_;
  PropertyBook<M> book_;
  Progress progress_;
  Crew crew_;
  Shards<Records> shards_;
  Column<Ref> waiting_;           // the states of the current level, in the order in which they were found
  std::size_t expanded_ = 0;      // of these
  Column<Ref> next_;              // the states of the next level so far
  std::array<Batch, 3> batches_;  // to expand, to take in, to let wait
  std::vector<Expander<M, Records>> expanders_;  // of each worker
  std::vector<Intake<M, Records>> intakes_;      // of each worker
  std::vector<std::string> notes_;
  std::uint64_t generated_ = 0;
  std::uint64_t generated_before_level_ = 0;
  std::uint64_t depth_ = 0;  // of the level that is being expanded
  End end_ = End::complete;
  bool stopped_ = false;
};

}  // namespace dvipa::checker
