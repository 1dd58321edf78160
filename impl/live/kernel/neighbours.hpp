#pragma once
// Where this host's kernel believes its neighbours to be.
#include <string>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/netlink.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::kernel {

class Neighbours {
 public:
  // Of `interface`, which exists.
  static Result<Neighbours> open(const std::string& interface);

  // A kernel that has asked for a neighbour in vain asks again after a second. Forgets that it has asked, so that the
  // next packet asks at once; what is known, or was set by hand, stays. IPv4 only, as the bus is.
  void ask_anew(const Address& neighbour);

 private:
  Neighbours(Netlink netlink, int interface) : netlink_(std::move(netlink)), interface_(interface) {}
  Netlink netlink_;
  int interface_ = 0;
};

}  // namespace dvipa::kernel
