// The changes of forwarding, in place.
#include "pcap/packet/rewrite.hpp"

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/invariant.hpp"

namespace dvipa {

void rewrite_macs(std::span<std::uint8_t> frame, const MacAddress& destination, const MacAddress& source) {
  require(frame.size() >= 14, "a frame has an Ethernet header");
  bytes::write_mac(frame, 0, destination);
  bytes::write_mac(frame, 6, source);
}

bool decrement_ttl(std::span<std::uint8_t> frame, const ParsedFrame& parsed) {
  require(parsed.network != NetworkProtocol::arp && parsed.packet_end <= frame.size(), "the parsed IP frame itself");
  const std::size_t at = parsed.network_offset;
  if (parsed.ttl <= 1) return false;
  if (parsed.network == NetworkProtocol::ipv6) {
    --frame[at + 7];
    return true;
  }
  // RFC 1624 equation 3: HC' = ~(~HC + ~m + m') for the word of TTL and protocol.
  const std::uint16_t before = bytes::read16(frame, at + 8);
  --frame[at + 8];
  const std::uint16_t after = bytes::read16(frame, at + 8);
  std::uint32_t sum = static_cast<std::uint16_t>(~bytes::read16(frame, at + 10));
  sum += static_cast<std::uint16_t>(~before);
  sum += after;
  sum = (sum & 0xffffU) + (sum >> 16);
  sum = (sum & 0xffffU) + (sum >> 16);
  bytes::write16(frame, at + 10, ~sum & 0xffffU);
  return true;
}

}  // namespace dvipa
