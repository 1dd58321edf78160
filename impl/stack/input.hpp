#pragma once
// All that can happen to a stack. The live shell observes these, the world draws them, a checker enumerates them.
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "spec/vocabulary/message.hpp"

namespace dvipa {

// What a timer is for; one of each kind at a time, `report_limit` one for each DVIPA.
struct Timer {
  enum class Kind : std::uint8_t {
    join,          // time for other members to show up after the start
    list_limit,    // a member that has not sent its list by now does not know this protocol (LST-6)
    report_limit,  // of a rebuild (FLV-6)
    leave_limit,   // of a hand-over before leaving (MOV-7)
    ageing,        // next slice of the CRTs (RTE-11)
  } kind = Kind::join;
  Address dvipa;  // of `report_limit`
  auto operator<=>(const Timer&) const = default;
};

namespace input {

struct Started {  // definitions are set; the bus begins to look for members
  Incarnation incarnation = 0;
};
struct DefinitionsSet {
  Definitions definitions;
};
struct MemberUp {
  StackId member;
  Incarnation incarnation = 0;
};
struct MemberDown {
  StackId member;
  bool silent = false;  // nothing is heard of it; it may live, and only the bus to it be cut
};
// Before a Verify is given to the stack, what it asks about has to be up to date: see ConnectionsOpened and -Ended.
struct Received {
  StackId from;
  Message message;
};
// `local` is the address that the application is bound to, or the wildcard of a family (TGT-1). Given once for the
// first listener of (local, port) and once for the end of the last one (TGT-2).
struct ListenerChanged {
  Address local;
  Port port = 0;
  bool listening = false;
};
// Connections with the DVIPA as local address that exist on this host, whoever opened them; those that are new to the
// stack are reported (TGT-3).
struct ConnectionsOpened {
  Address dvipa;
  std::vector<Remote> remotes;
};
// The answer to effect::HoldAddress: whether the host has the address now. Until it has, no listener on it is reported,
// for the host would refuse what comes (LST-2, TGT-1).
struct AddressHeld {
  Address dvipa;
  bool held = false;
};
// The answer to effect::LookForConnections; the report is complete with it (TGT-5).
struct ConnectionsFound {
  Address dvipa;
  Epoch epoch;
  std::vector<Remote> remotes;
};
// A connection that a client opened: it came by the owner, which knows of it.
struct ConnectionAccepted {
  Connection connection;
};
struct ConnectionsEnded {
  Address dvipa;
  std::vector<Remote> remotes;
};
// route() said `report`: give this before the packet is sent (TKB-5), or as soon as it is seen (TGT-6).
struct RouteReported {
  Connection connection;
  StackId target;
};
struct TimerFired {
  Timer timer;
};
// This stack did not run for longer than the detection time: others may own by now what it owned (FLV-9).
struct Resumed {};
// An application is about to bind to an address, or an operator asks for it (CFG-5, MOV-1, MOV-2). The answer is
// effect::ActivationAnswered.
struct ActivationAsked {
  Address dvipa;
  bool by_operator = false;  // who may break a DISRUPTIVE one's connections (MOV-6)
};
// Seen on the segment: `member` says to everybody there that it has the DVIPA, while the bus does not reach it
// (FLV-11).
struct RivalHeard {
  Address dvipa;
  StackId member;
};
// It does not answer for the DVIPA any more.
struct RivalSilent {
  Address dvipa;
};
// What this host can do more, 1-65535: hundredths of a processor that a further process would get (RTE-8).
struct CapacityMeasured {
  std::uint16_t weight = 1;
};
// An operator or a policy agent sets the weight of a target, 0-255; none: as the distribution says (RTE-8).
struct WeightOrdered {
  Address dvipa;
  StackId target;
  std::optional<std::uint16_t> weight;
};
struct LeaveAsked {};  // hand over, then effect::Left

}  // namespace input

using Input =
    std::variant<input::Started, input::DefinitionsSet, input::MemberUp, input::MemberDown, input::Received,
                 input::ListenerChanged, input::AddressHeld, input::ConnectionsOpened, input::ConnectionsFound,
                 input::ConnectionAccepted, input::ConnectionsEnded, input::RouteReported, input::TimerFired,
                 input::Resumed, input::LeaveAsked, input::ActivationAsked, input::CapacityMeasured,
                 input::WeightOrdered, input::RivalHeard, input::RivalSilent>;

}  // namespace dvipa
