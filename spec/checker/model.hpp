#pragma once
// What a model has to offer to be checked: the concept `Model`, the properties that it may state, and the optional
// hooks. docs/checker.md explains them with an example. The checker knows nothing of what a model is about.
#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dvipa::checker {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

// Stands for the checker's visitor where only the form of a call is examined.
struct AnyVisitor {
  template <class Action, class State>
  void operator()(const Action&, State&&) const {}
};

// What a search does with a step, without the type of the search: a model whose for_each_successor takes a
// `const Visitor<State, Action>&` need not be a template and can live in a .cpp file. (A template is faster when a step
// costs only some nanoseconds, for then the search is inlined into the model.) Refers to the callable, does not own it.
template <class State, class Action>
class Visitor {
 public:
  template <class Visit>
  requires(!std::same_as<std::remove_cvref_t<Visit>, Visitor> && std::invocable<Visit&, const Action&, const State&>)
      // Implicit, for a lambda is passed where a Visitor is expected; copies are excluded by the constraint.
      // NOLINTNEXTLINE(bugprone-forwarding-reference-overload)
      Visitor(Visit&& visit)
      : target_(const_cast<void*>(static_cast<const void*>(&visit))), call_(&call<std::remove_reference_t<Visit>>) {}
  void operator()(const Action& action, const State& next) const { call_(target_, action, next); }

 private:
  template <class Visit>
  static void call(void* target, const Action& action, const State& next) {
    (*static_cast<Visit*>(target))(action, next);
  }
  void* target_;
  void (*call_)(void*, const Action&, const State&);
};

// A state whose bytes are its identity (no padding, no pointers): it needs no encode and decode.
template <class State>
concept PackedState = std::is_trivially_copyable_v<State> && std::has_unique_object_representations_v<State>;

// Any other state is stored as the bytes that the model writes, and so is this one if the model writes it. Equal states
// must give equal bytes and decode(encode(s)) must equal s; at most 65,535 bytes. `encode` appends to `out`.
template <class M>
concept EncodesStates = requires(const M& model, const typename M::State& state, Bytes& out, ByteView in) {
  { model.encode(state, out) } -> std::same_as<void>;
  { model.decode(in) } -> std::same_as<typename M::State>;
};

// States that are stored as they are. What a model writes itself is smaller, so that goes first.
template <class M>
concept StoresPlainStates = PackedState<typename M::State> && !EncodesStates<M>;

enum class PropertyKind {
  always,       // holds in every reachable state
  always_step,  // holds of every step between reachable states
  sometimes,    // holds in at least one reachable state: a witness, so that nothing else holds vacuously
  leads_to      // whenever the premise holds, the goal holds then or later on every fair path
};

// The classes of actions (numbers given by the model's fairness_class) that are assumed weakly fair: a class that stays
// enabled for ever is taken again and again. An empty list is no assumption, and liveness without one is refused.
using Fairness = std::vector<unsigned>;

template <class State, class Action>
struct Property {
  using OfState = std::function<bool(const State&)>;
  using OfStep = std::function<bool(const State& before, const Action& action, const State& after)>;
  PropertyKind kind = PropertyKind::always;
  std::string name;
  OfState holds;         // always, sometimes; the goal of leads_to
  OfStep holds_of_step;  // always_step
  OfState premise;       // leads_to; empty: holds in the initial states only
  Fairness fairness;     // leads_to

  static Property always(std::string name, OfState holds) {
    return {PropertyKind::always, std::move(name), std::move(holds), {}, {}, {}};
  }
  static Property always_step(std::string name, OfStep holds) {
    return {PropertyKind::always_step, std::move(name), {}, std::move(holds), {}, {}};
  }
  static Property sometimes(std::string name, OfState holds) {
    return {PropertyKind::sometimes, std::move(name), std::move(holds), {}, {}, {}};
  }
  // On every fair path: whenever `premise` holds, `goal` holds then or later.
  static Property leads_to(std::string name, OfState premise, OfState goal, Fairness fairness) {
    return {PropertyKind::leads_to, std::move(name), std::move(goal), {}, std::move(premise), std::move(fairness)};
  }
  // On every fair path `goal` holds at some time.
  static Property eventually(std::string name, OfState goal, Fairness fairness) {
    return {PropertyKind::leads_to, std::move(name), std::move(goal), {}, {}, std::move(fairness)};
  }
  // On every fair path `goal` holds again and again ("the system always comes to rest in P").
  static Property always_eventually(std::string name, OfState goal, Fairness fairness) {
    return leads_to(
        std::move(name), [](const State&) { return true; }, std::move(goal), std::move(fairness));
  }
};

