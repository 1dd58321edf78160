// Forwarding's changes to a frame, and nothing else of it (RTE-9).
#include "pcap/packet/rewrite.hpp"

#include <gtest/gtest.h>

#include "pcap/packet/checksum.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

class Rewrite : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(Family, Rewrite, testing::Bool(),
                         [](const auto& each) { return each.param ? "ipv4" : "ipv6"; });

TEST_P(Rewrite, ChangesMacsAndTtlAndNothingElse) {  // covers: RTE-9
  const auto before = build_tcp_frame(sample::envelope(GetParam()), sample::tcp(), sample::payload(100));
  auto frame = before;
  const auto parsed = parse_frame(frame);
  ASSERT_TRUE(parsed);
  const MacAddress target{{2, 0, 0, 0, 0, 9}};
  rewrite_macs(frame, target, sample::owner_mac);
  ASSERT_TRUE(decrement_ttl(frame, *parsed));
  const auto after = parse_frame(frame);
  ASSERT_TRUE(after);
  EXPECT_EQ(after->destination_mac, target);
  EXPECT_EQ(after->source_mac, sample::owner_mac);
  EXPECT_EQ(after->ttl, 63);
  EXPECT_TRUE(ipv4_header_checksum_valid(frame, *after));
  EXPECT_TRUE(transport_checksum_valid(frame, *after));
  std::size_t different = 0;
  for (std::size_t i = 12; i < frame.size(); ++i) different += frame[i] != before[i] ? 1U : 0U;
  EXPECT_LE(different, GetParam() ? 3U : 1U);  // TTL and the header checksum; the hop limit
}

TEST_P(Rewrite, DoesNotForwardWhatWouldExpire) {  // covers: RTE-9
  for (const std::uint8_t ttl : {std::uint8_t{0}, std::uint8_t{1}}) {
    FrameEnvelope envelope = sample::envelope(GetParam());
    envelope.ttl = ttl;
    const auto before = build_tcp_frame(envelope, sample::tcp());
    auto frame = before;
    EXPECT_FALSE(decrement_ttl(frame, *parse_frame(frame)));
    EXPECT_EQ(frame, before);
  }
}

TEST(Rewrite, EveryTtlAndManyHeadersKeepTheHeaderChecksumRight) {  // covers: RTE-9
  for (unsigned id = 0; id < 65536; id += 257) {
    for (unsigned ttl = 2; ttl < 256; ++ttl) {
      FrameEnvelope envelope = sample::ipv4();
      envelope.ipv4_id = static_cast<std::uint16_t>(id);
      envelope.ttl = static_cast<std::uint8_t>(ttl);
      auto frame = build_udp_frame(envelope, 1, 2);
      ASSERT_TRUE(decrement_ttl(frame, *parse_frame(frame)));
      ASSERT_TRUE(ipv4_header_checksum_valid(frame, *parse_frame(frame))) << "id " << id << " ttl " << ttl;
    }
  }
}

TEST(Rewrite, AWrongHeaderChecksumStaysWrong) {
  auto frame = build_udp_frame(sample::ipv4(), 1, 2);
  frame[24] ^= 0x10;
  ASSERT_TRUE(decrement_ttl(frame, *parse_frame(frame)));
  EXPECT_FALSE(ipv4_header_checksum_valid(frame, *parse_frame(frame)));
}

}  // namespace
}  // namespace dvipa
