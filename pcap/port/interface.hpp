#pragma once
// What the kernel says of a network interface, and its errors in words.
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "pcap/port/port.hpp"

namespace dvipa {

struct Interface {
  int index = 0;
  MacAddress mac;
  unsigned mtu = 0;  // bytes
  bool up = false;
};

// Asks in the network namespace of `socket_fd` (any socket). An error when there is no such interface, or when it is
// not Ethernet.
tl::expected<Interface, PortError> query_interface(int socket_fd, const std::string& name);

enum class LinkState { up, down, gone };
// By index, as the interface may have been replaced by another one of its name.
LinkState link_state(int socket_fd, int index);
// Empty when there is no such interface any more.
tl::expected<unsigned, PortError> query_mtu(int socket_fd, const std::string& name);

// "<what>: <errno in words>", with how to mend it where that is known.
PortError system_error(std::string_view what, int error_number);
PortError interface_missing(const std::string& name);
PortError interface_down(const std::string& name);

}  // namespace dvipa
