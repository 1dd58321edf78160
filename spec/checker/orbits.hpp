#pragma once
// A test of a model's canonical form against brute force, for configurations small enough to try every renaming of
// every reachable state.
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "spec/checker/check.hpp"

namespace dvipa::checker {

// `renamings(state)`: all images of a state, itself among them. Explores without symmetry, then says what is wrong in a
// sentence, or nothing ("") when for every reachable state the canonical form is the same for all images and is one of
// them, all images are reachable, the successors of the canonical form are those of the state up to renaming, and the
// search with symmetry visits as many states as there are orbits.
template <Model M, class Renamings>
requires HasCanonicalForm<M> std::string explain_canonical_form(const M& model, Renamings&& renamings) {
  using State = typename M::State;
  using Action = typename M::Action;
  const Codec<M> plain(model, false);
  const Codec<M> canonical(model, true);
  Bytes scratch;
  const auto key_of = [&](const Codec<M>& codec, const State& state) {
    Bytes copy;
    codec.with_key(state, scratch, [&](ByteView key) { copy.assign(key.begin(), key.end()); });
    return copy;
  };
  const auto steps_of = [&](const State& state) {
    std::vector<Bytes> keys;
    const auto visit = [&](const Action&, const State& next) { keys.push_back(key_of(canonical, next)); };
    model.for_each_successor(state, Visitor<State, Action>(visit));
    std::sort(keys.begin(), keys.end());
    return keys;
  };
  std::set<Bytes> seen;
  std::set<Bytes> orbits;
  std::vector<State> waiting;
  const auto add = [&](const State& state) {
    if (seen.insert(key_of(plain, state)).second) waiting.push_back(state);
  };
  for (const State& state : model.initial_states()) add(state);
  std::vector<State> all;
  while (!waiting.empty()) {
    const State state = waiting.back();
    waiting.pop_back();
    all.push_back(state);
    const auto visit = [&](const Action&, const State& next) { add(next); };
    model.for_each_successor(state, Visitor<State, Action>(visit));
  }
  for (const State& state : all) {
    const Bytes representative = key_of(canonical, state);
    orbits.insert(representative);
    bool is_image = false;
    for (const State& image : renamings(state)) {
      if (key_of(canonical, image) != representative) return "two renamings of a state have different canonical forms";
      if (!seen.contains(key_of(plain, image))) return "a renaming of a reachable state is not reachable";
      is_image |= key_of(plain, image) == representative;
    }
    if (!is_image) return "a canonical form is no renaming of its state";
    if (steps_of(state) != steps_of(canonical.decode(representative)))
      return "a state and its canonical form do not have the same steps";
  }
  const auto result = check(model, Options{.stop_at_first = false});
  if (result.counts.unique != orbits.size())
    return "the search visited " + std::to_string(result.counts.unique) + " states, but there are " +
           std::to_string(orbits.size()) + " orbits";
  return "";
}

}  // namespace dvipa::checker
