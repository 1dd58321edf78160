#pragma once
// A TUN device through which frames that the port took are given to the kernel of this host: to its listeners when the
// routing stack is a target itself (RTE-7), and for conventional processing (RTE-5).
#include <cstdint>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/packet/frame.hpp"
#include "pcap/port/descriptor.hpp"
#include "pcap/port/port.hpp"

namespace dvipa {

struct TunStats {
  std::uint64_t delivered = 0;  // taken by the kernel
  std::uint64_t refused = 0;    // not: device down, no memory, frame that is no IP packet
  int last_errno = 0;           // of the last refusal; 0: none yet, or the frame was no IP packet
};

class TunDevice {
 public:
  // Creates the device (at most 15 characters), brings it up, and sets rp_filter=0 and accept_local=1 for it, as its
  // packets come from anywhere, this host included. It ends with the process or object. Needs CAP_NET_ADMIN and
  // /dev/net/tun.
  static tl::expected<TunDevice, PortError> open(const std::string& name);

  // Writes the IP packet of the frame, with its vnet header, into the kernel. False when it was refused (counted).
  // Never blocks. `parsed` is of this frame.
  bool deliver(const Frame& frame, const ParsedFrame& parsed);

  const TunStats& stats() const { return stats_; }
  const std::string& name() const { return name_; }

 private:
  TunDevice(Descriptor fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}
  Descriptor fd_;
  std::string name_;
  TunStats stats_;
};

// Settings of this host that would make the kernel drop what a TunDevice delivers, one line each with how to mend it:
// net.ipv4.conf.all.rp_filter counts for every interface if it is greater than the interface's own.
std::vector<std::string> local_delivery_obstacles(const std::string& tun_name);

}  // namespace dvipa
