#pragma once
// The part of one stack in the ownership of one DVIPA: bystander, backup, owner, and everything between (F Fig 5, 9,
// 10, 12). A value: copied, compared and hashed like any other; its transition table is in vip_owner.cpp.
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "impl/roles/row.hpp"
#include "spec/vocabulary/definitions.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::roles {

enum class OwnerState : std::uint8_t {
  bystander,     // no part in the DVIPA (LST-4)
  backup,        // may own it one day: a backup, or a primary that does not own it now (LST-3)
  rebuilding,    // owner; some member's report is still to come (FLV-3, FLV-5)
  active,        // owner; the tables are complete
  taking_back,   // collects reports while the present owner goes on (TKB-2)
  handing_over,  // owner; another collects reports to take over (TKB-1, TKB-5)
};
inline constexpr unsigned owner_state_count = 6;
std::string_view name_of(OwnerState state);

struct OwnerFacts {
  StackId self;
  Part part = Part::none;
  Epoch mine;        // of this stack's last claim
  Epoch newest;      // the newest that this stack has heard of
  StackId owner;     // who owns the DVIPA, as far as this stack knows
  StackId claimant;  // who is taking it over from `owner`
  Epoch claim;       // under which `claimant` does so
  auto operator<=>(const OwnerFacts&) const = default;
};

// Events. What they carry was worked out from the view and the members' lists.
struct PartGiven {};  // a definition makes this stack primary or backup
struct PartTaken {};  // no definition does so any more
struct OwnershipVacant {
  StackId successor;
};                       // nobody owns it; `successor` is next by rank (FLV-1)
struct OwnerPresent {};  // somebody else owns it, and nobody is taking it over
struct OwnerLeaving {
  StackId successor;
};                          // as before, and the owner wants to leave the group
struct ReportsComplete {};  // every member of the view has ended its report
struct ReportLimit {};      // the time for that is over (FLV-6)
struct Superseded {
  StackId owner;
  bool reclaims = false;  // this stack was taking it back, and now takes it back from that one
};                        // another stack owns it under a newer epoch, or ranks higher
struct RivalOwner {};     // another stack owns it too, under a newer epoch, and ranks lower (FLV-11)
struct RivalGone {};      // another stack owned it too, and has given way
struct MemberJoined {};   // a member joined whose report is not there yet
struct ClaimedByOther {
  StackId claimant;
  Epoch claim;
};
struct ClaimantLost {};  // it failed, left or gave up
struct TakeOverAsked {
  Epoch claim;
};  // the claimant has all reports (TKB-2)
struct OwnerReleased {
  Epoch claim;
  bool complete = true;  // no report is missing: nobody has joined since TAKEOVER
};                       // the former owner has let go (TKB-3)
struct OwnerLost {};     // the owner failed while this stack was taking over
struct GroupLeft {};     // this stack is done with the group

// What a transition asks of the stack, in this order.
enum class OwnerOrder : std::uint8_t {
  announce,          // send the VIPA list to everybody (LST-1, FLV-2)
  advertise,         // to the network (RTE-2)
  withdraw,          // no longer answer for the address
  await_reports,     // from every other member; arm the limit (FLV-6)
  await_newcomer,    // also from the member that joined
  take_own_report,   // this stack's own listeners and connections (RTE-7)
  clear_listeners,   // they will be reported again; connections are kept (F Fig 9 (210))
  purge_tables,      // DPT and CRT of the DVIPA (TKB-3)
  report_routes,     // all that is routed, to the claimant (TKB-1)
  surrender_routes,  // all that is routed, to the other owner (FLV-11)
  ask_release,       // TAKEOVER to the present owner
  send_released,     // RELEASED to the claimant
  end_rebuild,       // the limit is off; say how long it took
  release_held,      // packets that were held are routed again
};
using OwnerOrders = boost::container::static_vector<OwnerOrder, 8>;

class VipOwner {
 public:
  explicit VipOwner(StackId self) { facts.self = self; }

  OwnerState state() const { return state_; }
  bool owns() const {
    return state_ == OwnerState::rebuilding || state_ == OwnerState::active || state_ == OwnerState::handing_over;
  }

  // Takes one event. `orders` is what the stack has to do for it, in order; empty if no row applies.
  template <class Event>
  Outcome process(const Event& event, OwnerOrders& orders);

  auto operator<=>(const VipOwner&) const = default;

  OwnerFacts facts;  // kept true by the stack; only actions of the table change `mine`

 private:
  friend struct OwnerProbe;
  OwnerState state_ = OwnerState::bystander;
};

// The table as text, in the order in which it is written.
std::vector<RowText> owner_rows();

// For tests of the table: any state and event, and how many rows of the pair would apply.
struct OwnerProbe {
  static VipOwner in_state(OwnerState state, const OwnerFacts& facts);
  template <class Event>
  static int applicable_rows(const VipOwner& owner, const Event& event);
};

}  // namespace dvipa::roles
