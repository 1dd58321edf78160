#pragma once
// Addresses of the vocabulary as the kernel wants them, both families.
#include <netinet/in.h>
#include <sys/socket.h>

#include "spec/vocabulary/connection.hpp"

namespace dvipa::load {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

// No address (::) stands for IPv6 "any", which takes IPv4 too.
SocketAddress socket_address(const Address& address, Port port);
Address address_of(const SocketAddress& from);
Port port_of(const SocketAddress& from);

}  // namespace dvipa::load
