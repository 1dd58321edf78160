// What must not depend on how a model is searched: threads, storage, symmetry, order, interruption.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include <unistd.h>

#include "spec/checker/check.hpp"
#include "spec/checker/orbits.hpp"
#include "spec/checker/report.hpp"
#include "tests/bench/checker/two_phase_commit.hpp"
#include "tests/unit/checker/tiny_models.hpp"

namespace dvipa::checker {
namespace {

using bench::TwoPhaseCommit;
using test::Ring;

// Everything of a result that has to be reproducible, as text.
template <class M>
std::string summary(const Result<M>& result) {
  std::string text = to_string(result.verdict) + " " + std::to_string(result.counts.states) + " " +
                     std::to_string(result.counts.unique) + " " + std::to_string(result.counts.depth);
  for (const auto& found : result.properties) {
    text += " | " + found.name + " " + to_string(found.outcome);
    if (!found.trace) continue;
    for (const auto& step : found.trace->steps) {
      const auto* bytes = reinterpret_cast<const char*>(&step.action);
      text += " ";
      for (std::size_t i = 0; i < sizeof step.action; ++i) text += std::to_string(int{bytes[i]}) + ",";
    }
  }
  return text;
}

TEST(Search, IsTheSameWithAnyNumberOfThreads) {
  for (const bool bug : {false, true}) {
    for (const bool symmetry : {false, true}) {
      const std::string one = summary(check(TwoPhaseCommit(5, bug), {.threads = 1, .symmetry = symmetry}));
      for (const unsigned threads : {2U, 3U, 7U})
        EXPECT_EQ(summary(check(TwoPhaseCommit(5, bug), {.threads = threads, .symmetry = symmetry})), one);
    }
  }
}

TEST(Search, CountsTheSameInEveryStorage) {
  for (const bool symmetry : {false, true}) {
    const auto exact = check(Ring(7, 4), {.symmetry = symmetry});
    EXPECT_EQ(exact.counts.unique, symmetry ? 210U : 2401U);
    EXPECT_EQ(exact.verdict, Verdict::holds);
    EXPECT_EQ(summary(check(Ring(7, 4), {.storage = Storage::compressed, .symmetry = symmetry})), summary(exact));
    const auto hashes = check(Ring(7, 4), {.storage = Storage::hashes, .symmetry = symmetry});
    EXPECT_EQ(hashes.counts.unique, exact.counts.unique);
    EXPECT_EQ(hashes.counts.states, exact.counts.states);
  }
  const auto exact = check(TwoPhaseCommit(5), {.symmetry = false});
  EXPECT_EQ(summary(check(TwoPhaseCommit(5), {.storage = Storage::compressed, .symmetry = false})), summary(exact));
}

TEST(Search, NeverSaysHoldsWhenOnlyHashesAreStored) {
  const auto result = check(TwoPhaseCommit(3), {.storage = Storage::hashes});
  EXPECT_EQ(result.verdict, Verdict::unknown);
  ASSERT_FALSE(result.notes.empty());
  EXPECT_NE(result.notes.back().find("No violation found"), std::string::npos);
  EXPECT_NE(result.notes.back().find("probability of a missed state <= "), std::string::npos);
  const auto bug = check(TwoPhaseCommit(3, true), {.storage = Storage::hashes, .symmetry = false});
  EXPECT_EQ(bug.verdict, Verdict::violated);
  EXPECT_EQ(bug.counterexample()->trace->steps.size(), 5U);
}

TEST(Symmetry, CountsOrbitsAndKeepsVerdicts) {
  EXPECT_EQ(check(TwoPhaseCommit(9), {}).counts.unique, 2232U);
  for (const unsigned rms : {2U, 3U, 4U}) {
    for (const bool bug : {false, true}) {
      const auto with = check(TwoPhaseCommit(rms, bug), {});
      const auto without = check(TwoPhaseCommit(rms, bug), {.symmetry = false});
      EXPECT_EQ(with.verdict, without.verdict);
      for (std::size_t i = 0; i < with.properties.size(); ++i)
        EXPECT_EQ(with.properties[i].outcome, without.properties[i].outcome);
    }
  }
}

TEST(Symmetry, TracesHaveRealNames) {
  const auto result = check(TwoPhaseCommit(4, true), {});
  ASSERT_NE(result.counterexample(), nullptr);
  const auto& trace = *result.counterexample()->trace;
  EXPECT_EQ(trace.steps.size(), 5U);
  // Every step is one of the model, from the state that the step before has led to.
  const TwoPhaseCommit model(4, true);
  auto here = trace.initial;
  for (const auto& step : trace.steps) {
    bool possible = false;
    model.for_each_successor(here, [&](const auto& action, const auto& next) {
      possible |= action.kind == step.action.kind && action.rm == step.action.rm && next == step.after;
    });
    EXPECT_TRUE(possible);
    here = step.after;
  }
}

std::vector<Ring::State> token_renamings(Ring::State state) {
  std::vector<Ring::State> all;
  std::sort(state.tokens.begin(), state.tokens.end());
  do all.push_back(state);
  while (std::next_permutation(state.tokens.begin(), state.tokens.end()));
  return all;
}

class RingWithWrongForm : public Ring {
 public:
  using Ring::Ring;
  State canonical(State s) const {
    if (s.tokens[0] > s.tokens[1]) std::swap(s.tokens[0], s.tokens[1]);
    return s;
  }
};

TEST(Symmetry, AgreesWithBruteForceAndAWrongFormIsNoticed) {
  EXPECT_EQ(explain_canonical_form(Ring(4, 3), token_renamings), "");
  EXPECT_NE(explain_canonical_form(RingWithWrongForm(4, 3), token_renamings), "");
}

TEST(Limits, MemoryEndsTheSearchWithoutVerdict) {
  const auto result = check(TwoPhaseCommit(7), {.symmetry = false, .memory_bytes_max = 4U << 20});
  EXPECT_EQ(result.end, End::memory_limit);
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_GT(result.counts.unique, 1000U);
  EXPECT_LE(result.counts.memory_bytes, 4U << 20);
  EXPECT_NE(to_string(result.end).find("verdict unknown"), std::string::npos);
}

TEST(Limits, DepthEndsTheSearchUnlessItWasComplete) {
  const auto cut = check(TwoPhaseCommit(3), {.symmetry = false, .depth_max = 9});
  EXPECT_EQ(cut.end, End::depth_limit);
  EXPECT_EQ(cut.verdict, Verdict::unknown);
  const auto whole = check(TwoPhaseCommit(3), {.symmetry = false, .depth_max = 10});
  EXPECT_EQ(whole.end, End::complete);
  EXPECT_EQ(whole.counts.unique, 288U);
  EXPECT_EQ(whole.verdict, Verdict::holds);
}

// A model that asks for an interrupt when it has been expanded `after` times.
class Interrupting : public TwoPhaseCommit {
 public:
  Interrupting(unsigned rms, int after, std::atomic<bool>& flag)
      : TwoPhaseCommit(rms), left_(std::make_shared<std::atomic<int>>(after)), flag_(flag) {}
  template <class Visit>
  void for_each_successor(const State& state, Visit&& visit) const {
    if (left_->fetch_sub(1) == 0) flag_ = true;
    TwoPhaseCommit::for_each_successor(state, visit);
  }

