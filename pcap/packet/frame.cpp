// The frame parser. Each layer checks its own bounds against the end that the layer below said, then narrows it.
#include "pcap/packet/frame.hpp"

#include <iterator>
#include <optional>

#include "pcap/packet/bytes.hpp"

namespace dvipa {
namespace {

using bytes::read16;
using bytes::read32;
using Bytes = std::span<const std::uint8_t>;
using Defect = std::optional<FrameDefect>;

constexpr std::uint16_t ether_type_ipv4 = 0x0800;
constexpr std::uint16_t ether_type_arp = 0x0806;
constexpr std::uint16_t ether_type_vlan = 0x8100;
constexpr std::uint16_t ether_type_service_vlan = 0x88a8;
constexpr std::uint16_t ether_type_ipv6 = 0x86dd;
constexpr unsigned vlan_tags_max = 2;

constexpr std::uint8_t extension_hop_by_hop = 0;
constexpr std::uint8_t extension_routing = 43;
constexpr std::uint8_t extension_fragment = 44;
constexpr std::uint8_t extension_destination = 60;

struct EtherType {
  std::uint16_t value = 0;
  Defect defect;
};

EtherType parse_ethernet(Bytes frame, ParsedFrame& parsed) {
  if (frame.size() < 14) return {0, FrameDefect::ethernet_truncated};
  parsed.destination_mac = bytes::read_mac(frame, 0);
  parsed.source_mac = bytes::read_mac(frame, 6);
  std::size_t at = 12;
  std::uint16_t type = read16(frame, at);
  for (unsigned tags = 0; type == ether_type_vlan || type == ether_type_service_vlan; ++tags) {
    if (tags == vlan_tags_max) return {0, FrameDefect::vlan_tags_too_many};
    if (frame.size() < at + 6) return {0, FrameDefect::vlan_truncated};
    parsed.vlan_tagged = true;
    at += 4;
    type = read16(frame, at);
  }
  parsed.network_offset = static_cast<std::uint32_t>(at + 2);
  return {type, std::nullopt};
}

Defect parse_arp(Bytes frame, ParsedFrame& parsed) {
  const Bytes arp = frame.subspan(parsed.network_offset);
  if (arp.size() < 8) return FrameDefect::arp_truncated;
  if (read16(arp, 0) != 1 || read16(arp, 2) != ether_type_ipv4 || arp[4] != 6 || arp[5] != 4) {
    return FrameDefect::arp_not_ethernet_ipv4;
  }
  if (arp.size() < 28) return FrameDefect::arp_truncated;
  parsed.network = NetworkProtocol::arp;
  parsed.source = bytes::read_ipv4(arp, 14);
  parsed.destination = bytes::read_ipv4(arp, 24);
  parsed.transport_offset = parsed.payload_offset = parsed.packet_end = parsed.network_offset + 28;
  return std::nullopt;
}

// `end`: how far the bytes of the packet go, whatever its own length says (a quoted packet is cut short).
Defect parse_ipv4(Bytes frame, bool quoted, ParsedFrame& parsed) {
  const Bytes ip = frame.subspan(parsed.network_offset);
  if (ip.size() < 20) return FrameDefect::ipv4_truncated;
  if (ip[0] >> 4 != 4) return FrameDefect::ipv4_version;
  const std::uint32_t header = (ip[0] & 0x0fU) * 4;
  if (header < 20) return FrameDefect::ipv4_header_length;
  if (header > ip.size()) return FrameDefect::ipv4_truncated;
  const std::uint32_t total = read16(ip, 2);
  if (total < header) return FrameDefect::ipv4_total_length_short;
  if (total > ip.size() && !quoted) return FrameDefect::ipv4_total_length_long;

  parsed.network = NetworkProtocol::ipv4;
  parsed.protocol = ip[9];
  parsed.ttl = ip[8];
  parsed.source = bytes::read_ipv4(ip, 12);
  parsed.destination = bytes::read_ipv4(ip, 16);
  parsed.transport_offset = parsed.network_offset + header;
  parsed.packet_end = quoted ? static_cast<std::uint32_t>(frame.size()) : parsed.network_offset + total;

  const std::uint32_t position = read16(ip, 6) & 0x3fffU;  // more-fragments bit and offset
  if (position != 0) {
    const std::uint32_t offset_bytes = (position & 0x1fffU) * 8;
    if (offset_bytes + (total - header) > 65535) return FrameDefect::ipv4_fragment_too_far;
    parsed.fragment = offset_bytes == 0 ? FragmentPart::first : FragmentPart::later;
    parsed.fragment_id = read16(ip, 4);
    // RFC 1858, RFC 3128: a second fragment that begins inside the TCP header could overwrite its flags.
    if (parsed.protocol == protocol_tcp && offset_bytes > 0 && offset_bytes < 20) return FrameDefect::tcp_fragment_tiny;
  }
  return std::nullopt;
}

Defect parse_ipv6_fragment(Bytes extension, std::uint32_t rest_bytes, ParsedFrame& parsed) {
  const std::uint32_t position = read16(extension, 2);
  const std::uint32_t offset_bytes = position & 0xfff8U;
  if ((position & 0xfff9U) == 0) return std::nullopt;  // an atomic fragment is a whole datagram (RFC 6946)
  if (offset_bytes + rest_bytes > 65535) return FrameDefect::ipv6_fragment_too_far;
  parsed.fragment = offset_bytes == 0 ? FragmentPart::first : FragmentPart::later;
  parsed.fragment_id = read32(extension, 4);
  if (extension[0] == protocol_tcp && offset_bytes > 0 && offset_bytes < 20) return FrameDefect::tcp_fragment_tiny;
  return std::nullopt;
}

Defect parse_ipv6_extensions(Bytes frame, std::uint8_t next, ParsedFrame& parsed) {
  std::uint32_t at = parsed.network_offset + 40;
  for (unsigned count = 0;; ++count) {
    const bool fragment = next == extension_fragment;
    if (next != extension_hop_by_hop && next != extension_routing && next != extension_destination && !fragment) break;
    if (count == ipv6_extensions_max) return FrameDefect::ipv6_extensions_too_many;
    if (next == extension_hop_by_hop && count != 0) return FrameDefect::ipv6_hop_by_hop_misplaced;
    if (parsed.packet_end - at < 8) return FrameDefect::ipv6_extension_truncated;
    const std::uint32_t length = fragment ? 8 : (frame[at + 1] + 1U) * 8;
    if (parsed.packet_end - at < length) return FrameDefect::ipv6_extension_truncated;
    if (fragment) {
      const Defect defect = parse_ipv6_fragment(frame.subspan(at, 8), parsed.packet_end - at - 8, parsed);
      if (defect) return defect;
    }
    next = frame[at];
    at += length;
    if (parsed.fragment == FragmentPart::later) break;  // what follows is data from the middle of the datagram
  }
  parsed.protocol = next;
  parsed.transport_offset = at;
  return std::nullopt;
}

Defect parse_ipv6(Bytes frame, bool quoted, ParsedFrame& parsed) {
  const Bytes ip = frame.subspan(parsed.network_offset);
  if (ip.size() < 40) return FrameDefect::ipv6_truncated;
  if (ip[0] >> 4 != 6) return FrameDefect::ipv6_version;
  const std::uint32_t payload = read16(ip, 4);
  if (payload > ip.size() - 40 && !quoted) return FrameDefect::ipv6_payload_length_long;

  parsed.network = NetworkProtocol::ipv6;
  parsed.ttl = ip[7];
  parsed.source = bytes::read_ipv6(ip, 8);
  parsed.destination = bytes::read_ipv6(ip, 24);
  parsed.packet_end = quoted ? static_cast<std::uint32_t>(frame.size()) : parsed.network_offset + 40 + payload;
  return parse_ipv6_extensions(frame, ip[6], parsed);
}

Defect parse_tcp(Bytes frame, ParsedFrame& parsed) {
  const std::uint32_t at = parsed.transport_offset;
  const std::uint32_t present = parsed.packet_end - at;
  if (present < 20) {
    return parsed.fragment == FragmentPart::whole ? FrameDefect::tcp_truncated : FrameDefect::tcp_fragment_tiny;
  }
  const std::uint32_t header = (frame[at + 12] >> 4) * 4U;
  if (header < 20 || header > present) return FrameDefect::tcp_data_offset;
  parsed.tcp_flags = frame[at + 13];
  const bool syn = (parsed.tcp_flags & tcp_syn) != 0;
  if (syn && (parsed.tcp_flags & (tcp_rst | tcp_fin)) != 0) return FrameDefect::tcp_flags_impossible;
  parsed.source_port = read16(frame, at);
  parsed.destination_port = read16(frame, at + 2);
  parsed.payload_offset = at + header;
  parsed.segment.kind = Segment::Kind::tcp;
  parsed.segment.syn = syn && (parsed.tcp_flags & tcp_ack) == 0;
  return std::nullopt;
}

Defect parse_udp(Bytes frame, ParsedFrame& parsed) {
  const std::uint32_t at = parsed.transport_offset;
  const std::uint32_t present = parsed.packet_end - at;
  if (present < 8) return FrameDefect::udp_truncated;
  const std::uint32_t length = read16(frame, at + 4);
  if (length < 8) return FrameDefect::udp_length;
  if (length > present && parsed.fragment == FragmentPart::whole) return FrameDefect::udp_length;
  parsed.source_port = read16(frame, at);
  parsed.destination_port = read16(frame, at + 2);
  parsed.payload_offset = at + 8;
  return std::nullopt;
}

bool is_icmp_error(const ParsedFrame& parsed, std::uint8_t type) {
  if (parsed.network == NetworkProtocol::ipv6) return type < 128;
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

// The connection that a quoted TCP header belongs to, seen from the client: the quoted packet went the other way.
void parse_quoted_packet(Bytes frame, ParsedFrame& parsed) {
  ParsedFrame quoted;
  quoted.network_offset = parsed.payload_offset;
  const Bytes up_to_end = frame.first(parsed.packet_end);
  const bool ipv4 = parsed.network == NetworkProtocol::ipv4;
  if (ipv4 ? parse_ipv4(up_to_end, true, quoted) : parse_ipv6(up_to_end, true, quoted)) return;
  if (quoted.protocol != protocol_tcp || quoted.fragment == FragmentPart::later) return;
  if (quoted.packet_end - quoted.transport_offset < 4) return;
  if (quoted.source != parsed.destination) return;
  parsed.segment.kind = Segment::Kind::tcp;
  parsed.segment.connection = {
      quoted.source,
      {quoted.destination, read16(up_to_end, quoted.transport_offset + 2), read16(up_to_end, quoted.transport_offset)}};
}

Defect parse_icmp(Bytes frame, ParsedFrame& parsed) {
  const std::uint32_t at = parsed.transport_offset;
  if (parsed.packet_end - at < 8) return FrameDefect::icmp_truncated;
  parsed.payload_offset = at + 8;
  parsed.icmp_error = is_icmp_error(parsed, frame[at]);
  return std::nullopt;
}

Defect parse_transport(Bytes frame, ParsedFrame& parsed) {
  parsed.segment.fragment = parsed.fragment != FragmentPart::whole;
  parsed.segment.kind = Segment::Kind::other;
  parsed.payload_offset = parsed.transport_offset;
  parsed.segment.connection = {parsed.destination, {parsed.source, 0, 0}};
  if (parsed.fragment == FragmentPart::later) return std::nullopt;
  if (parsed.protocol == protocol_tcp) {
    const Defect defect = parse_tcp(frame, parsed);
    parsed.segment.connection.remote.client_port = parsed.source_port;
    parsed.segment.connection.remote.dvipa_port = parsed.destination_port;
    return defect;
  }
  if (parsed.protocol == protocol_udp) return parse_udp(frame, parsed);
  const bool ipv4 = parsed.network == NetworkProtocol::ipv4;
  if (parsed.protocol == (ipv4 ? protocol_icmp : protocol_icmpv6)) {
    const Defect defect = parse_icmp(frame, parsed);
    if (!defect && parsed.icmp_error) parse_quoted_packet(frame, parsed);
    return defect;
  }
  return std::nullopt;
}

Defect parse_network(Bytes frame, std::uint16_t ether_type, ParsedFrame& parsed) {
  switch (ether_type) {
    case ether_type_ipv4:
      if (const Defect defect = parse_ipv4(frame, false, parsed)) return defect;
      return parse_transport(frame, parsed);
    case ether_type_ipv6:
      if (const Defect defect = parse_ipv6(frame, false, parsed)) return defect;
      return parse_transport(frame, parsed);
    case ether_type_arp:
      if (const Defect defect = parse_arp(frame, parsed)) return defect;
      parsed.segment.kind = Segment::Kind::other;
      parsed.segment.connection = {parsed.destination, {parsed.source, 0, 0}};
      return std::nullopt;
    default:
      return FrameDefect::ether_type_other;
  }
}

}  // namespace

tl::expected<ParsedFrame, FrameDefect> parse_frame(std::span<const std::uint8_t> frame) {
  tl::expected<ParsedFrame, FrameDefect> result{ParsedFrame{}};
  const EtherType ether_type = parse_ethernet(frame, *result);
  Defect defect = ether_type.defect;
  if (!defect) defect = parse_network(frame, ether_type.value, *result);
  if (defect) result = tl::unexpected(*defect);
  return result;
}

std::string_view to_string(FrameDefect defect) {
  static constexpr std::string_view names[] = {"ethernet_truncated",
                                               "vlan_truncated",
                                               "vlan_tags_too_many",
                                               "ether_type_other",
                                               "arp_truncated",
                                               "arp_not_ethernet_ipv4",
                                               "ipv4_truncated",
                                               "ipv4_version",
                                               "ipv4_header_length",
                                               "ipv4_total_length_short",
                                               "ipv4_total_length_long",
                                               "ipv4_fragment_too_far",
                                               "ipv6_truncated",
                                               "ipv6_version",
                                               "ipv6_payload_length_long",
                                               "ipv6_extension_truncated",
                                               "ipv6_extensions_too_many",
                                               "ipv6_hop_by_hop_misplaced",
                                               "ipv6_fragment_too_far",
                                               "tcp_truncated",
                                               "tcp_data_offset",
                                               "tcp_fragment_tiny",
                                               "tcp_flags_impossible",
                                               "udp_truncated",
                                               "udp_length",
                                               "icmp_truncated"};
  static_assert(std::size(names) == frame_defect_count);
  return names[static_cast<std::size_t>(defect)];
}

}  // namespace dvipa
