#pragma once
// Which properties of a model are still open, and what was found of the others.
#include <cstdint>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"
#include "spec/checker/options.hpp"
#include "spec/checker/result.hpp"
#include "spec/checker/shard.hpp"

namespace dvipa::checker {

inline constexpr const char* kNoDeadlock = "no deadlock";

template <Model M>
class PropertyBook {
 public:
  using State = typename M::State;
  using Action = typename M::Action;
  // The state of the first finding of each property in one piece of work; kNoRef: none.
  using Findings = std::vector<Ref>;

  PropertyBook(const M& model, const Options& options)
      : model_(model), stop_at_first_(options.stop_at_first), properties_(model.properties()) {
    if (options.deadlocks) properties_.push_back(Property<State, Action>::always(kNoDeadlock, {}));
    deadlock_ = options.deadlocks ? properties_.size() - 1 : properties_.size();
    found_.assign(properties_.size(), kNoRef);
    sort_open();
  }

  Findings no_findings() const { return Findings(properties_.size(), kNoRef); }

  // What `state` at `at` shows of the open properties of states; `successors` is the number of its steps.
  void look_at(const State& state, Ref at, Findings& findings) const {
    for (const std::size_t i : open_of_states_) {
      if (findings[i] != kNoRef) continue;
      const bool witness = properties_[i].kind == PropertyKind::sometimes;
      if (properties_[i].holds(state) == witness) findings[i] = at;
    }
  }
  void look_at_end(const State& state, Ref at, Findings& findings) const {
    if (deadlock_ == properties_.size() || found_[deadlock_] != kNoRef || findings[deadlock_] != kNoRef) return;
    if constexpr (HasFinalStates<M>) {
      if (model_.may_end(state)) return;
    }
    findings[deadlock_] = at;
  }
  bool looks_at_steps() const { return !open_of_steps_.empty(); }
  void look_at_step(const State& before, const Action& action, const State& after, Ref at, Findings& findings) const {
    for (const std::size_t i : open_of_steps_)
      if (findings[i] == kNoRef && !properties_[i].holds_of_step(before, action, after)) findings[i] = at;
  }

  // Takes the findings over. True when the search should end.
  bool settle(const Findings& findings) {
    bool news = false;
    for (std::size_t i = 0; i < found_.size(); ++i) {
      if (findings[i] == kNoRef || found_[i] != kNoRef) continue;
      found_[i] = findings[i];
      news = true;
      violated_ |= properties_[i].kind != PropertyKind::sometimes;
    }
    if (news) sort_open();
    return violated_ && stop_at_first_;
  }

  bool violated() const { return violated_; }
  const std::vector<Property<State, Action>>& properties() const { return properties_; }
  const std::vector<Ref>& found() const { return found_; }

 private:
  void sort_open() {
    open_of_states_.clear();
    open_of_steps_.clear();
    for (std::size_t i = 0; i < properties_.size(); ++i) {
      if (found_[i] != kNoRef || i == deadlock_) continue;
      const PropertyKind kind = properties_[i].kind;
      if (kind == PropertyKind::always || kind == PropertyKind::sometimes) open_of_states_.push_back(i);
      if (kind == PropertyKind::always_step) open_of_steps_.push_back(i);
    }
  }

  const M& model_;
  bool stop_at_first_;
  std::vector<Property<State, Action>> properties_;
  std::size_t deadlock_ = 0;
  std::vector<Ref> found_;
  std::vector<std::size_t> open_of_states_;
  std::vector<std::size_t> open_of_steps_;
  bool violated_ = false;
};

}  // namespace dvipa::checker
