#pragma once
// Hidden addresses (LST-2): DVIPAs that applications of this host can use and that it never advertises. Each is a
// /32 or /128 on `lo`; the sysctls keep the kernel from answering ARP for it. Plain rtnetlink: this is on the path of
// a takeover.
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

  // Idempotent. An address that is on `lo` already and is not ours is used as it is and never removed.
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

struct Sysctl {
  std::string path;  // below /proc/sys
  std::string value;
};

// What the frames' `interface` needs: addresses on `lo` neither answered nor announced by ARP there, and no reverse
// path filter between the path of requests (through the routing stack) and of replies (direct).
std::vector<Sysctl> sysctls_of_interface(const std::string& interface);
// What a TUN device needs that delivers segments whose source is routed elsewhere.
std::vector<Sysctl> sysctls_of_delivery(const std::string& tun);

// Sets each that has another value, after noting the old one; undo_all() restores it.
Result<void> set_sysctls(Journal& journal, const std::vector<Sysctl>& sysctls);

// For undo_all(): removes the address from `lo` if it bears our mark; fine when it is gone.
Result<void> remove_marked_address(Netlink& netlink, const Address& address);
Result<void> set_loopback(Netlink& netlink, bool up);
Result<void> restore_sysctl(const SysctlSet& change);

}  // namespace dvipa::kernel
