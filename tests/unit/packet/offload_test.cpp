// Work left undone by senders: told from the frame, and done in software.
#include "pcap/packet/offload.hpp"

#include <gtest/gtest.h>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

// As a kernel with checksum offload hands a frame to its interface.
Bytes partial(Bytes frame) {
  const auto parsed = parse_frame(frame).value();
  const std::size_t field = parsed.transport_offset + (parsed.protocol == protocol_tcp ? 16U : 6U);
  bytes::write16(frame, field,
                 pseudo_header_sum(parsed.source, parsed.destination, parsed.protocol,
                                   parsed.packet_end - parsed.transport_offset));
  return frame;
}
std::optional<VnetHeader> infer(const Bytes& frame, unsigned mtu = 1500) {
  return infer_offload(frame, parse_frame(frame).value(), mtu);
}

class Offload : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Family, Offload, testing::Bool(),
                         [](const auto& each) { return each.param ? "ipv4" : "ipv6"; });

TEST_P(Offload, APartialChecksumIsFoundAndCompleted) {
  for (const std::size_t size : {0, 1, 17, 1200}) {
    for (const Bytes& whole : {build_tcp_frame(sample::envelope(GetParam()), sample::tcp(), sample::payload(size)),
                               build_udp_frame(sample::envelope(GetParam()), 5, 6, sample::payload(size))}) {
      Bytes frame = partial(whole);
      const auto vnet = infer(frame);
      ASSERT_TRUE(vnet);
      EXPECT_EQ(vnet->flags, VnetHeader::needs_checksum);
      EXPECT_EQ(vnet->gso_type, VnetHeader::gso_none);
      ASSERT_TRUE(complete_checksum(frame, *vnet));
      EXPECT_EQ(frame, whole);
    }
  }
}

TEST_P(Offload, ACompleteOrWrongChecksumIsLeftAlone) {
  Bytes frame = build_tcp_frame(sample::envelope(GetParam()), sample::tcp(), sample::payload(9));
  EXPECT_EQ(infer(frame), VnetHeader{});
  frame.back() ^= 0x55;  // corrupted on the way: it must not be made right
  EXPECT_EQ(infer(frame), VnetHeader{});
}

TEST_P(Offload, AnOversizedSegmentIsCutAsACardDoesIt) {
  TcpFields tcp = sample::tcp(tcp_ack | tcp_psh | tcp_fin | tcp_cwr);
  tcp.options = {1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2};  // timestamps
  const Bytes data = sample::payload(9000);
  const Bytes frame = partial(build_tcp_frame(sample::envelope(GetParam()), tcp, data));
  const auto vnet = infer(frame);
  ASSERT_TRUE(vnet);
  EXPECT_EQ(vnet->gso_type & ~VnetHeader::gso_ecn, GetParam() ? VnetHeader::gso_tcpv4 : VnetHeader::gso_tcpv6);
  Bytes joined;
  std::vector<ParsedFrame> pieces;
  Bytes scratch(2000);
  ASSERT_TRUE(segment_in_software(frame, *vnet, scratch, [&](std::span<std::uint8_t> piece) {
    const auto parsed = parse_frame(piece);
    EXPECT_TRUE(parsed && piece.size() <= 1514);
    EXPECT_EQ(bytes::read32(piece, parsed->transport_offset + 4),
              static_cast<std::uint32_t>(tcp.sequence + joined.size()));
    EXPECT_TRUE(ipv4_header_checksum_valid(piece, *parsed) && transport_checksum_valid(piece, *parsed));
    if (GetParam()) {
      EXPECT_EQ(bytes::read16(piece, 18), 4711 + pieces.size());
    }
    joined.insert(joined.end(), piece.begin() + parsed->payload_offset, piece.begin() + parsed->packet_end);
    pieces.push_back(*parsed);
    return true;
  }));
  EXPECT_EQ(joined, data);
  ASSERT_EQ(pieces.size(), 7U);
  EXPECT_EQ(pieces.front().tcp_flags, tcp_ack | tcp_cwr);
  EXPECT_EQ(pieces[3].tcp_flags, tcp_ack);
  EXPECT_EQ(pieces.back().tcp_flags, tcp_ack | tcp_psh | tcp_fin);
}

TEST_P(Offload, WhatCannotBeCutIsSaidToBeUnsendable) {
  const FrameEnvelope envelope = sample::envelope(GetParam());
  EXPECT_FALSE(infer(partial(build_udp_frame(envelope, 1, 2, sample::payload(2000)))));
  EXPECT_FALSE(infer(build_tcp_frame(envelope, sample::tcp(), sample::payload(2000))));  // not from an offload
  EXPECT_FALSE(infer(build_icmp_echo_frame(envelope, {}, sample::payload(2000))));
  Bytes scratch(2000);
  const auto never = [](std::span<std::uint8_t>) {
    ADD_FAILURE() << "nothing to emit";
    return true;
  };
  const Bytes frame = partial(build_tcp_frame(envelope, sample::tcp(), sample::payload(4000)));
  VnetHeader vnet = infer(frame).value();
  vnet.gso_size = 0;
  EXPECT_FALSE(segment_in_software(frame, vnet, scratch, never));
  vnet.gso_size = 3000;
  EXPECT_FALSE(segment_in_software(frame, vnet, scratch, never));  // no room for a piece
}

TEST(OffloadBounds, AVnetHeaderThatPointsOutsideIsRefused) {
  Bytes frame = build_udp_frame(sample::ipv4(), 1, 2);
  const Bytes before = frame;
  VnetHeader vnet{.flags = VnetHeader::needs_checksum};
  vnet.checksum_start = static_cast<std::uint16_t>(frame.size() - 2);
  vnet.checksum_offset = 1;
  EXPECT_FALSE(complete_checksum(frame, vnet));
  vnet.checksum_start = vnet.checksum_offset = 0xffff;
  EXPECT_FALSE(complete_checksum(frame, vnet));
  EXPECT_EQ(frame, before);
}

}  // namespace
}  // namespace dvipa
