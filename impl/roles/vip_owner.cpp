// The transition table of ownership. Guards of one state and event exclude each other; a test shows it.
#include "impl/roles/vip_owner.hpp"

#include <algorithm>
#include <boost/msm/back/state_machine.hpp>
#include <boost/msm/front/state_machine_def.hpp>

#include "impl/roles/machine.hpp"
#include "impl/roles/spec_table.hpp"

namespace dvipa::roles {

// States.
struct Bystander : boost::msm::front::state<> {};
struct Backup : boost::msm::front::state<> {};
struct Rebuilding : boost::msm::front::state<> {};
struct Active : boost::msm::front::state<> {};
struct TakingBack : boost::msm::front::state<> {};
struct HandingOver : boost::msm::front::state<> {};

// Guards.
static constexpr auto always = [](const auto&, const OwnerFacts&) { return true; };
static constexpr auto is_successor = [](const auto& event, const OwnerFacts& facts) {
  return event.successor == facts.self;
};
static bool is_primary(const OwnerPresent&, const OwnerFacts& facts) { return facts.part == Part::primary; }
static bool is_newer(const ClaimedByOther& event, const OwnerFacts& facts) {
  return event.claim > (facts.claimant ? std::max(facts.mine, facts.claim) : facts.mine);
}
static bool is_from_claimant(const TakeOverAsked& event, const OwnerFacts& facts) {
  return facts.claimant && event.claim == facts.claim;
}
static bool is_complete(const OwnerReleased& event, const OwnerFacts& facts) {
  return event.claim == facts.mine && event.complete;
}
static bool misses_reports(const OwnerReleased& event, const OwnerFacts& facts) {
  return event.claim == facts.mine && !event.complete;
}

static bool reclaims(const Superseded& event, const OwnerFacts&) { return event.reclaims; }
static bool gives_up(const Superseded& event, const OwnerFacts&) { return !event.reclaims; }

// Actions.
static constexpr auto do_nothing = [](const auto&, OwnerFacts&, OwnerOrders&) {};

static void take_new_epoch(OwnerFacts& facts) { facts.mine = facts.newest = {facts.newest.counter + 1, facts.self}; }

// FLV-2: say so first, so that reports come while the network learns of it.
static constexpr auto claim_ownership = [](const auto&, OwnerFacts& facts, OwnerOrders& orders) {
  take_new_epoch(facts);
  facts.owner = facts.self;
  facts.claimant = nobody;
  orders = {OwnerOrder::clear_listeners, OwnerOrder::await_reports, OwnerOrder::announce, OwnerOrder::take_own_report,
            OwnerOrder::advertise};
};

// FLV-11: a SYN given to a target may never have arrived there, and the rival may have given it to another since. The
// targets know.
static constexpr auto claim_anew = [](const auto& event, OwnerFacts& facts, OwnerOrders& orders) {
  claim_ownership(event, facts, orders);
  orders.insert(orders.begin(), OwnerOrder::purge_tables);
};

static constexpr auto ask_for_reports = [](const auto&, OwnerFacts& facts, OwnerOrders& orders) {
  take_new_epoch(facts);
  facts.claimant = facts.self;
  facts.claim = facts.mine;
  orders = {OwnerOrder::purge_tables, OwnerOrder::await_reports, OwnerOrder::announce, OwnerOrder::take_own_report};
};

static constexpr auto await_newcomer = [](const auto&, OwnerFacts&, OwnerOrders& orders) {
  orders = {OwnerOrder::await_newcomer};
};

static constexpr auto complete_rebuild = [](const auto&, OwnerFacts&, OwnerOrders& orders) {
  orders = {OwnerOrder::end_rebuild, OwnerOrder::release_held};
};

static void hand_over(const ClaimedByOther& event, OwnerFacts& facts, OwnerOrders& orders) {
  facts.claimant = event.claimant;
  facts.claim = event.claim;
  orders = {OwnerOrder::report_routes};
}

// The network may have learned the other's address since.
static constexpr auto advertise_again = [](const auto&, OwnerFacts&, OwnerOrders& orders) {
  orders = {OwnerOrder::advertise};
};

static constexpr auto ask_release = [](const auto&, OwnerFacts&, OwnerOrders& orders) {
  orders = {OwnerOrder::end_rebuild, OwnerOrder::ask_release};
};

static void take_over(const OwnerReleased&, OwnerFacts& facts, OwnerOrders& orders) {
  facts.owner = facts.self;
  facts.claimant = nobody;
  orders = {OwnerOrder::end_rebuild, OwnerOrder::announce, OwnerOrder::advertise, OwnerOrder::release_held};
}

// FLV-6: what the newcomer holds is still to be heard; the limit of time for that is armed.
static void take_over_early(const OwnerReleased&, OwnerFacts& facts, OwnerOrders& orders) {
  facts.owner = facts.self;
  facts.claimant = nobody;
  orders = {OwnerOrder::announce, OwnerOrder::advertise};
}

// TKB-6 rests on this order. TKB-3: all are told, for the claimant may fail before it tells them. TKB-4: what still
// comes here is sent on to it.
static void release(const TakeOverAsked&, OwnerFacts& facts, OwnerOrders& orders) {
  orders = {OwnerOrder::end_rebuild,  OwnerOrder::withdraw,     OwnerOrder::send_released,
            OwnerOrder::purge_tables, OwnerOrder::release_held, OwnerOrder::announce};
  facts.owner = facts.claimant;
  facts.claimant = nobody;
}

static void step_down(const Superseded& event, OwnerFacts& facts, OwnerOrders& orders) {
  facts.owner = event.owner;
  facts.claimant = nobody;
  orders = {OwnerOrder::surrender_routes, OwnerOrder::end_rebuild, OwnerOrder::withdraw,
            OwnerOrder::purge_tables,     OwnerOrder::announce,    OwnerOrder::release_held};
}

static void give_up_claim(const Superseded& event, OwnerFacts& facts, OwnerOrders& orders) {
  facts.owner = event.owner;
  facts.claimant = nobody;
  orders = {OwnerOrder::end_rebuild, OwnerOrder::purge_tables, OwnerOrder::announce, OwnerOrder::release_held};
}

// TKB-7: in one step, for an owner that heard of no claimant in between would claim the DVIPA anew; of two that do not
// see each other one would then supersede the claim through the other without end.
static void reclaim(const Superseded& event, OwnerFacts& facts, OwnerOrders& orders) {
  facts.owner = event.owner;
  ask_for_reports(event, facts, orders);
}

static void leave_ownership(const GroupLeft&, OwnerFacts& facts, OwnerOrders& orders) {
  if (facts.owner == facts.self) facts.owner = nobody;
  orders = {OwnerOrder::end_rebuild, OwnerOrder::withdraw, OwnerOrder::purge_tables};
}

struct OwnerDef : MachineFront<OwnerDef, OwnerFacts, OwnerOrders> {
  using initial_state = Bystander;
  // clang-format off
  struct transition_table : SpecTable<
    //    requirement  in           on               if                do                  become
    Rule< "CFG-2",     Bystander,   PartGiven,       always,           do_nothing,         Backup      >,
    Rule< "LST-4",     Backup,      PartTaken,       always,           do_nothing,         Bystander   >,
    Rule< "FLV-1",     Backup,      OwnershipVacant, is_successor,     claim_ownership,    Rebuilding  >,
    Rule< "TKB-1",     Backup,      OwnerPresent,    is_primary,       ask_for_reports,    TakingBack  >,
    Rule< "MOV-7",     Backup,      OwnerLeaving,    is_successor,     ask_for_reports,    TakingBack  >,
    Rule< "MOV-7",     Backup,      GroupLeft,       always,           do_nothing,         Bystander   >,

