// Internet checksums.
#include "pcap/packet/checksum.hpp"

#include <bit>
#include <cstring>

#include "pcap/packet/bytes.hpp"

namespace dvipa {
namespace {

std::uint16_t fold(std::uint64_t sum) {
  while (sum > 0xffffU) sum = (sum & 0xffffU) + (sum >> 16);
  return static_cast<std::uint16_t>(sum);
}

// Where the checksum of a transport is, and what it covers.
struct Coverage {
  std::uint32_t field = 0;  // offset of the checksum in the frame
  std::uint32_t end = 0;
  bool pseudo_header = true;
};

// False: this packet's transport has no checksum that can be computed from it alone.
bool coverage_of(std::span<const std::uint8_t> frame, const ParsedFrame& parsed, Coverage& coverage) {
  if (parsed.network == NetworkProtocol::arp || parsed.fragment != FragmentPart::whole) return false;
  coverage.end = parsed.packet_end;
  switch (parsed.protocol) {
    case protocol_tcp:
      coverage.field = parsed.transport_offset + 16;
      return true;
    case protocol_udp:
      coverage.field = parsed.transport_offset + 6;
      coverage.end = parsed.transport_offset + bytes::read16(frame, parsed.transport_offset + 4);
      return true;
    case protocol_icmp:
    case protocol_icmpv6:
      coverage.field = parsed.transport_offset + 2;
      coverage.pseudo_header = parsed.protocol == protocol_icmpv6;
      return (parsed.protocol == protocol_icmpv6) == (parsed.network == NetworkProtocol::ipv6);
    default:
      return false;
  }
}

std::uint16_t covered_sum(std::span<const std::uint8_t> frame, const ParsedFrame& parsed, const Coverage& coverage) {
  const std::uint32_t length = coverage.end - parsed.transport_offset;
  const std::uint32_t initial =
      coverage.pseudo_header ? pseudo_header_sum(parsed.source, parsed.destination, parsed.protocol, length) : 0;
  return internet_sum(frame.subspan(parsed.transport_offset, length), initial);
}

std::uint32_t ipv4_header_bytes(std::span<const std::uint8_t> frame, const ParsedFrame& parsed) {
  return (frame[parsed.network_offset] & 0x0fU) * 4;
}

}  // namespace

std::uint16_t internet_sum(std::span<const std::uint8_t> bytes, std::uint32_t initial) {
  // The sum does not depend on byte order except by a swap at the end (RFC 1071 section 2B): add native words.
  std::uint64_t sum = 0;
  std::size_t at = 0;
  for (; at + 4 <= bytes.size(); at += 4) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, 4);
    sum += word;
  }
  std::uint16_t native = fold(sum);
  if constexpr (std::endian::native == std::endian::little)
    native = static_cast<std::uint16_t>(native << 8 | native >> 8);
  std::uint64_t total = std::uint64_t{native} + initial;
  for (; at + 2 <= bytes.size(); at += 2) total += bytes::read16(bytes, at);
  if (at < bytes.size()) total += std::uint32_t{bytes[at]} << 8;
  return fold(total);
}

std::uint16_t pseudo_header_sum(const Address& source, const Address& destination, std::uint8_t protocol,
                                std::uint32_t length_bytes) {
  const std::size_t first = source.is_v4() ? 12 : 0;
  std::uint64_t sum = std::uint64_t{protocol} + length_bytes;
  sum += internet_sum(std::span(source.bytes).subspan(first));
  sum += internet_sum(std::span(destination.bytes).subspan(first));
  return fold(sum);
}

bool ipv4_header_checksum_valid(std::span<const std::uint8_t> frame, const ParsedFrame& parsed) {
  if (parsed.network != NetworkProtocol::ipv4) return true;
  return internet_sum(frame.subspan(parsed.network_offset, ipv4_header_bytes(frame, parsed))) == 0xffffU;
}

bool transport_checksum_valid(std::span<const std::uint8_t> frame, const ParsedFrame& parsed) {
  Coverage coverage;
  if (!coverage_of(frame, parsed, coverage)) return true;
  if (parsed.protocol == protocol_udp && bytes::read16(frame, coverage.field) == 0) {
    return parsed.network == NetworkProtocol::ipv4;  // RFC 8200 section 8.1: not over IPv6
  }
  return covered_sum(frame, parsed, coverage) == 0xffffU;
}

void write_checksums(std::span<std::uint8_t> frame, const ParsedFrame& parsed) {
  if (parsed.network == NetworkProtocol::ipv4) {
    const std::size_t field = parsed.network_offset + 10;
    bytes::write16(frame, field, 0);
    const auto header = frame.subspan(parsed.network_offset, ipv4_header_bytes(frame, parsed));
    bytes::write16(frame, field, static_cast<std::uint16_t>(~internet_sum(header)));
  }
  Coverage coverage;
  if (!coverage_of(frame, parsed, coverage)) return;
  bytes::write16(frame, coverage.field, 0);
  auto checksum = static_cast<std::uint16_t>(~covered_sum(frame, parsed, coverage));
  if (checksum == 0 && parsed.protocol == protocol_udp) checksum = 0xffff;  // zero says "none" (RFC 768)
  bytes::write16(frame, coverage.field, checksum);
}

}  // namespace dvipa
