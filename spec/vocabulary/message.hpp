#pragma once
// The messages that stacks exchange over the bus. Sender and incarnation belong to the bus, not to the message.
// Every message about one DVIPA names the epoch of ownership that it speaks of (FLV-10).
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "spec/vocabulary/definitions.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa {

// What the sender of a list says of its own ownership of a DVIPA.
enum class Claim : std::uint8_t {
  none = 0,      // not the owner; `epoch` is the newest that it knows
  claiming = 1,  // takes it over from a present owner that goes on until the reports are complete (TKB-2)
  owning = 2,    // owns it, under `epoch` (FLV-2)
};

// A distribution that the sender has heard of, as a candidate target or for the day of failure (LST-3).
struct StoredDistribution {
  Epoch epoch;  // under which its owner used it
  Distribution distribution;
  auto operator<=>(const StoredDistribution&) const = default;
};

// One DVIPA in a VIPA list: the sender's definition, or only its knowledge of the epoch (part none).
struct ListEntry {
  DvipaDefinition definition;
  Claim claim = Claim::none;
  Epoch epoch;
  // While it knows of no owner: for a backup that was not there when the owner was.
  std::optional<StoredDistribution> stored{};
  auto operator<=>(const ListEntry&) const = default;
};

// The complete list of its sender (LST-1); a DVIPA that it does not name is one in which the sender has no part.
struct VipaList {
  std::vector<ListEntry> entries;  // ascending by address
  auto operator<=>(const VipaList&) const = default;
};

// The last listener of a port ended, or the first one started (TGT-1, TGT-2).
struct SrvStat {
  Address dvipa;
  Epoch epoch;
  Port port = 0;
  bool listening = false;
  auto operator<=>(const SrvStat&) const = default;
};

// Connections that the sender holds (TGT-3, TGT-6), or that it routes to `target` (TKB-1, TKB-5).
struct NewConn {
  Address dvipa;
  Epoch epoch;
  StackId target;
  std::vector<Remote> remotes;
  Incarnation life = 0;    // of another target than the sender; 0: not said
  bool inherited = false;  // by the sender, from a process before it, while its host lived (RTE-13)
  auto operator<=>(const NewConn&) const = default;
};

// Connections that have ended at the sender (TGT-4); from the owner, those that the receiver holds in vain (RTE-13).
struct TermConn {
  Address dvipa;
  Epoch epoch;
  std::vector<Remote> remotes;
  auto operator<=>(const TermConn&) const = default;
};

// The sender has reported all that it had to report under this epoch (TGT-5).
struct EndOfReport {
  Address dvipa;
  Epoch epoch;
  auto operator<=>(const EndOfReport&) const = default;
};

// To the present owner: the claimant's reports are complete; let go (TKB-2).
struct TakeOver {
  Address dvipa;
  Epoch epoch;
  auto operator<=>(const TakeOver&) const = default;
};

// From the former owner: nothing more is routed or advertised here, and all that was routed is reported (TKB-3, TKB-5).
struct Released {
  Address dvipa;
  Epoch epoch;
  auto operator<=>(const Released&) const = default;
};

// The owner asks which of these the receiver still holds; the answer names those that it does not (RTE-11).
struct Verify {
  Address dvipa;
  Epoch epoch;
  std::vector<Remote> remotes;
  auto operator<=>(const Verify&) const = default;
};
struct NotHeld {
  Address dvipa;
  Epoch epoch;
  std::vector<Remote> remotes;
  auto operator<=>(const NotHeld&) const = default;
};

// The sender wants the receiver's VIPA list again: it stood still, and does not know what it has missed (FLV-9).
struct ListAsked {
  auto operator<=>(const ListAsked&) const = default;
};

// How much more the sender's host can do, for distribution by reported weights (RTE-8). About the host, not about one
// DVIPA: it belongs to no epoch. Sent to every member when it has changed, and to one that joins.
struct Capacity {
  std::uint16_t weight = 1;  // 1-65535; only its ratio to the other targets' means something
  auto operator<=>(const Capacity&) const = default;
};

// Clients whose next connection is to go to `target` (TIMEDAFFINITY), by their address and the port of the DVIPA that
// they know: what the sender has routed, or served itself.
struct Affinity {
  Address dvipa;
  Epoch epoch;
  StackId target;
  std::vector<Remote> remotes;  // client_port is 0
  auto operator<=>(const Affinity&) const = default;
};

// The sender leaves the group in good order: its next view will be without it, and its owned DVIPAs go to their
// backups with the sender still routing (MOV-7).
struct Leaving {
  auto operator<=>(const Leaving&) const = default;
};

using Message = std::variant<VipaList, SrvStat, NewConn, TermConn, EndOfReport, TakeOver, Released, Verify, NotHeld,
                             Leaving, Capacity, Affinity, ListAsked>;

}  // namespace dvipa