    Rule< "TKB-2",     TakingBack,  ReportsComplete, always,           ask_release,        TakingBack  >,
    Rule< "FLV-6",     TakingBack,  ReportLimit,     always,           ask_release,        TakingBack  >,
    Rule< "TKB-2",     TakingBack,  OwnerReleased,   is_complete,      take_over,          Active      >,
    Rule< "FLV-11",    TakingBack,  OwnerReleased,   misses_reports,   take_over_early,    Rebuilding  >,
    Rule< "TKB-7",     TakingBack,  OwnerLost,       always,           claim_ownership,    Rebuilding  >,
    Rule< "FLV-11",    TakingBack,  MemberJoined,    always,           await_newcomer,     TakingBack  >,
    Rule< "FLV-10",    TakingBack,  Superseded,      gives_up,         give_up_claim,      Backup      >,
    Rule< "TKB-7",     TakingBack,  Superseded,      reclaims,         reclaim,            TakingBack  >,
    Rule< "MOV-7",     TakingBack,  GroupLeft,       always,           leave_ownership,    Bystander   >,

    Rule< "FLV-6",     Rebuilding,  ReportsComplete, always,           complete_rebuild,   Active      >,
    Rule< "FLV-6",     Rebuilding,  ReportLimit,     always,           complete_rebuild,   Active      >,
    Rule< "FLV-11",    Rebuilding,  MemberJoined,    always,           await_newcomer,     Rebuilding  >,
    Rule< "TKB-1",     Rebuilding,  ClaimedByOther,  is_newer,         hand_over,          HandingOver >,
    Rule< "FLV-10",    Rebuilding,  Superseded,      always,           step_down,          Backup      >,
    Rule< "FLV-11",    Rebuilding,  RivalOwner,      always,           claim_anew,         Rebuilding  >,
    Rule< "FLV-11",    Rebuilding,  RivalGone,       always,           advertise_again,    Rebuilding  >,
    Rule< "MOV-7",     Rebuilding,  GroupLeft,       always,           leave_ownership,    Bystander   >,

