// What every back-end of PacketPort keeps. Which back-ends: see where PortContract is instantiated.
#include <algorithm>

#include "pcap/packet/build.hpp"
#include "pcap/packet/neighbour.hpp"
#include "tests/live/port/port_under_test.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {
namespace {

// To the port, with a destination port by which filters tell frames apart.
Bytes udp_to(PacketPort& port, Port destination_port, std::size_t payload_bytes = 20) {
  FrameEnvelope envelope = sample::ipv4();
  envelope.destination_mac = port.mac();
  return build_udp_frame(envelope, 9, destination_port, sample::payload(payload_bytes));
}

// Empty when they are the same.
std::string first_difference(const std::vector<Bytes>& expected, const std::vector<Bytes>& received) {
  if (expected.size() != received.size()) {
    return std::to_string(expected.size()) + " expected, " + std::to_string(received.size()) + " received";
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (expected[i] != received[i]) return "frame " + std::to_string(i) + " of " + std::to_string(expected[i].size());
  }
  return "";
}

TEST_P(PortContract, FramesArriveUnchangedAndInOrder) {  // covers: RTE-9
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter(""));
  FrameEnvelope ipv6 = sample::ipv6();
  ipv6.destination_mac = port.mac();
  FrameEnvelope ipv4 = sample::ipv4();
  ipv4.destination_mac = port.mac();
  std::vector<Bytes> sent;
  for (std::size_t size = 0; size <= 1472; size += 61) sent.push_back(udp_to(port, 1, size));
  sent.push_back(build_tcp_frame(ipv6, sample::tcp(), sample::payload(1440)));
  sent.push_back(build_vlan_frame(build_tcp_frame(ipv4, sample::tcp(), sample::payload(50)), 7));
  const auto arp = neighbour_request(ipv4.destination, ipv4.source, sample::client_mac);
  sent.emplace_back(arp.bytes().begin(), arp.bytes().end());
  for (const Bytes& frame : sent) under_test->far_send(frame);
  EXPECT_EQ(first_difference(sent, under_test->receive(sent.size())), "");
  EXPECT_EQ(port.stats().received, sent.size());
  EXPECT_EQ(port.stats().receive_dropped, 0U);
}

TEST_P(PortContract, NothingComesInBeforeAFilterIsSet) {
  const auto under_test = GetParam().open();
  under_test->far_send(udp_to(under_test->port(), 1));
  ASSERT_TRUE(under_test->port().set_filter("udp"));
  const Bytes second = udp_to(under_test->port(), 2);
  under_test->far_send(second);
  EXPECT_EQ(first_difference({second}, under_test->receive(1)), "");
}

TEST_P(PortContract, OnlyIncomingFramesToThisHost) {
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter("udp"));
  Bytes own = udp_to(port, 1);
  std::copy(broadcast_mac.bytes.begin(), broadcast_mac.bytes.end(), own.begin());
  const Frame outgoing{.bytes = own};
  ASSERT_EQ(port.send(std::span(&outgoing, 1)).value_or(0), 1U);
  Bytes to_another = udp_to(port, 2);
  to_another[5] ^= 0x80;
  under_test->far_send(to_another);
  Bytes to_all = udp_to(port, 3);
  std::copy(broadcast_mac.bytes.begin(), broadcast_mac.bytes.end(), to_all.begin());
  under_test->far_send(to_all);
  const Bytes last = udp_to(port, 4);
  under_test->far_send(last);
  EXPECT_EQ(first_difference({to_all, last}, under_test->receive(2)), "");
}

TEST_P(PortContract, ANewFilterHoldsForFramesThatCameBeforeItAndLosesNone) {
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter("udp port 1 or udp port 3"));
  const Bytes first = udp_to(port, 1);
  const Bytes second = udp_to(port, 2);
  const Bytes third = udp_to(port, 3);
  for (const Bytes& frame : {first, second, third, first, third}) under_test->far_send(frame);
  ASSERT_TRUE(port.set_filter("udp port 3 or udp port 2"));
  under_test->far_send(second);
  under_test->far_send(first);
  under_test->far_send(third);
  EXPECT_EQ(first_difference({third, third, second, third}, under_test->receive(4)), "");
  EXPECT_TRUE(under_test->receive_present().empty());
}

