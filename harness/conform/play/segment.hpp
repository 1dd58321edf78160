#pragma once
// Who says on the segment that an address is his (RTE-2): asked by ARP, of everybody on either part of it, so that no
// client learns from the answers.
#include <chrono>
#include <memory>
#include <set>
#include <vector>

#include "harness/lab/lab.hpp"
#include "pcap/port/port.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::conform {

class Segment {
 public:
  static lab::Result<Segment> open(lab::Lab& lab);

  // The stacks that answer within `limit`, for an IPv4 address.
  std::set<StackId> holders(const Address& address, std::chrono::milliseconds limit);

 private:
  void hear(PacketPort& part, const Address& address, std::set<StackId>& holders) const;

  std::map<std::string, StackId> stack_at_;  // MAC address -> stack
  std::vector<std::unique_ptr<PacketPort>> parts_;
};

// Whom each client takes for the one that has the address, by its neighbour table; not who has never asked.
lab::Result<std::map<std::string, StackId>> neighbours_of_clients(lab::Lab& lab, const Address& address);

}  // namespace dvipa::conform
