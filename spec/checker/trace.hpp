#pragma once
// A path found in the store, executed again from an initial state: so a trace has real names also when canonical forms
// were stored, and all actions also when only hashes were.
#include <optional>
#include <vector>

#include "spec/checker/codec.hpp"
#include "spec/checker/result.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

// `fits(position, action, key, hash)`: whether a state with this key may stand at `position` of a path of `states`
// states (0: an initial state, action null). Empty when no such path exists: then canonical() is no symmetry of the
// model, or for_each_successor depends on more than the state.
template <Model M, class Fits>
std::optional<Trace<M>> retrace(const M& model, const Codec<M>& codec, std::size_t states, Fits&& fits) {
  using State = typename M::State;
  using Action = typename M::Action;
  std::optional<Trace<M>> trace;
  Bytes scratch;
  for (const State& state : model.initial_states()) {
    codec.with_key_and_hash(state, scratch, [&](ByteView key, std::uint64_t hash) {
      if (!trace && fits(0, nullptr, key, hash)) trace = Trace<M>{state, {}, {}};
    });
  }
  for (std::size_t position = 1; trace && position < states; ++position) {
    const State before = trace->steps.empty() ? trace->initial : trace->steps.back().after;
    std::optional<typename Trace<M>::Step> step;
    const auto look = [&](const Action& action, const State& next) {
      if (step) return;
      codec.with_key_and_hash(next, scratch, [&](ByteView key, std::uint64_t hash) {
        if (fits(position, &action, key, hash)) step = typename Trace<M>::Step{action, next};
      });
    };
    model.for_each_successor(before, Visitor<State, Action>(look));
    if (!step) return std::nullopt;
    trace->steps.push_back(std::move(*step));
  }
  return trace;
}

// Appends the first step from the end of `trace` that breaks `property` (a property of steps).
template <Model M>
bool append_breaking_step(const M& model, const Property<typename M::State, typename M::Action>& property,
                          Trace<M>& trace) {
  using State = typename M::State;
  using Action = typename M::Action;
  const State before = trace.steps.empty() ? trace.initial : trace.steps.back().after;
  std::optional<typename Trace<M>::Step> step;
  const auto look = [&](const Action& action, const State& next) {
    if (!step && !property.holds_of_step(before, action, next)) step = typename Trace<M>::Step{action, next};
  };
  model.for_each_successor(before, Visitor<State, Action>(look));
  if (step) trace.steps.push_back(std::move(*step));
  return step.has_value();
}

}  // namespace dvipa::checker
