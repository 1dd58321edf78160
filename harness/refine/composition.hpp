#pragma once
// Real stacks at the grain of the model: first-in-first-out queues of real messages for each ordered pair, SYN frames
// on their way, hosts and clients as in the model. No time: a timer fires only where the model has an action for it.
// Each function here is one step and changes the state at once and as a whole; whether it is possible is not asked
// here.
#include "harness/refine/state.hpp"
#include "impl/stack/mutant.hpp"
#include "spec/model/rules.hpp"

namespace dvipa::refine {

// The one DVIPA, its one port, and the names that the model's numbers stand for.
inline const Address the_dvipa = Address::v4(0x0a4d0101U);
inline constexpr Port the_port = 60;
Remote remote_of(unsigned connection);
unsigned connection_of(const Remote& remote);
inline StackId id_of(model::Stack i) { return {i}; }

// What a packet met on its way, beside what can be seen in the state afterwards.
struct Way {
  model::Stack router = model::nobody;   // that took it for its own; nobody: it was dropped before
  unsigned hops = 0;                     // to there
  bool was_new = false;                  // the router had no entry for it
  model::Stack target = model::nobody;   // where the router sends it: an entry's, or the choice of its distribution
  bool answered_by_router = false;       // by its kernel, as if there were no distribution
  bool admitted = false;                 // let in by the target's fence
  model::Stack held_by = model::nobody;  // keeps it until it knows more (FLV-5)
};

class Composition {
 public:
  Composition(const model::Rules& rules, Mutant mutant, Pools& pools) : rules_(rules), mutant_(mutant), pools_(pools) {}

  // As in the model: the stacks are up and know each other and the owner; nothing is on its way. Reached by real steps.
  State initial() const;

  void receive(State& s, model::Stack i, model::Stack from) const;
  void exclude(State& s, model::Stack i, model::Stack j) const;
  void connect(State& s, model::Stack i, model::Stack j) const;
  void end_join(State& s, model::Stack i) const;  // the time to find members is over
  // All frames die: for longer than that no stack sees a SYN, and every stack looks once at every entry (RTE-11).
  void age(State& s) const;
  void crash(State& s, model::Stack i) const;
  void restart(State& s, model::Stack i) const;
  // Goes on after all members have excluded it; it sees how long it stood still before it sees that (FLV-9).
  void wake(State& s, model::Stack i) const;

  // `choice`: whose turn it is at every stack.
  Way syn_arrives(State& s, model::Stack first, std::uint8_t c, std::uint8_t instance, model::Stack choice) const;
  Way frame_arrives(State& s, const model::Frame& frame) const;
  Way data_arrives(State& s, model::Stack first, std::uint8_t c) const;

  void end_connection(State& s, model::Stack i, std::uint8_t c) const;
  void listen(State& s, model::Stack i, bool listening) const;

  bool across(const State& s, model::Stack i, model::Stack j) const {
    return s.cut == model::Cut::group && model::has(rules_.far, i) != model::has(rules_.far, j);
  }
  const Stack& stack_at(const State& s, model::Stack i) const { return pools_.stacks.at(s.hosts[i].stack); }
  const Stack::Dvipa* dvipa_at(const State& s, model::Stack i) const { return stack_at(s, i).dvipa(the_dvipa); }
  const Message& message(std::uint32_t number) const { return pools_.messages.at(number); }

 private:
  template <class Do>
  void for_stacks(Do&& act) const {
    for (model::Stack i = 1; i <= rules_.stacks; ++i) act(i);
  }
  template <class Do>  // act(Stack&, Effects&)
  void with_stack(State& s, model::Stack i, Do&& act) const;
  void give(State& s, model::Stack i, Input input) const;
  void carry_out(State& s, model::Stack i, Stack& stack, Effects& effects) const;
  void advertise(State& s, model::Stack i) const;
  void send(State& s, model::Stack from, model::Stack to, Message message) const;
  bool is_on_its_way(const State& s, model::Stack from, model::Stack to, const Message& message) const;
  std::vector<Remote> held_by_kernel(const State& s, model::Stack i) const;
  void look_before(const State& s, model::Stack i, const Verify& verify, std::vector<Input>& out) const;
  Incarnation life_of_next(const State& s) const;
  Definitions definitions_of(model::Stack i) const;
  void settle(State& s) const;
  void give_to_owner(State& s) const;

  Verdict route(State& s, model::Stack i, const Segment& segment, model::Stack choice) const;
  Way route_from_network(State& s, model::Stack first, std::uint8_t c, bool syn, model::Stack choice) const;
  bool taps(const State& s, model::Stack i, model::Stack from, bool syn) const;
  bool fence_admits(const State& s, model::Stack i, model::Stack from) const;
  void kernel_takes_syn(State& s, model::Stack i, std::uint8_t c, std::uint8_t instance) const;
  void kernel_aborts(State& s, model::Stack i, std::uint8_t c) const;
  void kernel_takes_data(State& s, model::Stack i, std::uint8_t c) const;

  const model::Rules& rules_;
  Mutant mutant_;
  Pools& pools_;
};

}  // namespace dvipa::refine
