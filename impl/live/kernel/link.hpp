#pragma once
// Network interfaces of this host, as far as they are ours to change.
#include <string>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/netlink.hpp"

namespace dvipa::kernel {

// `lo` has this index in every network namespace.
inline constexpr int loopback_index = 1;

Result<bool> loopback_is_up(Netlink& route);
Result<void> set_loopback(Netlink& route, bool up);

// Deletes the interface if it is a TUN device; fine when there is none of that name.
Result<void> remove_tun_device(Netlink& route, const std::string& name);

}  // namespace dvipa::kernel
