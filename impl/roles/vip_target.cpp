// The transition table of a target. Guards of one state and event exclude each other; a test shows it.
#include "impl/roles/vip_target.hpp"

#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/state_machine_def.hpp>

#include "impl/roles/machine.hpp"
#include "impl/roles/spec_table.hpp"

namespace dvipa::roles {

// States.
struct Uninvolved : boost::msm::front::state<> {};
struct Candidate : boost::msm::front::state<> {};
struct Draining : boost::msm::front::state<> {};
struct Waiting : boost::msm::front::state<> {};

// Guards.
static constexpr auto always = [](const auto&, const TargetFacts&) { return true; };
static constexpr auto holds_connections = [](const auto&, const TargetFacts& facts) { return facts.holds_connections; };
static constexpr auto holds_none = [](const auto&, const TargetFacts& facts) { return !facts.holds_connections; };
static bool is_claiming(const NotNamed& event, const TargetFacts&) { return event.claiming; }
static bool owned_and_holds(const NotNamed& event, const TargetFacts& facts) {
  return !event.claiming && facts.holds_connections;
}
static bool owned_and_empty(const NotNamed& event, const TargetFacts& facts) {
  return !event.claiming && !facts.holds_connections;
}

// Actions.
static constexpr auto do_nothing = [](const auto&, TargetFacts&, TargetOrders&) {};
static constexpr auto report_all = [](const auto&, TargetFacts&, TargetOrders& orders) {
  orders = {TargetOrder::report_listeners, TargetOrder::report_connections, TargetOrder::end_report};
};
static constexpr auto report_connections = [](const auto&, TargetFacts&, TargetOrders& orders) {
  orders = {TargetOrder::report_connections, TargetOrder::end_report};
};
static constexpr auto end_report = [](const auto&, TargetFacts&, TargetOrders& orders) {
  orders = {TargetOrder::end_report};
};
static constexpr auto report_change = [](const auto&, TargetFacts&, TargetOrders& orders) {
  orders = {TargetOrder::report_change};
};

struct TargetDef : MachineFront<TargetDef, TargetFacts, TargetOrders> {
  using initial_state = Uninvolved;
  // clang-format off
  struct transition_table : SpecTable<
    //    requirement  in          on                 if                 do                  become
    Rule< "LST-2",     Uninvolved, Named,             always,            report_all,         Candidate  >,
    Rule< "TGT-5",     Uninvolved, NotNamed,          holds_none,        end_report,         Uninvolved >,
    Rule< "TGT-3",     Uninvolved, NotNamed,          holds_connections, report_connections, Draining   >,
    Rule< "TGT-3",     Uninvolved, ConnectionsOpened, always,            report_change,      Draining   >,
    Rule< "TGT-4",     Uninvolved, ConnectionsEnded,  always,            report_change,      Uninvolved >,

    Rule< "TGT-3",     Candidate,  Named,             always,            report_all,         Candidate  >,
    Rule< "TKB-2",     Candidate,  NotNamed,          is_claiming,       report_connections, Candidate  >,
    Rule< "FLV-4",     Candidate,  NotNamed,          owned_and_holds,   report_connections, Draining   >,
    Rule< "LST-4",     Candidate,  NotNamed,          owned_and_empty,   end_report,         Uninvolved >,
    Rule< "TGT-7",     Candidate,  OwnerGone,         always,            do_nothing,         Waiting    >,
    Rule< "TGT-1",     Candidate,  ListenerChanged,   always,            report_change,      Candidate  >,
    Rule< "TGT-3",     Candidate,  ConnectionsOpened, always,            report_change,      Candidate  >,
    Rule< "TGT-4",     Candidate,  ConnectionsEnded,  always,            report_change,      Candidate  >,

    Rule< "LST-2",     Draining,   Named,             always,            report_all,         Candidate  >,
    Rule< "TKB-2",     Draining,   NotNamed,          is_claiming,       report_connections, Draining   >,
    Rule< "FLV-4",     Draining,   NotNamed,          owned_and_holds,   report_connections, Draining   >,
    Rule< "LST-4",     Draining,   NotNamed,          owned_and_empty,   end_report,         Uninvolved >,
    Rule< "TGT-7",     Draining,   OwnerGone,         always,            do_nothing,         Waiting    >,
    Rule< "TGT-3",     Draining,   ConnectionsOpened, always,            report_change,      Draining   >,
    Rule< "TGT-4",     Draining,   ConnectionsEnded,  holds_connections, report_change,      Draining   >,
    Rule< "TGT-4",     Draining,   ConnectionsEnded,  holds_none,        report_change,      Uninvolved >,

    Rule< "TGT-7",     Waiting,    Named,             always,            report_all,         Candidate  >,
    Rule< "TKB-2",     Waiting,    NotNamed,          is_claiming,       report_connections, Draining   >,
    Rule< "FLV-4",     Waiting,    NotNamed,          owned_and_holds,   report_connections, Draining   >,
    Rule< "LST-4",     Waiting,    NotNamed,          owned_and_empty,   end_report,         Uninvolved >
  > {};
  // clang-format on
};

using TargetRunner = MachineRunner<TargetDef, TargetState, Uninvolved, Candidate, Draining, Waiting>;

template <class Event>
Outcome VipTarget::process(const Event& event, TargetOrders& orders) {
  orders.clear();
  return TargetRunner::run(state_, facts, orders, event);
}

VipTarget TargetProbe::in_state(TargetState state, const TargetFacts& facts) {
  VipTarget target;
  target.facts = facts;
  target.state_ = state;
  return target;
}

template <class Event>
int TargetProbe::applicable_rows(const VipTarget& target, const Event& event) {
  return TargetRunner::applicable_rows(target.state_, target.facts, event);
}

#define DVIPA_TARGET_EVENT(Event)                                          \
  template Outcome VipTarget::process<Event>(const Event&, TargetOrders&); \
  template int TargetProbe::applicable_rows<Event>(const VipTarget&, const Event&);
DVIPA_TARGET_EVENT(Named)
DVIPA_TARGET_EVENT(NotNamed)
DVIPA_TARGET_EVENT(OwnerGone)
DVIPA_TARGET_EVENT(ListenerChanged)
DVIPA_TARGET_EVENT(ConnectionsOpened)
DVIPA_TARGET_EVENT(ConnectionsEnded)
#undef DVIPA_TARGET_EVENT

std::string_view name_of(TargetState state) {
  static constexpr std::string_view names[] = {"uninvolved", "candidate", "draining", "waiting"};
  return names[static_cast<unsigned>(state)];
}

std::vector<RowText> target_rows() { return TargetRunner::rows(); }

}  // namespace dvipa::roles