// A transition system. State and Action are values; an Action should be small (a kind and a few numbers).
//   initial_states()                  a range of State
//   for_each_successor(state, visit)  calls visit(action, next) for every step that `state` allows, in an order that
//                                     depends on `state` only; `next` may be an rvalue. Called from several threads.
//   properties()                      a vector of Property<State, Action>
template <class M>
concept Model = requires(const M& model, const typename M::State& state) {
  requires std::copyable<typename M::State>;
  requires std::copyable<typename M::Action>;
  { *std::begin(model.initial_states()) } -> std::convertible_to<typename M::State>;
  model.for_each_successor(state, AnyVisitor{});
  { model.properties() } -> std::same_as<std::vector<Property<typename M::State, typename M::Action>>>;
  requires PackedState<typename M::State> || EncodesStates<M>;
};

// Optional hooks. ---------------------------------------------------------------------------------------------------

// Symmetry: one representative of all states that differ from `state` by a renaming only. It must be the same for all
// of these, and itself reachable by such a renaming. Properties must not tell renamed states apart.
template <class M>
concept HasCanonicalForm = requires(const M& model, const typename M::State& state) {
  { model.canonical(state) } -> std::convertible_to<typename M::State>;
};

// Whether there is anything to rename in this model; without it, canonical() is always used.
template <class M>
concept MayLackSymmetry = requires(const M& model) {
  { model.has_symmetry() } -> std::convertible_to<bool>;
};
template <class M>
bool offers_symmetry(const M& model) {
  if constexpr (MayLackSymmetry<M>) return model.has_symmetry();
  return HasCanonicalForm<M>;
}

// Partial order: visits some steps of a state that suffice, because they change nothing that another step depends on
// and no property is about, so that whatever is left out can be done after each of them; or visits none and says false.
// No endless path may have such states only. Properties of steps must hold of what is left out.
template <class M>
concept HasAmpleSteps = requires(const M& model, const typename M::State& state) {
  { model.for_each_ample_step(state, AnyVisitor{}) } -> std::convertible_to<bool>;
};

// Weak fairness: the class of an action, if it is in one (0-63), and the names of the classes.
template <class M>
concept HasFairness = requires(const M& model, const typename M::Action& action) {
  { model.fairness_class(action) } -> std::convertible_to<std::optional<unsigned>>;
  { model.fairness_names() } -> std::convertible_to<std::vector<std::string>>;
};

// A state without successors that is no deadlock (used when deadlocks are reported).
template <class M>
concept HasFinalStates = requires(const M& model, const typename M::State& state) {
  { model.may_end(state) } -> std::convertible_to<bool>;
};

// A step as an English sentence without number and full stop.
template <class M>
concept HasSentences = requires(const M& model, const typename M::State& before, const typename M::Action& action) {
  { model.sentence(before, action, before) } -> std::convertible_to<std::string>;
};

// A state in words; shown at the end of a counterexample.
template <class M>
concept DescribesStates = requires(const M& model, const typename M::State& state) {
  { model.describe(state) } -> std::convertible_to<std::string>;
};

// A step in a sequence diagram. `from` equal to `to` (or an empty `to`) is a note over one participant.
struct Arrow {
  std::string from;
  std::string to;
  std::string label;
};
template <class M>
concept HasArrows = requires(const M& model, const typename M::State& before, const typename M::Action& action) {
  { model.arrow(before, action) } -> std::convertible_to<Arrow>;
};

}  // namespace dvipa::checker
