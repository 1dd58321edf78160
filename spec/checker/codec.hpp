#pragma once
// From a model's states to the bytes that are stored, and back.
#include <cstring>
#include <type_traits>

#include "spec/checker/hash.hpp"
#include "spec/checker/model.hpp"

namespace dvipa::checker {

template <Model M>
class Codec {
 public:
  using State = typename M::State;
  // The size of every key, or 0 when it differs from state to state.
  static constexpr std::size_t kKeySize = StoresPlainStates<M> ? sizeof(State) : 0;
  // `symmetry`: keys are those of canonical forms.
  Codec(const M& model, bool symmetry) : model_(model), symmetry_(symmetry && offers_symmetry(model)) {}
  bool symmetry() const { return symmetry_; }

  // Calls use(key) with the bytes that stand for the state. `scratch` is only written.
  template <class Use>
  void with_key(const State& state, Bytes& scratch, Use&& use) const {
    if constexpr (HasCanonicalForm<M>) {
      if (symmetry_) {
        const State representative = model_.canonical(state);
        with_bytes(representative, scratch, use);
        return;
      }
    }
    with_bytes(state, scratch, use);
  }

  // The same, and the hash of the bytes: use(key, hash).
  template <class Use>
  void with_key_and_hash(const State& state, Bytes& scratch, Use&& use) const {
    with_key(state, scratch,
             [&](ByteView key) { use(key, hash_bytes(key.data(), kKeySize == 0 ? key.size() : kKeySize)); });
  }

  State decode(ByteView bytes) const {
    if constexpr (StoresPlainStates<M>) {
      State state;
      std::memcpy(&state, bytes.data(), sizeof state);
      return state;
    } else {
      return model_.decode(bytes);
    }
  }

  // Whether both are the same state (not: the same up to renaming).
  bool same(const State& a, const State& b, Bytes& scratch_a, Bytes& scratch_b) const {
    if constexpr (StoresPlainStates<M>) {
      return std::memcmp(&a, &b, sizeof a) == 0;
    } else {
      scratch_a.clear();
      scratch_b.clear();
      model_.encode(a, scratch_a);
      model_.encode(b, scratch_b);
      return scratch_a == scratch_b;
    }
  }

 private:
  template <class Use>
  void with_bytes(const State& state, Bytes& scratch, Use& use) const {
    if constexpr (StoresPlainStates<M>) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(&state);
      use(ByteView{bytes, sizeof state});
    } else {
      scratch.clear();
      model_.encode(state, scratch);
      use(ByteView{scratch});
    }
  }

  const M& model_;
  bool symmetry_;
};

}  // namespace dvipa::checker
