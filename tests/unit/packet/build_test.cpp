// Built frames, against checksums worked out elsewhere.
#include "pcap/packet/build.hpp"

#include <gtest/gtest.h>

#include "pcap/packet/checksum.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

TEST(Checksum, IsTheOneOfTheRfc) {  // RFC 1071 section 3
  const std::uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
  EXPECT_EQ(internet_sum(bytes), 0xddf2);
  EXPECT_EQ(internet_sum(std::span(bytes).first(3)), 0xf201);  // an odd byte counts as the high one
  EXPECT_EQ(internet_sum({}), 0);
  EXPECT_EQ(internet_sum(bytes, 0x10000), 0xddf3);
}

TEST(Build, AnIpv4HeaderOfTheLiterature) {
  // The worked example of header checksums: 45 00 00 73 00 00 40 00 40 11 [b8 61] c0 a8 00 01 c0 a8 00 c7
  std::vector<std::uint8_t> frame(14 + 0x73);
  const std::uint8_t header[] = {0x45, 0, 0,    0x73, 0, 0, 0x40, 0,    0x40, 0x11,
                                 0,    0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0,    0xc7};
  frame[12] = 8;
  std::copy(std::begin(header), std::end(header), frame.begin() + 14);
  frame[39] = 0x73 - 20;  // the UDP length
  write_checksums(frame, parse_frame(frame).value());
  EXPECT_EQ(frame[24], 0xb8);
  EXPECT_EQ(frame[25], 0x61);
}

TEST(Build, ChecksumsAreRightAndCorruptionIsSeen) {
  for (const bool ipv4 : {true, false}) {
    for (const std::size_t size : {0, 1, 2, 3, 1000, 65000}) {
      const auto data = sample::payload(size);
      for (auto frame : {build_tcp_frame(sample::envelope(ipv4), sample::tcp(), data),
                         build_udp_frame(sample::envelope(ipv4), 1000, 2000, data),
                         build_icmp_echo_frame(sample::envelope(ipv4), {true, 7, 8}, data)}) {
        const auto parsed = parse_frame(frame);
        ASSERT_TRUE(parsed);
        EXPECT_TRUE(ipv4_header_checksum_valid(frame, *parsed));
        EXPECT_TRUE(transport_checksum_valid(frame, *parsed));
        frame[frame.size() - 1] ^= 1;
        EXPECT_FALSE(transport_checksum_valid(frame, *parsed));
      }
    }
  }
}

TEST(Build, AUdpChecksumOfZeroIsNoneOnlyOverIpv4) {
  for (const bool ipv4 : {true, false}) {
    auto frame = build_udp_frame(sample::envelope(ipv4), 1000, 2000);
    const auto parsed = parse_frame(frame);
    frame[parsed->transport_offset + 6] = frame[parsed->transport_offset + 7] = 0;
    EXPECT_EQ(transport_checksum_valid(frame, *parsed), ipv4);
  }
}

}  // namespace
}  // namespace dvipa