    Rule< "FLV-11",    Active,      MemberJoined,    always,           await_newcomer,     Rebuilding  >,
    Rule< "TKB-1",     Active,      ClaimedByOther,  is_newer,         hand_over,          HandingOver >,
    Rule< "FLV-10",    Active,      Superseded,      always,           step_down,          Backup      >,
    Rule< "FLV-11",    Active,      RivalOwner,      always,           claim_anew,         Rebuilding  >,
    Rule< "FLV-11",    Active,      RivalGone,       always,           advertise_again,    Active      >,
    Rule< "MOV-7",     Active,      GroupLeft,       always,           leave_ownership,    Bystander   >,

    Rule< "TKB-3",     HandingOver, TakeOverAsked,   is_from_claimant, release,            Backup      >,
    Rule< "FLV-6",     HandingOver, ReportsComplete, always,           complete_rebuild,   HandingOver >,
    Rule< "FLV-6",     HandingOver, ReportLimit,     always,           complete_rebuild,   HandingOver >,
    Rule< "FLV-11",    HandingOver, MemberJoined,    always,           await_newcomer,     HandingOver >,
    Rule< "TKB-1",     HandingOver, ClaimedByOther,  is_newer,         hand_over,          HandingOver >,
    Rule< "TKB-7",     HandingOver, ClaimantLost,    always,           claim_ownership,    Rebuilding  >,
    Rule< "FLV-10",    HandingOver, Superseded,      always,           step_down,          Backup      >,
    Rule< "FLV-11",    HandingOver, RivalOwner,      always,           claim_anew,         Rebuilding  >,
    Rule< "FLV-11",    HandingOver, RivalGone,       always,           advertise_again,    HandingOver >,
    Rule< "MOV-7",     HandingOver, GroupLeft,       always,           leave_ownership,    Bystander   >
  > {};
  // clang-format on
};

using OwnerRunner = MachineRunner<OwnerDef, OwnerState, Bystander, Backup, Rebuilding, Active, TakingBack, HandingOver>;

template <class Event>
Outcome VipOwner::process(const Event& event, OwnerOrders& orders) {
  orders.clear();
  return OwnerRunner::run(state_, facts, orders, event);
}

VipOwner OwnerProbe::in_state(OwnerState state, const OwnerFacts& facts) {
  VipOwner owner(facts.self);
  owner.facts = facts;
  owner.state_ = state;
  return owner;
}

template <class Event>
int OwnerProbe::applicable_rows(const VipOwner& owner, const Event& event) {
  return OwnerRunner::applicable_rows(owner.state_, owner.facts, event);
}

#define DVIPA_OWNER_EVENT(Event)                                         \
  template Outcome VipOwner::process<Event>(const Event&, OwnerOrders&); \
  template int OwnerProbe::applicable_rows<Event>(const VipOwner&, const Event&);
DVIPA_OWNER_EVENT(PartGiven)
DVIPA_OWNER_EVENT(PartTaken)
DVIPA_OWNER_EVENT(OwnershipVacant)
DVIPA_OWNER_EVENT(OwnerPresent)
DVIPA_OWNER_EVENT(OwnerLeaving)
DVIPA_OWNER_EVENT(ReportsComplete)
DVIPA_OWNER_EVENT(ReportLimit)
DVIPA_OWNER_EVENT(Superseded)
DVIPA_OWNER_EVENT(RivalOwner)
DVIPA_OWNER_EVENT(RivalGone)
DVIPA_OWNER_EVENT(MemberJoined)
DVIPA_OWNER_EVENT(ClaimedByOther)
DVIPA_OWNER_EVENT(ClaimantLost)
DVIPA_OWNER_EVENT(TakeOverAsked)
DVIPA_OWNER_EVENT(OwnerReleased)
DVIPA_OWNER_EVENT(OwnerLost)
DVIPA_OWNER_EVENT(GroupLeft)
#undef DVIPA_OWNER_EVENT

std::string_view name_of(OwnerState state) {
  static constexpr std::string_view names[] = {"bystander", "backup",      "rebuilding",
                                               "active",    "taking_back", "handing_over"};
  return names[static_cast<unsigned>(state)];
}

std::vector<RowText> owner_rows() { return OwnerRunner::rows(); }

}  // namespace dvipa::roles
