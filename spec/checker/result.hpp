#pragma once
// What a check found: the verdict, a result for every property, and traces.
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::checker {

// `unknown`: the search ended before every property was decided, or its storage may miss states.
enum class Verdict { holds, violated, unknown };

// Why the search ended.
enum class End { complete, violation, depth_limit, memory_limit, interrupted, walks_done, refused };

// Of one property. `not_found` is for searches that prove nothing (hashes, random walks, a limit).
enum class Outcome { holds, violated, reached, not_reached, not_found, refused };

// A path from an initial state. A lasso repeats the steps from `loop_from` on for ever; a loop without steps
// (`loop_from` == steps.size()) is a system that stays in its last state.
template <class M>
struct Trace {
  struct Step {
    typename M::Action action;
    typename M::State after;
  };
  typename M::State initial;
  std::vector<Step> steps;
  std::optional<std::size_t> loop_from;
};

template <class M>
struct PropertyResult {
  std::string name;
  PropertyKind kind = PropertyKind::always;
  Outcome outcome = Outcome::not_found;
  std::string reason;             // of `refused`
  std::optional<Trace<M>> trace;  // counterexample, or the way to a witness
};

struct Counts {
  std::uint64_t states = 0;  // generated: the initial states and every step from every expanded state
  std::uint64_t unique = 0;  // different ones (orbits, when symmetry is on)
  std::uint64_t depth = 0;   // steps to the farthest state, on shortest paths
  double seconds = 0;
  std::uint64_t memory_bytes = 0;  // of states, links and table at the end
};

template <class M>
struct Result {
  std::string config;
  Verdict verdict = Verdict::unknown;
  End end = End::complete;
  Counts counts;
  std::vector<PropertyResult<M>> properties;
  std::vector<std::string> notes;  // reductions used, error probability, limits: one sentence each

  const PropertyResult<M>* find(std::string_view name) const {
    for (const auto& property : properties)
      if (property.name == name) return &property;
    return nullptr;
  }
  // The first violated property with a trace; null when there is none.
  const PropertyResult<M>* counterexample() const {
    for (const auto& property : properties)
      if (property.outcome == Outcome::violated && property.trace) return &property;
    return nullptr;
  }
};

// "holds", "violated", "unknown".
std::string to_string(Verdict verdict);
// As an English phrase: "every reachable state was visited", "memory limit reached", ...
std::string to_string(End end);
std::string to_string(Outcome outcome);
// Done. config=smoke states=1 unique=1 depth=0 sec=0.00 verdict=holds
std::string done_line(const std::string& config, const Counts& counts, Verdict verdict);

}  // namespace dvipa::checker
