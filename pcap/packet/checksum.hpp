#pragma once
// Internet checksums (RFC 1071) over frames.
#include <cstdint>
#include <span>

#include "pcap/packet/frame.hpp"

namespace dvipa {

// One's complement sum of 16-bit words in network order, folded to 16 bits, not complemented. `initial` is a sum to go
// on from.
std::uint16_t internet_sum(std::span<const std::uint8_t> bytes, std::uint32_t initial = 0);
// The folded sum of the IPv4 or IPv6 pseudo header. Addresses are of one family.
std::uint16_t pseudo_header_sum(const Address& source, const Address& destination, std::uint8_t protocol,
                                std::uint32_t length_bytes);

// True when the IPv4 header checksum is right.
bool ipv4_header_checksum_valid(std::span<const std::uint8_t> frame, const ParsedFrame& parsed);
// True when the TCP, UDP, ICMP or ICMPv6 checksum is right (or is none: UDP over IPv4 with zero, other protocols,
// fragments, which cannot be checked alone).
bool transport_checksum_valid(std::span<const std::uint8_t> frame, const ParsedFrame& parsed);
// Writes the IPv4 header checksum and the TCP, UDP, ICMP or ICMPv6 checksum; leaves fragments' transport alone.
void write_checksums(std::span<std::uint8_t> frame, const ParsedFrame& parsed);

}  // namespace dvipa
