#pragma once
// How a worker expands states: it looks at them and at their steps, and posts their successors.
#include <cstdint>
#include <vector>

#include "spec/checker/codec.hpp"
#include "spec/checker/outbox.hpp"
#include "spec/checker/progress.hpp"
#include "spec/checker/property_book.hpp"
#include "spec/checker/recent.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

// Some states of a level that are expanded one after the other, and what came of it.
template <Model M>
struct Piece {
  std::size_t begin = 0;  // places among the states that wait
  std::size_t end = 0;
  std::uint64_t generated = 0;
  bool done = false;  // to its end
  typename PropertyBook<M>::Findings findings;
  Outbox<Codec<M>::kKeySize> out;
};

template <Model M, class Records>
class Expander {
 public:
  using State = typename M::State;
  using Action = typename M::Action;

  // `visited`: the key of any state that is in the shards.
  Expander(const M& model, const Options& options, const Codec<M>& codec, ByteView visited)
      : model_(&model), codec_(&codec), partial_order_(options.partial_order), recent_(visited) {}

  void expand(const Column<Ref>& waiting, const Shards<Records>& shards, const PropertyBook<M>& book,
              const Progress& progress, Piece<M>& piece) {
    constexpr std::size_t kAhead = 8;
    piece.findings = book.no_findings();
    piece.generated = 0;
    piece.done = false;
    piece.out.clear();
    for (std::size_t i = piece.begin; i < piece.end; ++i) {
      if (i % 64 == 0 && progress.interrupted()) return;
      if (i + kAhead < piece.end) shards[shard_of(waiting[i + kAhead])].prefetch(index_of(waiting[i + kAhead]));
      const Ref at = waiting[i];
      const ByteView key = shards[shard_of(at)].read(index_of(at), bytes_);
      expand_state(codec_->decode(key), at, book, piece);
      piece.out.post(at, key, recent_);
    }
    piece.done = true;
  }

  std::uint64_t memory_bytes() const { return recent_.memory_bytes(); }

 private:
  void expand_state(const State& state, Ref at, const PropertyBook<M>& book, Piece<M>& piece) {
    book.look_at(state, at, piece.findings);
    const bool looks_at_steps = book.looks_at_steps();
    std::uint64_t steps = 0;
    const auto visit = [&](const Action& action, const State& next) {
      ++steps;
      if (looks_at_steps) book.look_at_step(state, action, next, at, piece.findings);
      codec_->with_key(next, scratch_, [&](ByteView key) { piece.out.draft(key); });
    };
    if (!visit_ample_steps(state, visit)) {
      if constexpr (PackedState<State>) {
        model_->for_each_successor(state, visit);
      } else {
        model_->for_each_successor(state, Visitor<State, Action>(visit));
      }
    }
    piece.generated += steps;
    if (steps == 0) book.look_at_end(state, at, piece.findings);
  }

  template <class Visit>
  bool visit_ample_steps(const State& state, const Visit& visit) const {
    if constexpr (HasAmpleSteps<M>) return partial_order_ && model_->for_each_ample_step(state, visit);
    return false;
  }

  const M* model_;
  const Codec<M>* codec_;
  bool partial_order_;
  Recent<Codec<M>::kKeySize> recent_;
  Bytes bytes_;    // of the state that is expanded
  Bytes scratch_;  // of a successor
};

}  // namespace dvipa::checker
