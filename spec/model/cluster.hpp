#pragma once
// What the stacks of the abstract cluster do: on a message, on a change of their view, and with a packet. A Cluster is
// a state together with the rules of the run; every function here changes the state at once and as a whole.
#include <boost/container/static_vector.hpp>

#include "spec/model/rules.hpp"
#include "spec/model/state.hpp"

namespace dvipa::model {

using Epochs = boost::container::static_vector<Epoch, kStacksMax + 2>;

class Cluster {
 public:
  Cluster(const Rules& rules, State& state) : rules_(rules), s_(state) {}

  // ownership.cpp: who owns (FLV, TKB, MOV) ---------------------------------------------------------------------------
  bool owns(Stack i) const { return owner_of(at(i).owning) == i; }
  bool claims(Stack i) const { return owner_of(at(i).claiming) == i; }
  bool hands_over(Stack i) const { return owns(i) && at(i).claiming != 0; }
  // The one of the two that the other has to give way to, as `by` knows their definitions (FLV-1, FLV-11).
  bool is_better(Stack a, Stack b, const StackState& by) const;
  // The stack that has to claim a DVIPA without an owner, as `i` sees it; nobody: there is no candidate.
  Stack successor(Stack i) const;
  bool may_claim_vacancy(Stack i) const;
  void claim_vacancy(Stack i);
  bool may_take_back(Stack i) const;
  void take_back(Stack i);
  bool may_move_to(Stack i) const;
  void move_to(Stack i);
  bool may_let_go(Stack i) const;
  void let_go(Stack i);
  bool may_depart(Stack i) const;
  void depart(Stack i);
  bool may_reactivate(Stack i) const;
  void reactivate(Stack i);

  // membership.cpp: views and the lives of stacks -------------------------------------------------------------------
  bool may_connect(Stack i, Stack j) const;
  void connect(Stack i, Stack j);
  bool may_exclude(Stack i, Stack j) const;
  void exclude(Stack i, Stack j);  // i's next view is without j
  bool may_get_ready(Stack i) const;
  void get_ready(Stack i);
  void crash(Stack i);
  void restart(Stack i);
  void wake(Stack i);

  // reports.cpp: what a message does --------------------------------------------------------------------------------
  void receive(Stack i, Stack from, unsigned n = 0);  // the n-th message of those that may come next
  // Whether the next message from there changes nothing at i, now and whenever it may be received.
  bool comes_in_vain(Stack i, Stack from) const;
  void send_list_again(Stack i) { announce(i); }
  void listen(Stack i, bool listening);
  void end_connection(Stack i, std::uint8_t c);
  Epochs told_by(Stack i) const;  // the epochs of those that hear of what begins and ends at i
  bool may_verify(Stack i, std::uint8_t c) const;
  void verify(Stack i, std::uint8_t c);

  // packets.cpp: what a packet does ---------------------------------------------------------------------------------
  // Where a packet from the network is routed: the owner that it reaches, if it reaches one that is up.
  struct Path {
    Stack router = nobody;
    bool refused = false;  // by a former owner (only when it does not relay)
    unsigned hops = 0;
  };
  Path path_of(Stack first) const;
  // A SYN arrives at `first`; `choice` is the target that the distribution method selects, where it is asked.
  bool asks_distribution(const Path& path, std::uint8_t c) const;
  void route_syn(const Path& path, std::uint8_t c, std::uint8_t instance, Stack choice);
  void route_data(const Path& path, std::uint8_t c);
  void accept_syn(const Frame& frame);
  bool fence_admits(Stack i, Epoch forwarder) const;

 private:
  StackState& at(Stack i) { return s_.stacks[i]; }
  const StackState& at(Stack i) const { return s_.stacks[i]; }
  bool drops(Deviation deviation) const { return rules_.drops(deviation); }
  void harm(Harm what) { s_.harm = static_cast<std::uint8_t>(s_.harm | static_cast<std::uint8_t>(what)); }
  template <class Do>
  void for_each(Stacks set, Do&& act) const {
    for (Stack j = 1; j <= rules_.stacks; ++j)
      if (has(set, j)) act(j);
  }
  template <class Do>
  void for_each_connection(Do&& act) const {
    for (std::uint8_t c = 0; c < rules_.connections; ++c) act(c);
  }

  bool across(Stack i, Stack j) const { return s_.cut == Cut::group && has(s_.far, i) != has(s_.far, j); }
  void send(Stack from, Stack to, const Message& message);
  Message list_of(Stack i) const;
  void announce(Stack i);
  void report(Stack i, Stack to, Epoch epoch);
  void tell(Stack i, MessageKind kind, std::uint8_t about, Stack except = nobody);

  Epoch next_epoch(Stack i) const;
  void advertise(Stack i);
  void start_owning(Stack i);
  void start_claiming(Stack i);
  void own_tables(Stack i);
  void purge_tables(Stack i);
  void step_down(Stack i);
  void complete(Stack i);
  void owner_lost(Stack i);
  void fall_back(Stack i);
  void claimant_lost(Stack i);
  void await(Stack i, Stack member);

  void on_list(Stack i, Stack from, const Message& list);
  void on_claiming(Stack i, Stack from, Epoch epoch);
  void on_owning(Stack i, Stack from, Epoch epoch);
  bool routes(Stack i) const;
  bool is_in_use(Stack i) const;
  bool is_rebuilding(Stack i) const;
  void on_rival(Stack i, Stack from, Epoch epoch);
  void on_report(Stack i, Stack from, const Message& message);
  void on_new_conn(Stack i, Stack from, const Message& message);
  void on_term_conn(Stack i, Stack from, std::uint8_t c);
  bool is_foretold(Stack i, std::uint8_t c) const;
  void on_take_over(Stack i, Stack from, Epoch epoch);
  void on_released(Stack i, Epoch epoch);

  bool may_answer_unmatched(Stack router) const;
  void forward_syn(Stack router, std::uint8_t c, std::uint8_t instance, Stack target, unsigned hops);
  bool hears_of(Stack j, Epoch epoch) const;
  template <class Of>
  bool will_take(Stack j, std::uint8_t c, Of&& of) const;
  void note_void_claim(const Frame& frame);
  void note_contest(Stack router, std::uint8_t c, Stack target);
  void forget_connections_of(Stack i, Stack j, bool outlived);
  void make_entry(Stack router, std::uint8_t c, Stack target);
  void report_routed(Stack router, std::uint8_t c);
  void open_half(Stack i, Stack from, std::uint8_t c, std::uint8_t instance);
  void reset(Stack by, std::uint8_t c);
  void refuse(Stack by, std::uint8_t c, std::uint8_t instance);
  void accept_data(Stack i, std::uint8_t c, Stack router);
  bool have_met(Stack i, Stack j) const;
  bool sees_present(Stack i, Stack j) const;  // j's present life is in i's view
  bool has_heard_all_of(Stack router, Stack i) const;

  const Rules& rules_;
  State& s_;
};

}  // namespace dvipa::model
