#pragma once
// All that a stack can want done. Effects are carried out in the order in which they are given.
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "impl/roles/vip_owner.hpp"
#include "impl/stack/input.hpp"

namespace dvipa {
namespace effect {

// To a member, or to the stack itself (a Verify and its answer): then it comes back as input::Received.
struct Send {
  StackId to;
  Message message;
};
struct Advertise {
  Address dvipa;
};  // answer ARP/ND for it, and say so unasked (RTE-2)
struct Withdraw {
  Address dvipa;
};
// As hidden address of this host (LST-2). Each is answered by input::AddressHeld, in the order in which they are given
// and before what LookForConnections finds that is given later.
struct HoldAddress {
  Address dvipa;
  bool active = false;
};
struct AcceptForwarder {
  Address dvipa;
  StackId forwarder;
};  // frames of the DVIPA from this member are let in
struct RefuseForwarder {
  Address dvipa;
  StackId forwarder;
};
// Carry out what was said of forwarders before, then find all connections of the DVIPA that exist on this host,
// half-open ones included, and give input::ConnectionsFound. That may take its time: nothing else waits for it.
struct LookForConnections {
  Address dvipa;
  Epoch epoch;  // of the report that waits for it
};
// These connections have another end on another stack, as the owner says; the ends here are left over, and no packet of
// a client will ever reach them: abort them (RTE-13). One that is gone by now is none's concern.
struct AbortConnections {
  Address dvipa;
  std::vector<Remote> remotes;
};
// Reset all connections of the DVIPA that live on this host (MOV-6).
struct BreakConnections {
  Address dvipa;
};
struct ArmTimer {
  Timer timer;
  std::uint32_t after_ms = 0;
};
struct CancelTimer {
  Timer timer;
};
struct ReleaseHeld {
  Address dvipa;
};  // packets with verdict `hold` are to be routed again
struct OwnershipChanged {
  Address dvipa;
  roles::OwnerState from{};
  roles::OwnerState to{};
  Epoch epoch;
  std::string_view requirement;  // of the row that fired
};
struct Rebuilt {
  Address dvipa;
  Epoch epoch;
  std::size_t connections = 0;
  std::size_t listeners = 0;
  bool complete = false;
};
struct ListenerKnown {
  Address dvipa;
  Port port = 0;
  StackId target;
  bool listening = false;
};  // the DPT changed
// To input::ActivationAsked.
struct ActivationAnswered {
  Address dvipa;
  enum class Answer : std::uint8_t {
    active,          // it is in use here, or will be before anything else happens
    moving,          // another stack has it; it moves here (MOV-2)
    not_configured,  // no definition and no VIPARANGE of this stack covers it
    disruptive,      // another stack has it, and lets nobody but an operator move it (MOV-6)
  } answer = Answer::active;
};
struct Ready {};  // every member's list is here, or there is no other member
struct Left {};   // nothing is owned any more; the process may stop

}  // namespace effect

std::string_view name_of(effect::ActivationAnswered::Answer answer);

using Effect = std::variant<effect::Send, effect::Advertise, effect::Withdraw, effect::HoldAddress,
                            effect::AcceptForwarder, effect::RefuseForwarder, effect::LookForConnections,
                            effect::AbortConnections, effect::BreakConnections, effect::ArmTimer, effect::CancelTimer,
                            effect::ReleaseHeld, effect::OwnershipChanged, effect::Rebuilt, effect::ListenerKnown,
                            effect::ActivationAnswered, effect::Ready, effect::Left>;
using Effects = std::vector<Effect>;

}  // namespace dvipa
