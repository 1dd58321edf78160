// Buffers have exactly the size of what they hold, so that sanitizers see any byte read or written outside.
#include "tests/fuzz/packet/try_frame.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/packet/invariant.hpp"
#include "pcap/packet/neighbour.hpp"
#include "pcap/packet/offload.hpp"
#include "pcap/packet/rewrite.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

void check_shape(const Bytes& frame, const ParsedFrame& parsed) {
  require(parsed.network_offset >= 14 && parsed.network_offset <= parsed.transport_offset, "layers are in order");
  require(parsed.transport_offset <= parsed.payload_offset, "layers are in order");
  require(parsed.payload_offset <= parsed.packet_end, "layers are in order");
  require(parsed.packet_end <= frame.size(), "the packet is inside the frame");
  const Remote& remote = parsed.segment.connection.remote;
  require(parsed.segment.kind == Segment::Kind::tcp || (remote.client_port == 0 && remote.dvipa_port == 0),
          "only TCP has ports");
  require(!parsed.segment.syn || (parsed.protocol == protocol_tcp && !parsed.icmp_error),
          "only a TCP segment is a SYN");
  require(parsed.segment.connection.dvipa == parsed.destination, "a segment's destination is the packet's");
  require(parsed.fragment == FragmentPart::whole || parsed.segment.fragment, "a fragment says so");
}

void forward(Bytes frame, const ParsedFrame& parsed) {
  const bool header_was_valid = ipv4_header_checksum_valid(frame, parsed);
  const bool transport_was_valid = transport_checksum_valid(frame, parsed);
  if (!decrement_ttl(frame, parsed)) return;
  rewrite_macs(frame, broadcast_mac, parsed.destination_mac);
  const auto after = parse_frame(frame);
  require(after.has_value(), "a forwarded frame is a frame");
  require(after->segment.connection == parsed.segment.connection, "forwarding keeps the connection");
  require(after->ttl == parsed.ttl - 1, "the TTL is one less");
  require(ipv4_header_checksum_valid(frame, *after) == header_was_valid, "the header checksum stays as good as it was");
  require(transport_checksum_valid(frame, *after) == transport_was_valid, "the transport is not touched");
}

void finish_offloads(const Bytes& frame, const VnetHeader& vnet) {
  Bytes copy = frame;
  static_cast<void>(complete_checksum(copy, vnet));
  Bytes scratch(2000);
  std::size_t pieces = 0;
  segment_in_software(frame, vnet, scratch, [&](std::span<std::uint8_t> piece) {
    const auto parsed = parse_frame(piece);
    require(parsed.has_value() && transport_checksum_valid(piece, *parsed), "a piece is a good frame");
    return ++pieces < 100;
  });
}

}  // namespace

void try_frame(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < sizeof(VnetHeader)) return;
  VnetHeader vnet;
  std::memcpy(&vnet, bytes.data(), sizeof vnet);
  const Bytes frame(bytes.begin() + sizeof vnet, bytes.end());
  finish_offloads(frame, vnet);
  const auto parsed = parse_frame(frame);
  if (!parsed) {
    require(!to_string(parsed.error()).empty(), "a defect has a name");
    return;
  }
  check_shape(frame, *parsed);
  if (const auto question = neighbour_question(frame, *parsed)) {
    const auto answer = neighbour_answer(*question, parsed->destination_mac);
    require(parse_frame(answer.bytes()).has_value(), "an answer is a frame");
  }
  static_cast<void>(neighbour_announcement_in(frame, *parsed));
  if (parsed->network == NetworkProtocol::arp) return;
  forward(frame, *parsed);
  if (const auto inferred = infer_offload(frame, *parsed, 1500)) finish_offloads(frame, *inferred);
  Bytes mended = frame;
  write_checksums(mended, *parsed);
  const bool has_checksum = parsed->protocol != protocol_udp || parsed->network == NetworkProtocol::ipv4;
  require(!has_checksum || transport_checksum_valid(mended, *parsed), "a written checksum is right");
}

}  // namespace dvipa
