#pragma once
// Work that a sending kernel left for the network card: partial checksums and oversized segments. With a vnet header a
// frame carries the note of it; without one, this room finds out, and does the work in software.
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "pcap/packet/frame.hpp"

namespace dvipa {

// The layout of virtio_net_hdr (virtio 1.2, 5.1.6), 10 bytes, in the host's byte order. All zero: nothing left to do.
struct VnetHeader {
  static constexpr std::uint8_t needs_checksum = 1;
  static constexpr std::uint8_t data_valid = 2;
  static constexpr std::uint8_t gso_none = 0;
  static constexpr std::uint8_t gso_tcpv4 = 1;
  static constexpr std::uint8_t gso_tcpv6 = 4;
  static constexpr std::uint8_t gso_udp_l4 = 5;
  static constexpr std::uint8_t gso_ecn = 0x80;  // ORed to a gso_tcp: CWR is in the first segment only

  std::uint8_t flags = 0;
  std::uint8_t gso_type = gso_none;
  std::uint16_t header_length = 0;    // of all headers; a hint
  std::uint16_t gso_size = 0;         // payload bytes a segment
  std::uint16_t checksum_start = 0;   // from the frame's first byte
  std::uint16_t checksum_offset = 0;  // from checksum_start to the checksum field
  constexpr bool operator==(const VnetHeader&) const = default;
  constexpr bool has_work() const { return (flags & needs_checksum) != 0 || gso_type != gso_none; }
};
static_assert(sizeof(VnetHeader) == 10);

// The largest IP packet with an Ethernet header and two tags: what a segmentation-offload frame can be.
inline constexpr std::size_t frame_bytes_max = 65535 + 14 + 8;

// What the sender left undone, told from the frame itself: a TCP or UDP checksum field that holds exactly the sum of
// the pseudo header is a partial checksum; any other value is the sender's own and stays (a corrupted segment must stay
// one). A TCP packet longer than `mtu` bytes is an oversized segment, to be cut to it. Empty when the frame is longer
// than the MTU and not such a segment: it cannot be sent.
std::optional<VnetHeader> infer_offload(std::span<const std::uint8_t> frame, const ParsedFrame& parsed, unsigned mtu);

// Completes a partial checksum in place. False when the header points outside the frame; nothing changed then.
bool complete_checksum(std::span<std::uint8_t> frame, const VnetHeader& vnet);

// Cuts a TCP segment (gso_tcpv4, gso_tcpv6) into frames of at most vnet.gso_size payload bytes with right lengths,
// sequence numbers, identifications, flags and checksums, each given to `emit` in order from `scratch`; stops when
// `emit` says false. False when the frame is no such segment, or `scratch` cannot hold a piece.
bool segment_in_software(std::span<const std::uint8_t> frame, const VnetHeader& vnet, std::span<std::uint8_t> scratch,
                         const std::function<bool(std::span<std::uint8_t>)>& emit);

}  // namespace dvipa
