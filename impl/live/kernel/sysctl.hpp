#pragma once
// Settings of the kernel's network stack below /proc/sys/net, of the calling thread's network namespace.
#include <string>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/journal.hpp"

namespace dvipa::kernel {

struct Sysctl {
  std::string path;  // below /proc/sys
  long value = 0;
  bool or_greater = false;  // a greater value serves as well and is left
};

// What the frames' `interface` needs: addresses on `lo` neither answered nor announced by ARP there, and no reverse
// path filter, for requests come by the routing stack and replies go straight to the client. IPv6 needs none of
// this: it answers neighbour solicitations only for addresses of the interface itself, and has no such filter.
std::vector<Sysctl> sysctls_of_interface(const std::string& interface);
// What a TUN device needs that delivers packets whose source is routed elsewhere, and that nobody else is on.
std::vector<Sysctl> sysctls_of_delivery(const std::string& tun);

// Sets each that has another value, after noting the old one; undo_all() restores it.
Result<void> set_sysctls(Journal& journal, const std::vector<Sysctl>& sysctls);

// For undo_all(): puts the old value back if the one that we set still stands; fine when the setting is gone.
Result<void> restore_sysctl(const SysctlSet& change);

}  // namespace dvipa::kernel
