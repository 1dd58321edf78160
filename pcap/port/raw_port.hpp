#pragma once
// PacketPort over an AF_PACKET socket: TPACKET_V2 receive ring, sendmmsg, vnet headers both ways, so that all offloads
// of the interfaces stay on.
#include "pcap/port/port.hpp"

namespace dvipa {

struct RawPortOptions {
  // A frame that does not fit a slot (oversized segments) comes by way of the socket's queue instead.
  std::size_t slot_bytes = 2048;  // a power of two, 256 or more
  std::size_t slots = 4096;       // a power of two
  std::size_t queue_bytes_max =
      std::size_t{16} * 1024 * 1024;  // of frames longer than a slot; the kernel may hold less
};

// Needs CAP_NET_RAW; CAP_NET_ADMIN lets queue_bytes_max exceed the system's limit.
tl::expected<std::unique_ptr<PacketPort>, PortError> open_raw_port(const std::string& interface,
                                                                   const RawPortOptions& options = {});

}  // namespace dvipa
