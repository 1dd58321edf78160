#pragma once
// Searches by one thread: depth first over a visited set, and seeded random walks.
#include <optional>
#include <vector>

#include "spec/checker/codec.hpp"
#include "spec/checker/progress.hpp"
#include "spec/checker/property_book.hpp"
#include "spec/checker/result.hpp"
#include "spec/checker/shard.hpp"
#include "spec/checker/trace.hpp"

namespace dvipa::checker {

// The state found last is expanded first. Its counterexamples are not the shortest, but a deep one is found early and
// little waits to be expanded. Same states and verdicts as breadth first.
template <Model M, class Records>
class DepthFirst {
 public:
  using State = typename M::State;
  using Action = typename M::Action;

  DepthFirst(const M& model, const Options& options)
      : model_(model), options_(options), codec_(model, options.symmetry), book_(model, options), progress_(options) {}

  End run() {
    for (const State& state : model_.initial_states()) add(state, kNoRef, 0);
    while (!waiting_.empty()) {
      const Waiting next = waiting_.back();
      waiting_.pop_back();
      if (expand(next)) return End::violation;
      if (no_memory_) return End::memory_limit;
      if (++expanded_ % 256 == 0) {
        if (progress_.interrupted()) return End::interrupted;
        if (memory_bytes() > progress_.memory_bytes_max() || progress_.machine_is_short()) return End::memory_limit;
        progress_.tell({generated_, unique(), depth_, waiting_.size(), memory_bytes()});
      }
    }
    return cut_ ? End::depth_limit : End::complete;
  }
  Counts counts() const { return {generated_, unique(), depth_, progress_.seconds(), memory_bytes()}; }
  const PropertyBook<M>& book() const { return book_; }

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
  struct Waiting {
    Ref at;
    std::uint32_t depth;
  };

  void add(const State& state, Ref parent, std::uint32_t depth) {
    ++generated_;
    codec_.with_key_and_hash(state, scratch_, [&](ByteView key, std::uint64_t hash) {
      const unsigned shard = shard_of_hash(hash);
      if (options_.depth_max != 0 && depth > options_.depth_max) {
        cut_ |= shards_[shard].find(key, hash) == kAbsent;
        return;
      }
      const std::uint32_t index = shards_[shard].count();
      const Added added = shards_[shard].find_or_add(key, hash, parent);
      no_memory_ |= added == Added::no_memory;
      if (added != Added::yes) return;
      waiting_.push_back({ref_of(shard, index), depth});
      depth_ = std::max<std::uint64_t>(depth_, depth);
    });
  }

  // True when the search should end.
  bool expand(const Waiting& from) {
    auto findings = book_.no_findings();
    Bytes bytes;
    const State state = codec_.decode(shards_[shard_of(from.at)].read(index_of(from.at), bytes));
    book_.look_at(state, from.at, findings);
    bool steps = false;
    const auto visit = [&](const Action& action, const State& next) {
      steps = true;
      book_.look_at_step(state, action, next, from.at, findings);
      add(next, from.at, from.depth + 1);
    };
    model_.for_each_successor(state, Visitor<State, Action>(visit));
    if (!steps) book_.look_at_end(state, from.at, findings);
    return book_.settle(findings);
  }

  std::uint64_t unique() const {
    std::uint64_t count = 0;
    for (const auto& shard : shards_) count += shard.count();
    return count;
  }
  std::uint64_t memory_bytes() const {
    std::uint64_t bytes = waiting_.capacity() * sizeof(Waiting);
    for (const auto& shard : shards_) bytes += shard.memory_bytes();
    return bytes;
  }

  const M& model_;
  const Options options_;
  Codec<M> codec_;
  PropertyBook<M> book_;
  Progress progress_;
  Shards<Records> shards_;
  std::vector<Waiting> waiting_;
  Bytes scratch_;
  std::uint64_t generated_ = 0;
  std::uint64_t expanded_ = 0;
  std::uint64_t depth_ = 0;
  bool cut_ = false;
  bool no_memory_ = false;
};

// splitmix64 (Steele, Lea and Flood): the same numbers from the same seed on every machine.
class Dice {
 public:
  explicit Dice(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
  }
  // 0 to sides - 1; sides > 0.
  std::uint64_t below(std::uint64_t sides) {
    return static_cast<std::uint64_t>(static_cast<Wide>(next()) * sides >> 64);
  }

 private:
  std::uint64_t state_;
};

// Walks from an initial state, each step chosen among all with the same probability; remembers nothing but its way. The
// walk number w of a seed is always the same. `unique` is not counted.
template <Model M>
class RandomWalks {
 public:
  using State = typename M::State;
  using Action = typename M::Action;

  RandomWalks(const M& model, const Options& options)
      : model_(model), options_(options), book_(model, options), progress_(options) {}

  End run() {
    for (std::uint64_t walk = 0; walk < options_.walks; ++walk) {
      if (progress_.interrupted()) return End::interrupted;
      Dice dice(options_.seed ^ fold(walk + 1, 0xd6e8feb86659fd93U));
      if (walk_once(dice)) return End::violation;
      progress_.tell({generated_, 0, depth_, options_.walks - walk, 0});
    }
    return End::walks_done;
  }
  Counts counts() const { return {generated_, 0, depth_, progress_.seconds(), 0}; }
  const PropertyBook<M>& book() const { return book_; }
  std::optional<Trace<M>> trace_to(Ref at) const { return traces_[at]; }

 private:
  bool walk_once(Dice& dice) {
    std::optional<State> chosen;
    std::uint64_t choices = 0;
    for (const State& state : model_.initial_states())
      if (dice.below(++choices) == 0) chosen = state;
    if (!chosen) return false;
    Trace<M> way{*chosen, {}, {}};
    ++generated_;
    for (std::uint64_t step = 0;; ++step) {
      const State& here = way.steps.empty() ? way.initial : way.steps.back().after;
      const auto next = look_around(here, dice);
      if (settle(way)) return true;
      if (!next || step == options_.walk_steps_max || progress_.interrupted()) return false;
      way.steps.push_back(*next);
      depth_ = std::max<std::uint64_t>(depth_, way.steps.size());
    }
  }

  // Looks at a state and all its steps, and chooses one.
  std::optional<typename Trace<M>::Step> look_around(const State& here, Dice& dice) {
    const auto place = static_cast<Ref>(traces_.size());
    findings_ = book_.no_findings();
    book_.look_at(here, place, findings_);
    std::optional<typename Trace<M>::Step> chosen;
    std::uint64_t choices = 0;
    const auto visit = [&](const Action& action, const State& next) {
      ++generated_;
      book_.look_at_step(here, action, next, place, findings_);
      if (dice.below(++choices) == 0) chosen = typename Trace<M>::Step{action, next};
    };
    model_.for_each_successor(here, Visitor<State, Action>(visit));
    if (choices == 0) book_.look_at_end(here, place, findings_);
    return chosen;
  }

  // Keeps the way if it ends in a finding. True when the search should end.
  bool settle(const Trace<M>& way) {
    bool found = false;
    for (const Ref finding : findings_) found |= finding != kNoRef;
    if (!found) return false;
    traces_.push_back(way);
    return book_.settle(findings_);
  }

  const M& model_;
  const Options options_;
  PropertyBook<M> book_;
  Progress progress_;
  typename PropertyBook<M>::Findings findings_;
  std::vector<Trace<M>> traces_;
  std::uint64_t generated_ = 0;
  std::uint64_t depth_ = 0;
};

}  // namespace dvipa::checker