 private:
  std::shared_ptr<std::atomic<int>> left_;
  std::atomic<bool>& flag_;
};

TEST(Limits, InterruptGivesTheResultSoFar) {
  std::atomic<bool> flag{false};
  const auto result = check(Interrupting(7, 20000, flag), {.symmetry = false, .interrupt = &flag});
  EXPECT_EQ(result.end, End::interrupted);
  EXPECT_EQ(result.verdict, Verdict::unknown);
  EXPECT_GT(result.counts.unique, 10000U);
  EXPECT_LT(result.counts.unique, 296448U);
}

class Checkpoint : public testing::TestWithParam<Storage> {
 protected:
  ~Checkpoint() override { std::filesystem::remove(file_); }
  std::string file_ = testing::TempDir() + "checker-" + std::to_string(getpid()) + ".checkpoint";
};

TEST_P(Checkpoint, ResumedGivesTheSameResult) {
  const auto whole = check(TwoPhaseCommit(6), {.storage = GetParam(), .symmetry = false});
  std::atomic<bool> flag{false};
  const auto broken = check(Interrupting(6, 20000, flag),
                            {.storage = GetParam(), .symmetry = false, .interrupt = &flag, .checkpoint_file = file_});
  ASSERT_EQ(broken.end, End::interrupted);
  ASSERT_LT(broken.counts.unique, whole.counts.unique);
  const auto resumed =
      check(TwoPhaseCommit(6),
            {.storage = GetParam(), .threads = 2, .symmetry = false, .checkpoint_file = file_, .resume = true});
  EXPECT_EQ(summary(resumed), summary(whole));
  EXPECT_EQ(resumed.end, End::complete);
}
INSTANTIATE_TEST_SUITE_P(Storages, Checkpoint, testing::Values(Storage::exact, Storage::compressed, Storage::hashes));

TEST_F(Checkpoint, OfAnotherModelOrDamagedIsRefused) {
  std::atomic<bool> flag{false};
  check(Interrupting(6, 20000, flag), {.symmetry = false, .interrupt = &flag, .checkpoint_file = file_});
  const auto other = check(TwoPhaseCommit(6), {.symmetry = true, .checkpoint_file = file_, .resume = true});
  EXPECT_EQ(other.end, End::refused);
  EXPECT_EQ(other.verdict, Verdict::unknown);
  EXPECT_NE(other.notes.back().find("another model"), std::string::npos);
  std::filesystem::resize_file(file_, std::filesystem::file_size(file_) / 2);
  const auto cut = check(TwoPhaseCommit(6), {.symmetry = false, .checkpoint_file = file_, .resume = true});
  EXPECT_EQ(cut.end, End::refused);
  EXPECT_NE(cut.notes.back().find("damaged"), std::string::npos);
}

TEST(Deadlock, IsFoundOnlyWhenAskedFor) {
  EXPECT_EQ(check(Ring(3, 2, true), {}).verdict, Verdict::holds);
  const auto result = check(Ring(3, 2, true), {.deadlocks = true});
  ASSERT_EQ(result.verdict, Verdict::violated);
  ASSERT_NE(result.find(kNoDeadlock), nullptr);
  EXPECT_EQ(result.find(kNoDeadlock)->trace->steps.size(), 4U);
  EXPECT_EQ(check(Ring(3, 2), {.deadlocks = true}).verdict, Verdict::holds);
}

TEST(DepthFirst, VisitsTheSameStates) {
  const auto result = check(TwoPhaseCommit(5), {.search = Search::depth_first, .symmetry = false});
  EXPECT_EQ(result.counts.unique, 8832U);
  EXPECT_EQ(result.counts.states, 58146U);
  EXPECT_EQ(result.verdict, Verdict::holds);
  const auto bug = check(TwoPhaseCommit(5, true), {.search = Search::depth_first});
  EXPECT_EQ(bug.verdict, Verdict::violated);
  EXPECT_GE(bug.counterexample()->trace->steps.size(), 5U);
}

TEST(RandomWalks, FindBugsProveNothingAndRepeat) {
  const Options options{.search = Search::random_walks, .seed = 7, .walks = 200, .walk_steps_max = 60};
  const auto good = check(TwoPhaseCommit(3), options);
  EXPECT_EQ(good.verdict, Verdict::unknown);
  EXPECT_EQ(good.end, End::walks_done);
  const auto bug = check(TwoPhaseCommit(3, true), options);
  EXPECT_EQ(bug.verdict, Verdict::violated);
  EXPECT_EQ(summary(check(TwoPhaseCommit(3, true), options)), summary(bug));
}

TEST(Witness, ThatIsNeverReachedIsAViolation) {
  // Both tokens cannot be beyond the ring.
  const auto result = check(Ring(3, 2), {});
  EXPECT_EQ(result.find("all at the far end")->outcome, Outcome::reached);
  EXPECT_EQ(result.find("all at the far end")->trace->steps.size(), 4U);
  const auto lamp =
      check(test::Lamp(0, {test::Lamp::P::sometimes("bright", [](const auto& s) { return s.on == 2; })}), {});
  EXPECT_EQ(lamp.verdict, Verdict::violated);
  EXPECT_EQ(lamp.properties[0].outcome, Outcome::not_reached);
}

TEST(StepProperty, IsViolatedByTheStepAtTheEndOfTheTrace) {
  using P = test::Lamp::P;
  const auto no_cat = P::always_step(
      "no cat", [](const auto&, const auto& action, const auto&) { return action != test::Lamp::Action::cat_toggles; });
  const auto result = check(test::Lamp(1, {no_cat}), {});
  ASSERT_EQ(result.verdict, Verdict::violated);
  ASSERT_EQ(result.counterexample()->trace->steps.size(), 1U);
  EXPECT_EQ(result.counterexample()->trace->steps[0].action, test::Lamp::Action::cat_toggles);
  EXPECT_EQ(check(test::Lamp(0, {no_cat}), {}).verdict, Verdict::holds);
}

TEST(DoneLine, CanBeGrepped) {
  EXPECT_EQ(done_line("smoke", {1146, 288, 10, 0.5, 0}, Verdict::holds),
            "Done. config=smoke states=1146 unique=288 depth=10 sec=0.50 verdict=holds");
}

}  // namespace
}  // namespace dvipa::checker
