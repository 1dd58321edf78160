#pragma once
// The part of one stack as a target of one DVIPA: whether it holds the hidden address, and what it reports to whom
// (F Fig 6, Fig 8, P Fig 5). A value; its transition table is in vip_target.cpp.
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <string_view>
#include <vector>

#include "impl/roles/row.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::roles {

enum class TargetState : std::uint8_t {
  uninvolved,  // not a candidate, and holds no connection of the DVIPA
  candidate,   // named by the list of the stack that it reports to (LST-2)
  draining,    // no longer named, but some connections live here yet
  waiting,     // its owner is gone; the next list will tell (TGT-7)
};
inline constexpr unsigned target_state_count = 4;
std::string_view name_of(TargetState state);

struct TargetFacts {
  bool holds_connections = false;  // of the DVIPA, on this host
  auto operator<=>(const TargetFacts&) const = default;
};

// Events. `claiming`: the list is of a stack that takes over while the present owner goes on (TKB-2).
struct Named {
  bool claiming = false;
};  // a list names this stack as candidate
struct NotNamed {
  bool claiming = false;
};                    // a list came, and it does not
struct OwnerGone {};  // whom this stack reported to has left or failed
struct ListenerChanged {};
struct ConnectionsOpened {};
struct ConnectionsEnded {};

// What a transition asks of the stack, in this order.
enum class TargetOrder : std::uint8_t {
  report_listeners,    // SRVSTAT for each (TGT-1)
  report_connections,  // NEWCONN for all (TGT-3)
  end_report,          // (TGT-5)
  report_change,       // what the event was about: SRVSTAT, NEWCONN or TERMCONN
};
using TargetOrders = boost::container::static_vector<TargetOrder, 4>;

class VipTarget {
 public:
  TargetState state() const { return state_; }
  bool holds_address() const { return state_ != TargetState::uninvolved; }

  template <class Event>
  Outcome process(const Event& event, TargetOrders& orders);

  auto operator<=>(const VipTarget&) const = default;

  TargetFacts facts;  // kept true by the stack

 private:
  friend struct TargetProbe;
  TargetState state_ = TargetState::uninvolved;
};

std::vector<RowText> target_rows();

struct TargetProbe {
  static VipTarget in_state(TargetState state, const TargetFacts& facts);
  template <class Event>
  static int applicable_rows(const VipTarget& target, const Event& event);
};

}  // namespace dvipa::roles
