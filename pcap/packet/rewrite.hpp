#pragma once
// The two changes that forwarding at layer 2 makes to a frame, in place (RTE-9).
#include <cstdint>
#include <span>

#include "pcap/packet/frame.hpp"

namespace dvipa {

// The frame has at least 14 bytes (asserted).
void rewrite_macs(std::span<std::uint8_t> frame, const MacAddress& destination, const MacAddress& source);

// Decrements the TTL (with the IPv4 header checksum, RFC 1624) or the hop limit. False, and nothing changed, when it
// would expire: it is 1 or 0. `parsed` is of this frame and of IPv4 or IPv6 (asserted).
bool decrement_ttl(std::span<std::uint8_t> frame, const ParsedFrame& parsed);

}  // namespace dvipa
