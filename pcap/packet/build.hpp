#pragma once
// Whole frames built from values, with right lengths and checksums: for probes and tests, not for the packet path.
#include <cstdint>
#include <span>
#include <vector>

#include "pcap/packet/frame.hpp"

namespace dvipa {

// What every built IP frame says below its transport. Both addresses are of one family (asserted).
struct FrameEnvelope {
  MacAddress destination_mac;
  MacAddress source_mac;
  Address source;
  Address destination;
  std::uint8_t ttl = 64;
  std::uint16_t ipv4_id = 0;
  std::vector<std::uint8_t> ipv4_options;  // a multiple of 4 bytes, at most 40 (asserted)
};

struct TcpFields {
  Port source_port = 0;
  Port destination_port = 0;
  std::uint32_t sequence = 0;
  std::uint32_t acknowledgement = 0;
  std::uint8_t flags = tcp_syn;
  std::uint16_t window = 65535;
  std::vector<std::uint8_t> options;  // a multiple of 4 bytes, at most 40 (asserted)
};

// The payload fits an IP packet of 65,535 bytes (asserted).
std::vector<std::uint8_t> build_tcp_frame(const FrameEnvelope& envelope, const TcpFields& tcp,
                                          std::span<const std::uint8_t> payload = {});
std::vector<std::uint8_t> build_udp_frame(const FrameEnvelope& envelope, Port source_port, Port destination_port,
                                          std::span<const std::uint8_t> payload = {});
// An echo request of the envelope's family, or the reply to one.
struct EchoFields {
  bool reply = false;
  std::uint16_t id = 0;
  std::uint16_t sequence = 0;
};
std::vector<std::uint8_t> build_icmp_echo_frame(const FrameEnvelope& envelope, const EchoFields& echo,
                                                std::span<const std::uint8_t> payload = {});
// An ICMP or ICMPv6 error of `type` and `code` that quotes the start of an IP packet; `rest` is the second word of the
// header (the MTU of "packet too big" and "fragmentation needed").
struct IcmpErrorFields {
  std::uint8_t type = 3;
  std::uint8_t code = 0;
  std::uint32_t rest = 0;
};
std::vector<std::uint8_t> build_icmp_error_frame(const FrameEnvelope& envelope, const IcmpErrorFields& error,
                                                 std::span<const std::uint8_t> quoted_packet);

// Cuts an untagged IP frame into fragments of at most `packet_bytes_max` bytes of IP packet (RFC 791, RFC 8200).
// Asserts that a fragment can carry 8 bytes.
std::vector<std::vector<std::uint8_t>> build_fragments(std::span<const std::uint8_t> frame,
                                                       std::size_t packet_bytes_max, std::uint32_t id);
// The frame with an 802.1Q tag behind its MAC addresses.
std::vector<std::uint8_t> build_vlan_frame(std::span<const std::uint8_t> frame, std::uint16_t tag);

}  // namespace dvipa
