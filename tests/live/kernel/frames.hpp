#pragma once
// Frames to e0, as its peer e1 on the wire sends them. Made here byte by byte, apart from the product's own packets.
#include <cstdint>
#include <vector>

#include "impl/live/kernel/fence.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::kernel::test {

using Bytes = std::vector<std::uint8_t>;

inline constexpr MacAddress mac_of_e0{2, 0, 0, 0, 0, 0xe0};

// One UDP datagram of one byte, either family.
Bytes udp_frame(const MacAddress& from, const Address& destination, Port port, const Address& source,
                std::uint8_t content);
// A TCP SYN, IPv4.
Bytes syn_frame(const MacAddress& from, const Address& destination, Port port, const Address& source, Port source_port);

// A non-blocking packet socket (ETH_P_ALL) on the interface.
int packet_socket(const char* interface);
void send_from_peer(const Bytes& frame);

}  // namespace dvipa::kernel::test
