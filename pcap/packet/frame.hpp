#pragma once
// An Ethernet II frame taken apart as far as routing needs it: constant time, no allocation, never a byte read outside.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tl/expected.hpp>

#include "pcap/packet/mac_address.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa {

// Why a frame cannot be taken apart. Each is one place in one header, so that counters by defect tell what came in.
enum class FrameDefect : std::uint8_t {
  ethernet_truncated,         // fewer than 14 bytes
  vlan_truncated,             // ends inside an 802.1Q tag
  vlan_tags_too_many,         // more than two tags
  ether_type_other,           // neither IPv4, IPv6 nor ARP; also 802.3 frames with a length
  arp_truncated,              // ends inside the ARP packet
  arp_not_ethernet_ipv4,      // hardware or protocol type or their lengths are others
  ipv4_truncated,             // ends inside the IPv4 header, options included
  ipv4_version,               // version is not 4
  ipv4_header_length,         // IHL below 5
  ipv4_total_length_short,    // total length below the header's
  ipv4_total_length_long,     // total length beyond the frame's end
  ipv4_fragment_too_far,      // the fragment would end behind byte 65,535 of its datagram
  ipv6_truncated,             // ends inside the IPv6 header
  ipv6_version,               // version is not 6
  ipv6_payload_length_long,   // payload length beyond the frame's end
  ipv6_extension_truncated,   // ends inside an extension header
  ipv6_extensions_too_many,   // more than ipv6_extensions_max
  ipv6_hop_by_hop_misplaced,  // hop-by-hop options other than first (RFC 8200 section 4.1)
  ipv6_fragment_too_far,      // as for IPv4
  tcp_truncated,              // ends inside the 20 bytes of the TCP header
  tcp_data_offset,            // data offset below 5, or beyond the packet's end
  tcp_fragment_tiny,          // a fragment boundary inside the TCP header (RFC 1858, RFC 3128)
  tcp_flags_impossible,       // SYN together with RST or FIN
  udp_truncated,              // ends inside the UDP header
  udp_length,                 // UDP length below 8, or beyond the packet's end
  icmp_truncated,             // ends inside the 8 bytes of an ICMP or ICMPv6 header
};
inline constexpr std::size_t frame_defect_count = static_cast<std::size_t>(FrameDefect::icmp_truncated) + 1;
std::string_view to_string(FrameDefect defect);

inline constexpr unsigned ipv6_extensions_max = 8;

enum class NetworkProtocol : std::uint8_t { arp, ipv4, ipv6 };
enum class FragmentPart : std::uint8_t { whole, first, later };

// IP protocol numbers that the packet rooms know.
inline constexpr std::uint8_t protocol_icmp = 1;
inline constexpr std::uint8_t protocol_tcp = 6;
inline constexpr std::uint8_t protocol_udp = 17;
inline constexpr std::uint8_t protocol_icmpv6 = 58;

// Bits of the TCP flags byte.
inline constexpr std::uint8_t tcp_fin = 0x01;
inline constexpr std::uint8_t tcp_syn = 0x02;
inline constexpr std::uint8_t tcp_rst = 0x04;
inline constexpr std::uint8_t tcp_psh = 0x08;
inline constexpr std::uint8_t tcp_ack = 0x10;
inline constexpr std::uint8_t tcp_urg = 0x20;
inline constexpr std::uint8_t tcp_ece = 0x40;
inline constexpr std::uint8_t tcp_cwr = 0x80;

// What the frame is, with offsets (bytes from the frame's first byte) to look further into it.
struct ParsedFrame {
  // What Stack::route takes; `forwarded_by` is nobody: the caller maps `source_mac`. The destination is
  // connection.dvipa. Of an ICMP or ICMPv6 error that quotes a TCP segment sent *from* its own destination, this is the
  // quoted connection seen from the client's side with kind tcp and syn false, so that the error finds its way to the
  // connection's target (RTE-10). For ARP, source and destination are the sender's and target's protocol addresses.
  Segment segment;
  MacAddress destination_mac;
  MacAddress source_mac;
  NetworkProtocol network = NetworkProtocol::ipv4;
  std::uint8_t protocol = 0;  // upper-layer protocol number, after extension headers; 0 for ARP
  std::uint8_t ttl = 0;       // TTL or hop limit; 0 for ARP
  std::uint8_t tcp_flags = 0;
  FragmentPart fragment = FragmentPart::whole;
  bool vlan_tagged = false;
  bool icmp_error = false;        // an ICMP or ICMPv6 message that quotes a packet
  std::uint32_t fragment_id = 0;  // of a fragment: with addresses and protocol it names the datagram (RTE-10)
  std::uint32_t network_offset = 0;
  std::uint32_t transport_offset = 0;  // behind IP options and extension headers; of a later fragment: its data
  std::uint32_t payload_offset = 0;    // behind the TCP, UDP or 8-byte ICMP header; otherwise == transport_offset
  std::uint32_t packet_end = 0;        // behind the last byte of the IP or ARP packet; beyond it is Ethernet padding
  // The ports as they stand in a TCP or UDP header (also for UDP, whose segment.connection has none); else 0.
  Port source_port = 0;
  Port destination_port = 0;
  // The source and destination in the IP header, also where `segment` is about a quoted connection.
  Address source;
  Address destination;
};

tl::expected<ParsedFrame, FrameDefect> parse_frame(std::span<const std::uint8_t> frame);

// Names the datagram that a fragment belongs to, for whoever lets later fragments follow the first (RTE-10).
struct FragmentKey {
  Address source;
  Address destination;
  std::uint32_t id = 0;
  std::uint8_t protocol = 0;
  constexpr auto operator<=>(const FragmentKey&) const = default;
};
inline FragmentKey fragment_key(const ParsedFrame& parsed) {
  // IPv6 reassembles by addresses and identification alone (RFC 8200 section 4.5).
  const std::uint8_t protocol = parsed.network == NetworkProtocol::ipv4 ? parsed.protocol : std::uint8_t{0};
  return {parsed.source, parsed.destination, parsed.fragment_id, protocol};
}

}  // namespace dvipa
