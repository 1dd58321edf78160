#pragma once
// The multicast groups in which neighbours ask for IPv6 addresses (solicited-node, RFC 4291): an owner is a member of
// those of its DVIPAs, so that its network card and switches that look at MLD bring it the questions (RTE-2). The
// membership is a socket's: it ends with the process, whatever ends that.
#include <map>
#include <string>

#include "impl/live/kernel/failure.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::kernel {

class NeighbourGroups {
 public:
  // Of `interface`, which exists. On a host without IPv6 everything succeeds and does nothing.
  static Result<NeighbourGroups> open(const std::string& interface);
  NeighbourGroups(NeighbourGroups&& other) noexcept;
  NeighbourGroups& operator=(NeighbourGroups&&) = delete;
  NeighbourGroups(const NeighbourGroups&) = delete;
  NeighbourGroups& operator=(const NeighbourGroups&) = delete;
  ~NeighbourGroups();

  // Nothing to do for an IPv4 address. Addresses may share a group: it is left with the last of them. Idempotent.
  Result<void> join(const Address& dvipa);
  Result<void> leave(const Address& dvipa);

 private:
  NeighbourGroups(int socket, unsigned interface) : socket_(socket), interface_(interface) {}
  int socket_ = -1;
  unsigned interface_ = 0;
  std::map<Address, Address> joined_;  // DVIPA -> group
};

// ff02::1:ffXX:XXXX with the last three bytes of the address.
Address solicited_node_group(const Address& address);

}  // namespace dvipa::kernel