TEST_P(PortContract, AnInvalidFilterIsAnErrorAndTheOldOneStays) {
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter("udp port 1"));
  const auto refused = port.set_filter("udp port");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, PortError::Kind::filter_invalid);
  EXPECT_NE(refused.error().message.find("udp port"), std::string::npos) << refused.error().message;
  under_test->far_send(udp_to(port, 2));
  under_test->far_send(udp_to(port, 1));
  EXPECT_EQ(first_difference({udp_to(port, 1)}, under_test->receive(1)), "");
}

TEST_P(PortContract, SentFramesArriveAndUnsendableOnesAreCounted) {  // covers: RTE-9
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  Bytes good = build_udp_frame(sample::ipv4(), 1, 77, sample::payload(1000));
  Bytes too_long = build_udp_frame(sample::ipv4(), 1, 77, sample::payload(3000));
  Bytes last = build_udp_frame(sample::ipv4(), 1, 77, sample::payload(10));
  const Frame batch[] = {{.bytes = good}, {.bytes = too_long}, {.bytes = last}};
  EXPECT_EQ(port.send(batch).value_or(0), 2U);
  EXPECT_EQ(port.stats().sent, 2U);
  EXPECT_EQ(port.stats().send_refused, 1U);
  const auto to_77 = [](const Bytes& frame) {
    const auto parsed = parse_frame(frame);
    return parsed && parsed->destination_port == 77;
  };
  EXPECT_EQ(under_test->far_receive(to_77), good);
  EXPECT_EQ(under_test->far_receive(to_77), last);
}

TEST_P(PortContract, ABatchIsAnyNumberOfFrames) {
  const auto under_test = GetParam().open();
  Bytes frame = build_udp_frame(sample::ipv4(), 1, 77);
  const std::vector<Frame> batch(port_batch_max * 2 + 5, Frame{.bytes = frame});
  EXPECT_EQ(under_test->port().send(batch).value_or(0), batch.size());
  EXPECT_EQ(under_test->port().send({}).value_or(1), 0U);
  EXPECT_EQ(under_test->port().receive({}).value_or(1), 0U);
}

TEST_P(PortContract, EveryFrameOfABurstIsReceivedOrCounted) {
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter("udp port 1"));
  constexpr std::size_t burst = 10'000;
  const Bytes frame = udp_to(port, 1);
  for (std::size_t i = 0; i < burst; ++i) under_test->far_send(frame);
  const std::size_t received = under_test->receive_present().size();
  EXPECT_GT(received, 0U);
  EXPECT_EQ(received + port.stats().receive_dropped, burst);
  EXPECT_EQ(port.stats().received, received);
  // It goes on after an overflow.
  under_test->far_send(frame);
  EXPECT_EQ(first_difference({frame}, under_test->receive(1)), "");
}

TEST_P(PortContract, ARemovedInterfaceIsAnErrorAndNoSpin) {
  const auto under_test = GetParam().open();
  PacketPort& port = under_test->port();
  ASSERT_TRUE(port.set_filter(""));
  under_test->receive_present();
  under_test->remove_interface();
  auto error = under_test->receive_error();
  ASSERT_TRUE(error);
  // It may be seen going down first.
  if (error->kind == PortError::Kind::interface_down) error = under_test->receive_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, PortError::Kind::interface_missing);
  EXPECT_NE(error->message.find(port.name()), std::string::npos);
  Bytes frame = udp_to(port, 1);
  const Frame outgoing{.bytes = frame};
  const auto sent = port.send(std::span(&outgoing, 1));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, PortError::Kind::interface_missing);
  Frame one;
  for (int i = 0; i < 3; ++i) {
    const auto again = port.receive(std::span(&one, 1));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().kind, PortError::Kind::interface_missing);
  }
  pollfd waited{port.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waited, 1, 0), 0) << "events " << waited.revents;
}

}  // namespace
}  // namespace dvipa::test
