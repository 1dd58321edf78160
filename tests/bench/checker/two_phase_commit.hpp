#pragma once
// Two-phase commit after Gray and Lamport ("Consensus on Transaction Commit", TCommit/TwoPhase): one transaction
// manager, N resource managers, a set of messages that never shrinks. The known numbers of states are 288 (N=3), 8,832
// (5), 296,448 (7) and 10,340,352 (9).
#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::bench {

enum class Rm : std::uint8_t { working, prepared, committed, aborted };
enum class Tm : std::uint8_t { init, committed, aborted };

// In as many bytes as in the Promela rendering.
struct TwoPhaseState {
  static constexpr unsigned kRmMax = 9;
  std::array<Rm, kRmMax> rm{};
  Tm tm = Tm::init;
  std::uint16_t tm_prepared = 0;    // a bit for each: the manager has received its "prepared"
  std::uint16_t sent_prepared = 0;  // a bit for each: its "prepared" was sent
  std::uint8_t sent_commit = 0;
  std::uint8_t sent_abort = 0;
  bool operator==(const TwoPhaseState&) const = default;
};
static_assert(sizeof(TwoPhaseState) == 16);

struct TwoPhaseAction {
  enum class Kind : std::uint8_t {
    tm_commit,
    tm_abort,
    tm_receives_prepared,
    rm_prepares,
    rm_aborts_alone,
    rm_receives_commit,
    rm_receives_abort
  };
  Kind kind;
  std::uint8_t rm;
};

class TwoPhaseCommit {
 public:
  using State = TwoPhaseState;
  using Action = TwoPhaseAction;
  using Property = checker::Property<State, Action>;
  // `forgets_votes`: a seeded bug, the manager commits when the first resource manager is prepared.
  explicit TwoPhaseCommit(unsigned rms, bool forgets_votes = false) : rms_(rms), forgets_votes_(forgets_votes) {}

  std::vector<State> initial_states() const { return {State{}}; }

  template <class Visit>
  void for_each_successor(const State& s, Visit&& visit) const {
    using Kind = Action::Kind;
    if (s.tm == Tm::init) {
      if (may_commit(s)) {
        State next = s;
        next.tm = Tm::committed;
        next.sent_commit = 1;
        visit(Action{Kind::tm_commit, 0}, std::move(next));
      }
      State next = s;
      next.tm = Tm::aborted;
      next.sent_abort = 1;
      visit(Action{Kind::tm_abort, 0}, std::move(next));
    }
    for (std::uint8_t i = 0; i < rms_; ++i) {
      if (s.tm == Tm::init && (s.sent_prepared & bit(i)) != 0) {
        State next = s;
        next.tm_prepared |= bit(i);
        visit(Action{Kind::tm_receives_prepared, i}, std::move(next));
      }
      if (s.rm[i] == Rm::working) {
        State next = s;
        next.rm[i] = Rm::prepared;
        next.sent_prepared |= bit(i);
        visit(Action{Kind::rm_prepares, i}, std::move(next));
        next = s;
        next.rm[i] = Rm::aborted;
        visit(Action{Kind::rm_aborts_alone, i}, std::move(next));
      }
      if (s.sent_commit) {
        State next = s;
        next.rm[i] = Rm::committed;
        visit(Action{Kind::rm_receives_commit, i}, std::move(next));
      }
      if (s.sent_abort) {
        State next = s;
        next.rm[i] = Rm::aborted;
        visit(Action{Kind::rm_receives_abort, i}, std::move(next));
      }
    }
  }

  // Resource managers are interchangeable: sort their columns.
  State canonical(const State& s) const {
    std::array<std::uint8_t, State::kRmMax> column{};
    for (unsigned i = 0; i < rms_; ++i)
      column[i] = static_cast<std::uint8_t>(static_cast<unsigned>(s.rm[i]) << 2 | (s.tm_prepared >> i & 1U) << 1 |
                                            (s.sent_prepared >> i & 1U));
    std::sort(column.begin(), column.begin() + rms_);
    State sorted = s;
    sorted.tm_prepared = sorted.sent_prepared = 0;
    for (unsigned i = 0; i < rms_; ++i) {
      sorted.rm[i] = static_cast<Rm>(column[i] >> 2);
      if ((column[i] >> 1 & 1) != 0) sorted.tm_prepared |= bit(i);
      if ((column[i] & 1) != 0) sorted.sent_prepared |= bit(i);
    }
    return sorted;
  }

  std::vector<Property> properties() const {
    return {Property::always("consistent",
                             [n = rms_](const State& s) {
                               bool committed = false;
                               bool aborted = false;
                               for (unsigned i = 0; i < n; ++i) {
                                 committed |= s.rm[i] == Rm::committed;
                                 aborted |= s.rm[i] == Rm::aborted;
                               }
                               return !(committed && aborted);
                             }),
            Property::sometimes("all committed", [n = rms_](const State& s) {
              return std::all_of(s.rm.begin(), s.rm.begin() + n, [](Rm rm) { return rm == Rm::committed; });
            })};
  }

 private:
  static constexpr std::uint16_t bit(unsigned rm) { return static_cast<std::uint16_t>(1U << rm); }
  bool may_commit(const State& s) const { return forgets_votes_ ? s.tm_prepared != 0 : s.tm_prepared == bit(rms_) - 1; }
  unsigned rms_;
  bool forgets_votes_;
};

}  // namespace dvipa::bench
