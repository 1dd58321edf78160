// The memory back-end keeps the contract of PacketPort; and what filters match.
#include "pcap/port/memory_port.hpp"

#include "pcap/packet/build.hpp"
#include "pcap/port/filter.hpp"
#include "tests/live/port/memory_under_test.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, PortContract, testing::Values(Backend{"memory", &open_memory_under_test}));

TEST(MemoryPort, CarriesTheVnetHeader) {
  auto ports = open_memory_ports();
  ASSERT_TRUE(ports);
  auto& [a, b] = *ports;
  ASSERT_TRUE(b->set_filter(""));
  FrameEnvelope envelope = sample::ipv4();
  envelope.destination_mac = b->mac();
  Bytes large = build_tcp_frame(envelope, sample::tcp(tcp_ack), sample::payload(20000));
  Frame frame{.bytes = large};
  frame.vnet.gso_type = VnetHeader::gso_tcpv4;
  frame.vnet.gso_size = 1448;
  ASSERT_EQ(a->send(std::span(&frame, 1)).value_or(0), 1U);
  Frame received;
  ASSERT_EQ(b->receive(std::span(&received, 1)).value_or(0), 1U);
  EXPECT_EQ(received.vnet, frame.vnet);
  EXPECT_EQ(received.bytes.size(), large.size());
}

TEST(FilterProgram, AValueInitialisedOneMatchesNothingAndTheEmptyExpressionEverything) {
  const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2);
  EXPECT_FALSE(FilterProgram{}.matches(frame));
  EXPECT_TRUE(FilterProgram::compile("").value().matches(frame));
  EXPECT_TRUE(FilterProgram::compile("udp dst port 2").value().matches(frame));
  EXPECT_FALSE(FilterProgram::compile("udp dst port 3").value().matches(frame));
}

TEST(FilterProgram, ForAHostItTakesOnlyThatHostsFrames) {
  const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2);
  EXPECT_TRUE(FilterProgram::compile_for(sample::owner_mac, "tcp or udp").value().matches(frame));
  EXPECT_FALSE(FilterProgram::compile_for(sample::client_mac, "tcp or udp").value().matches(frame));
  EXPECT_FALSE(FilterProgram::compile_for(sample::client_mac, ") or (udp"));
}

}  // namespace
}  // namespace dvipa::test
