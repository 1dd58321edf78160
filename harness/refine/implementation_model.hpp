#pragma once
// The implementation as a model for the checker: real stacks explored in every interleaving within the bounds of a
// configuration of the model. What must hold: every step is one of the model, and all that the model promises holds of
// the abstraction of every state that the real stacks reach.
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/refine/abstraction.hpp"
#include "harness/refine/judge.hpp"

namespace dvipa::refine {

class ImplementationModel {
 public:
  using State = refine::State;
  using Action = model::Action;
  using Property = checker::Property<State, Action>;

  // `mutant`: a fault that every stack has.
  explicit ImplementationModel(const model::Rules& rules, Mutant mutant = Mutant::none);

  std::vector<State> initial_states() const { return {composition_.initial()}; }
  void for_each_successor(const State& state, const checker::Visitor<State, Action>& visit) const;
  std::vector<Property> properties() const;

  void encode(const State& state, checker::Bytes& out) const {
    refine::encode(state, rules_->stacks, rules_->connections, out);
  }
  State decode(checker::ByteView in) const { return refine::decode(rules_->stacks, rules_->connections, in); }

  // A step in the words of the model; one that the model does not allow is explained.
  std::string sentence(const State& before, const Action& action, const State& after) const;
  std::string describe(const State& state) const { return model_->describe(abstract(state)); }
  checker::Arrow arrow(const State& before, const Action& action) const {
    return model_->arrow(abstract(before), action);
  }

  model::State abstract(const State& state) const { return abstraction_of(composition_, *rules_, state); }
  std::size_t distinct_stacks() const { return pools_->stacks.size(); }

 private:
  friend class Successors;
  bool has_room(const State& state) const;

  std::unique_ptr<const model::Rules> rules_;  // stays where it is: others refer to it
  std::unique_ptr<const model::TakeoverModel> model_;
  std::unique_ptr<Pools> pools_;
  Composition composition_;
  Judge judge_;
};

// The configurations of the model that the composition can play, smallest first: without pauses, partitions, moves and
// departures.
std::vector<model::Rules> implementation_configurations();

}  // namespace dvipa::refine
