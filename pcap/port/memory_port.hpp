#pragma once
// Two PacketPorts joined by memory: what one sends, the other receives. For tests and virtual labs.
#include <utility>

#include "pcap/port/port.hpp"

namespace dvipa {

struct MemoryPortOptions {
  MacAddress mac_a{{2, 0, 0, 0, 0, 0xa}};
  MacAddress mac_b{{2, 0, 0, 0, 0, 0xb}};
  unsigned mtu = 1500;
  std::size_t queue_frames_max = 4096;  // each way; more are counted as receive_dropped
};

// Names are "memory-a" and "memory-b". A peer that is destroyed is an interface that is removed. Not thread-safe: both
// belong to one thread.
tl::expected<std::pair<std::unique_ptr<PacketPort>, std::unique_ptr<PacketPort>>, PortError> open_memory_ports(
    const MemoryPortOptions& options = {});

}  // namespace dvipa
