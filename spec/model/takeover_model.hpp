#pragma once
// The abstract cluster as a model for the checker: every step that the fault model allows, the properties that must
// hold, and words for both.
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "spec/checker/model.hpp"
#include "spec/model/rules.hpp"
#include "spec/model/state.hpp"
#include "spec/model/symmetry.hpp"

namespace dvipa::model {

struct Action {
  enum class Kind : std::uint8_t {
    // Of the protocol: fair.
    receive,        // a: receiver, b: sender, instance: which of the messages that may come next
    exclude,        // a: who, b: whom
    connect,        // a, b
    get_ready,      // a
    claim_vacancy,  // a
    take_back,      // a
    verify,         // a: owner, c
    // Of the network.
    syn_arrives,    // a: where, b: target that distribution selects, c, instance
    frame_arrives,  // a: target, b: sender, c, instance, epoch
    data_arrives,   // a: where, c
    frames_die,     // c
    // Of clients and applications.
    open,         // c
    establish,    // a: target, c
    give_up,      // c
    close,        // c
    end_at,       // a: target, c
    listen,       // a
    stop_listen,  // a
    // Faults.
    crash,
    restart,
    pause,
    wake,
    cut,
    heal,
    heal_clients,
    // Operators.
    move,
    depart,
    reactivate,
    let_go,  // of the protocol: a, when it is idle
    relist   // a
  };
  Kind kind = Kind::receive;
  Stack a = nobody;
  Stack b = nobody;
  std::uint8_t c = 0;
  std::uint8_t instance = 0;
  Epoch epoch = 0;
};

class TakeoverModel {
 public:
  using Wanted = std::function<bool(const Action&)>;
  using State = model::State;
  using Action = model::Action;
  using Property = checker::Property<State, Action>;

  explicit TakeoverModel(Rules rules) : rules_(std::move(rules)), symmetry_(rules_) {}
  const Rules& rules() const { return rules_; }

  std::vector<State> initial_states() const;
  void for_each_successor(const State& state, const checker::Visitor<State, Action>& visit) const;
  // Those only that are wanted; the states after others are not made.
  void for_each_successor(const State& state, const Wanted& wanted, const checker::Visitor<State, Action>& visit) const;
  // Where a delivery changes nothing but its channel, that step only; why that suffices is said in docs/checker.md.
  bool for_each_ample_step(const State& state, const checker::Visitor<State, Action>& visit) const;
  std::vector<Property> properties() const;

  void encode(const State& state, checker::Bytes& out) const {
    model::encode(state, rules_.stacks, rules_.connections, out);
  }
  State decode(checker::ByteView in) const { return model::decode(rules_.stacks, rules_.connections, in); }

  // Of states that differ only by who of several interchangeable stacks, clients and connections is who.
  bool has_symmetry() const { return !symmetry_.is_trivial(); }
  State canonical(const State& state) const { return symmetry_.canonical(state); }
  const Symmetry& symmetry() const { return symmetry_; }

  // Weakly fair are the delivery of messages and of views, the protocol's own steps, and what the network and clients
  // do again and again; never faults, nor what clients, applications and operators may decide.
  std::optional<unsigned> fairness_class(const Action& action) const;
  std::vector<std::string> fairness_names() const;

  std::string sentence(const State& before, const Action& action, const State& after) const;
  std::string describe(const State& state) const;
  checker::Arrow arrow(const State& before, const Action& action) const;
  std::string name_of(Stack i) const;

  // No fault pending, the bus empty, nothing that the protocol could do, and no frame on its way.
  bool at_rest(const State& state) const;

 private:
  Rules rules_;
  Symmetry symmetry_;
};

}  // namespace dvipa::model
