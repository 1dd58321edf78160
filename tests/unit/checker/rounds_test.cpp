// What a round drops before it is looked up, and that a round of several pieces ends where one piece after the other
// would.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "spec/checker/check.hpp"

namespace dvipa::checker {
namespace {

using Key = std::array<std::uint8_t, 8>;
Key key_of(std::uint64_t number) {
  Key key;
  std::memcpy(key.data(), &number, sizeof number);
  return key;
}
std::uint64_t hash_of(const Key& key) { return hash_bytes(key.data(), key.size()); }

TEST(Recent, KnowsNothingButWhatItWasGiven) {
  const Key visited = key_of(7);
  Recent<sizeof(Key)> recent(visited);
  // More than there is room for; the key of zeros is one like any other.
  for (std::uint64_t number = 0; number < 200000; ++number) {
    const Key key = key_of(number);
    EXPECT_EQ(recent.knows(key, hash_of(key)), number == 7) << number;
    EXPECT_TRUE(recent.knows(key, hash_of(key))) << number;
  }
}

TEST(Recent, ForgetsWhatWasLongAgo) {
  const Key visited = key_of(0);
  Recent<sizeof(Key)> recent(visited);
  unsigned known = 0;
  for (int round = 0; round < 2; ++round)
    for (std::uint64_t number = 1; number <= 400000; ++number)
      known += recent.knows(key_of(number), hash_of(key_of(number)));
  EXPECT_LT(known, 1000U);
}

template <std::size_t kKeySize>
std::vector<std::uint64_t> posted(const std::vector<std::uint64_t>& numbers, std::uint64_t parent) {
  Outbox<kKeySize> outbox;
  Recent<kKeySize> recent(key_of(parent));
  outbox.clear();
  for (const std::uint64_t number : numbers) outbox.draft(key_of(number));
  outbox.post(Ref{3}, key_of(parent), recent);
  std::vector<std::uint64_t> found;
  std::uint32_t counted = 0;
  for (unsigned shard = 0; shard < kShards; ++shard) counted += outbox.letters(shard);
  outbox.for_each([&](const Letter& letter) {
    EXPECT_EQ(letter.ref, Ref{3});
    EXPECT_EQ(letter.hash, hash_bytes(letter.key().data(), letter.key().size()));
    found.push_back(word_at(letter.key().data()));
  });
  EXPECT_EQ(counted, found.size());
  return found;
}

TEST(Outbox, DropsTheParentAndWhatWasPostedAndKeepsTheOrder) {
  using Numbers = std::vector<std::uint64_t>;
  const Numbers successors{9, 5, 2, 9, 5, 7};
  EXPECT_EQ(posted<sizeof(Key)>(successors, 5), (Numbers{9, 2, 7}));
  // What has a key of any size is only compared with its parent.
  EXPECT_EQ(posted<0>(successors, 5), (Numbers{9, 2, 9, 7}));
}

// A walk through a box of five dimensions: levels of several rounds also of two threads, and a violation in the middle
// of a piece.
struct Place {
  std::array<std::uint8_t, 5> at{};
};

class Box {
 public:
  using State = Place;
  using Action = std::uint8_t;
  explicit Box(bool forbidden) : forbidden_(forbidden) {}

  std::vector<State> initial_states() const { return {State{}}; }
  template <class Visit>
  void for_each_successor(const State& s, Visit&& visit) const {
    for (std::uint8_t i = 0; i < s.at.size(); ++i) {
      State next = s;
      next.at[i] = static_cast<std::uint8_t>(std::min(next.at[i] + 1, 13));
      visit(Action{i}, next);
    }
  }
  std::vector<Property<State, Action>> properties() const {
    using P = Property<State, Action>;
    return {P::always("not there",
                      [f = forbidden_](const State& s) {
                        return !f || s.at != std::array<std::uint8_t, 5>{7, 9, 6, 10, 6};
                      }),
            P::sometimes("in the middle", [](const State& s) {
              return s.at == std::array<std::uint8_t, 5>{8, 7, 8, 7, 7};
            })};
  }

 private:
  bool forbidden_;
};

TEST(Rounds, EndWhereOnePieceAfterTheOtherWould) {
  for (const bool forbidden : {false, true}) {
    const auto one = check(Box(forbidden), {.threads = 1});
    EXPECT_EQ(one.verdict, forbidden ? Verdict::violated : Verdict::holds);
    EXPECT_EQ(one.counts.unique == 14U * 14 * 14 * 14 * 14, !forbidden);
    for (const unsigned threads : {2U, 3U}) {
      const auto several = check(Box(forbidden), {.threads = threads});
      EXPECT_EQ(several.counts.states, one.counts.states);
      EXPECT_EQ(several.counts.unique, one.counts.unique);
      EXPECT_EQ(several.counts.depth, one.counts.depth);
      for (std::size_t i = 0; i < one.properties.size(); ++i) {
        ASSERT_EQ(several.properties[i].outcome, one.properties[i].outcome);
        if (!one.properties[i].trace) continue;
        const auto& steps = one.properties[i].trace->steps;
        EXPECT_TRUE(std::equal(steps.begin(), steps.end(), several.properties[i].trace->steps.begin(),
                               several.properties[i].trace->steps.end(),
                               [](const auto& a, const auto& b) { return a.action == b.action; }));
      }
    }
  }
}

}  // namespace
}  // namespace dvipa::checker
