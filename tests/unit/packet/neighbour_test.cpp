// ARP and neighbour discovery: what is a question, and what answers look like (RTE-2).
#include "pcap/packet/neighbour.hpp"

#include <gtest/gtest.h>

#include "pcap/packet/checksum.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

class Neighbour : public testing::TestWithParam<bool> {
 protected:
  Address dvipa() const { return sample::envelope(GetParam()).destination; }
  Address client() const { return sample::envelope(GetParam()).source; }
  static ParsedFrame parse(const NeighbourFrame& frame) {
    const auto parsed = parse_frame(frame.bytes());
    EXPECT_TRUE(parsed) << to_string(parsed.error());
    return parsed.value_or(ParsedFrame{});
  }
};
INSTANTIATE_TEST_SUITE_P(Family, Neighbour, testing::Bool(),
                         [](const auto& each) { return each.param ? "arp" : "discovery"; });

TEST_P(Neighbour, AQuestionIsReadAndAnswered) {  // covers: RTE-2
  const auto request = neighbour_request(dvipa(), client(), sample::client_mac);
  const auto parsed = parse(request);
  EXPECT_TRUE(parsed.destination_mac.is_multicast());
  const auto question = neighbour_question(request.bytes(), parsed);
  ASSERT_TRUE(question);
  EXPECT_EQ(question->target, dvipa());
  EXPECT_EQ(question->asker, client());
  EXPECT_EQ(question->asker_mac, sample::client_mac);

  const auto answer = neighbour_answer(*question, sample::owner_mac);
  const auto reply = parse(answer);
  EXPECT_EQ(reply.destination_mac, sample::client_mac);
  EXPECT_EQ(reply.source_mac, sample::owner_mac);
  EXPECT_EQ(reply.source, dvipa());
  EXPECT_EQ(reply.destination, client());
  EXPECT_TRUE(transport_checksum_valid(answer.bytes(), reply));
  EXPECT_FALSE(neighbour_question(answer.bytes(), reply));
  EXPECT_FALSE(neighbour_announcement_in(answer.bytes(), reply));
}

TEST_P(Neighbour, AProbeIsAQuestionOfNobody) {
  const auto request = neighbour_request(dvipa(), Address{}, sample::client_mac);
  const auto question = neighbour_question(request.bytes(), parse(request));
  ASSERT_TRUE(question);
  EXPECT_TRUE(question->asker.is_none());
  const auto answer = parse(neighbour_answer(*question, sample::owner_mac));
  // RFC 4861 section 7.2.4: to all nodes, when there is no address to answer to.
  EXPECT_EQ(answer.destination_mac, GetParam() ? sample::client_mac : (MacAddress{{0x33, 0x33, 0, 0, 0, 1}}));
}

TEST_P(Neighbour, AnAnnouncementIsForEverybodyAndNoQuestion) {  // covers: RTE-2
  const auto announcement = neighbour_announcement(dvipa(), sample::owner_mac);
  const auto parsed = parse(announcement);
  EXPECT_TRUE(parsed.destination_mac.is_multicast());
  EXPECT_EQ(parsed.source_mac, sample::owner_mac);
  EXPECT_EQ(parsed.source, dvipa());
  EXPECT_FALSE(neighbour_question(announcement.bytes(), parsed));
  const auto read = neighbour_announcement_in(announcement.bytes(), parsed);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->address, dvipa());
  EXPECT_EQ(read->mac, sample::owner_mac);
}

TEST(ArpFrames, HaveTheBytesOfTheRfc) {
  const auto frame = neighbour_announcement(sample::address("10.77.1.1"), sample::owner_mac);
  const std::vector<std::uint8_t> expected = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2,  0,  0, 0,
                                              0,    2,    0x08, 0x06,                             // Ethernet
                                              0,    1,    0x08, 0,    6,    4,    0,  1,          // a request
                                              2,    0,    0,    0,    0,    2,    10, 77, 1, 1,   // sender
                                              0,    0,    0,    0,    0,    0,    10, 77, 1, 1};  // target
  EXPECT_EQ(std::vector<std::uint8_t>(frame.bytes().begin(), frame.bytes().end()), expected);
}

TEST(Solicitation, FromBeyondTheLinkOrCorruptOrMalformedIsNone) {
  const auto good =
      neighbour_request(sample::address("2001:db8:1::1"), sample::address("2001:db8::200"), sample::client_mac);
  const auto asks = [](const NeighbourFrame& frame) {
    const auto parsed = parse_frame(frame.bytes());
    return parsed && neighbour_question(frame.bytes(), *parsed).has_value();
  };
  const auto changed = [&](std::size_t at, std::uint8_t value, bool mend_checksum) {
    NeighbourFrame frame = good;
    frame.bytes()[at] = value;
    if (mend_checksum) write_checksums(frame.bytes(), parse_frame(frame.bytes()).value());
    return frame;
  };
  EXPECT_TRUE(asks(good));
  EXPECT_FALSE(asks(changed(21, 254, true)));    // hop limit: it came through a router
  EXPECT_FALSE(asks(changed(55, 1, true)));      // code
  EXPECT_FALSE(asks(changed(62, 0xff, true)));   // the target is a group
  EXPECT_FALSE(asks(changed(62, 0x21, false)));  // corrupt
  EXPECT_FALSE(asks(changed(79, 0, true)));      // an option of length 0
  EXPECT_FALSE(asks(changed(79, 2, true)));      // an option beyond the end
}

TEST(ArpFrames, InAnotherNetworkAreNoQuestions) {
  const auto request =
      neighbour_request(sample::address("10.77.1.1"), sample::address("10.77.0.200"), sample::client_mac);
  const auto tagged = build_vlan_frame(request.bytes(), 5);
  const auto parsed = parse_frame(tagged);
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(neighbour_question(tagged, *parsed));
}

}  // namespace
}  // namespace dvipa
