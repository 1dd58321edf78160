#pragma once
// Hidden addresses (LST-2): DVIPAs that applications of this host can use and that it never advertises. Each is a
// /32 or /128 on `lo`; sysctls_of_interface() keeps the kernel from answering ARP for it. Plain rtnetlink: this is on
// the path of a takeover. Linux 5.18 or later, for the mark that tells our addresses from others.
#include <memory>
#include <string>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/journal.hpp"
#include "impl/live/kernel/netlink.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::kernel {

class HiddenAddresses {
 public:
  // `journal` must outlive this. Brings `lo` up.
  static Result<HiddenAddresses> open(Journal& journal);

  // Idempotent. An address that is on `lo` already and is not ours is used as it is and never removed. When it returns,
  // the host takes what comes for the address; an IPv6 address can take some milliseconds.
  Result<void> activate(const Address& dvipa);
  // Idempotent; removes only what activate() added. Connections of the address stay, but their segments are no
  // longer delivered.
  Result<void> deactivate(const Address& dvipa);
  // True when the address is on `lo`, whoever added it.
  Result<bool> present(const Address& dvipa);

 private:
  HiddenAddresses(Journal& journal, Netlink netlink) : journal_(&journal), netlink_(std::move(netlink)) {}
  Journal* journal_;
  Netlink netlink_;
};

// For undo_all(): removes the address from `lo` if it bears our mark; fine when it is gone.
Result<void> remove_marked_address(Netlink& netlink, const Address& address);
// For undo_all(): takes `lo` down, but not from under others, who have put an address of theirs on it.
Result<void> lower_idle_loopback(Netlink& netlink);

}  // namespace dvipa::kernel
