// The live back-ends: the contract over veth, real TCP of two kernels through them, links that go and come.
#include <linux/capability.h>
#include <sched.h>
#include <sys/syscall.h>

#include <array>
#include <thread>

#include "pcap/packet/build.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/port/pcap_port.hpp"
#include "pcap/port/raw_port.hpp"
#include "tests/live/port/memory_under_test.hpp"
#include "tests/live/port/switched_hosts.hpp"
#include "tests/live/port/transfer.hpp"
#include "tests/live/port/veth_under_test.hpp"

namespace dvipa::test {
namespace {

struct LiveBackend {
  std::string name;
  OpenPort open;
};
void PrintTo(const LiveBackend& backend, std::ostream* out) { *out << backend.name; }

const LiveBackend raw{"raw", [](const std::string& interface) { return open_raw_port(interface); }};
// Slots that hold any frame, none of which comes by the queue.
const LiveBackend raw_wide{"raw_wide", [](const std::string& interface) {
                             return open_raw_port(interface, {.slot_bytes = 128 * 1024, .slots = 256});
                           }};
const LiveBackend pcap{"pcap", &open_pcap_port};

Backend over_veth(const LiveBackend& live) {
  return {live.name, [live] { return std::make_unique<VethUnderTest>(live.open); }};
}
INSTANTIATE_TEST_SUITE_P(Live, PortContract,
                         testing::Values(over_veth(raw), over_veth(raw_wide), over_veth(pcap),
                                         Backend{"memory", &open_memory_under_test}),
                         [](const auto& each) { return each.param.name; });

class LivePort : public testing::TestWithParam<LiveBackend> {};
INSTANTIATE_TEST_SUITE_P(Live, LivePort, testing::Values(raw, raw_wide, pcap),
                         [](const auto& each) { return each.param.name; });

TEST_P(LivePort, TcpPassesByteExactWithAllOffloadsOn) {  // covers: RTE-9
  const SwitchedHosts hosts;
  std::unique_ptr<MiniForwarder> forwarder;
  {
    const Namespace::Stay stay(hosts.forwarder);
    auto port = GetParam().open("e0");
    ASSERT_TRUE(port) << port.error().message;
    forwarder = std::make_unique<MiniForwarder>(std::move(*port), hosts.server_mac);
  }
  constexpr std::size_t bytes = 64 * 1024 * 1024;
  const Transfer transfer = transfer_both_ways(hosts.client, hosts.server, bytes);
  forwarder->stop();
  EXPECT_EQ(transfer.error, "");
  EXPECT_EQ(transfer.sent_up, bytes);
  EXPECT_EQ(transfer.received_up, bytes);
  EXPECT_EQ(transfer.digest_sent_up, transfer.digest_received_up);
  EXPECT_EQ(transfer.digest_sent_down, transfer.digest_received_down);
  EXPECT_EQ(forwarder->error(), "");
  EXPECT_GE(forwarder->counters().answered, 1U);  // the client found the way by asking
  EXPECT_GT(forwarder->counters().partial, 0U);   // offloads were on indeed
  EXPECT_GT(forwarder->counters().oversized, 0U);
  EXPECT_EQ(forwarder->port().stats().send_refused, 0U);
  EXPECT_EQ(forwarder->port().stats().receive_truncated, 0U);
  RecordProperty("oversized", std::to_string(forwarder->counters().oversized));
}

// A segment as a kernel with segmentation offload hands it to its interface, of nearly 64 KiB.
TEST_P(LivePort, AnOversizedSegmentArrivesWhole) {
  VethUnderTest under_test(GetParam().open);
  PacketPort& port = under_test.port();
  ASSERT_TRUE(port.set_filter("tcp"));
  const Namespace::Stay stay(under_test.far());
  auto far = open_raw_port("far");
  ASSERT_TRUE(far);
  FrameEnvelope envelope = sample::ipv4();
  envelope.destination_mac = port.mac();
  Bytes large = build_tcp_frame(envelope, sample::tcp(tcp_ack), sample::payload(65000));
  const auto parsed = parse_frame(large).value();
  const std::uint16_t sum =
      pseudo_header_sum(parsed.source, parsed.destination, protocol_tcp, parsed.packet_end - parsed.transport_offset);
  large[50] = static_cast<std::uint8_t>(sum >> 8);
  large[51] = static_cast<std::uint8_t>(sum);
  Frame outgoing{.bytes = large};
  outgoing.vnet = infer_offload(large, parsed, 1500).value();
  ASSERT_EQ((*far)->send(std::span(&outgoing, 1)).value_or(0), 1U);
  std::vector<Frame> batch(1);
  pollfd waited{port.fd(), POLLIN, 0};
  ASSERT_GT(::poll(&waited, 1, 5000), 0);
  ASSERT_EQ(port.receive(batch).value_or(0), 1U);
  EXPECT_FALSE(batch[0].truncated);
  EXPECT_EQ(Bytes(batch[0].bytes.begin(), batch[0].bytes.end()), large);
  EXPECT_EQ(batch[0].vnet.gso_type, VnetHeader::gso_tcpv4);
  EXPECT_EQ(batch[0].vnet.gso_size, outgoing.vnet.gso_size);
  EXPECT_EQ(batch[0].vnet.checksum_start, outgoing.vnet.checksum_start);
  EXPECT_GT(batch[0].timestamp_ns, 1'600'000'000'000'000'000U);
}

TEST_P(LivePort, ALinkGoesDownAndComesUpAgain) {
  VethUnderTest under_test(GetParam().open);
  PacketPort& port = under_test.port();
  ASSERT_TRUE(port.set_filter("udp"));
  FrameEnvelope envelope = sample::ipv4();
  envelope.destination_mac = port.mac();
  Bytes frame = build_udp_frame(envelope, 1, 2);
  under_test.far_send(frame);
  EXPECT_EQ(under_test.receive(1).size(), 1U);
  under_test.receive_present();

  under_test.near().run("ip link set near0 down");
  const auto error = under_test.receive_error();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind, PortError::Kind::interface_down) << error->message;
  EXPECT_EQ(port.stats().times_down, 1U);
  Frame one;
  EXPECT_EQ(port.receive(std::span(&one, 1)).value_or(9), 0U);  // said once
  pollfd waited{port.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&waited, 1, 0), 0);  // and nothing to spin on
  const Frame outgoing{.bytes = frame};
  const auto sent = port.send(std::span(&outgoing, 1));
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().kind, PortError::Kind::interface_down);

  under_test.near().run("ip link set near0 up");
  under_test.far_send(frame);
  EXPECT_EQ(under_test.receive(1).size(), 1U);
  EXPECT_EQ(port.send(std::span(&outgoing, 1)).value_or(0), 1U);
}

TEST_P(LivePort, AMissingInterfaceIsSaidByName) {
  const Namespace nowhere;
  const Namespace::Stay stay(nowhere);
  for (const char* name : {"nosuch0", "", "a-name-that-is-longer-than-any-interface"}) {
    const auto port = GetParam().open(name);
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().kind, PortError::Kind::interface_missing) << port.error().message;
    EXPECT_NE(port.error().message.find(name), std::string::npos);
  }
  const auto loopback = GetParam().open("lo");
  ASSERT_FALSE(loopback);
  EXPECT_NE(loopback.error().message.find("not Ethernet"), std::string::npos);
}

// Capabilities belong to a thread.
void give_up_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const std::array<__user_cap_data_struct, 2> none{};
  ASSERT_EQ(::syscall(SYS_capset, &header, none.data()), 0);
}

TEST_P(LivePort, AMissingCapabilityIsSaidByName) {
  const VethUnderTest under_test(GetParam().open);
  std::thread([&] {
    ASSERT_EQ(::setns(under_test.far().fd(), CLONE_NEWNET), 0);  // for good: the way back needs a capability, too
    give_up_capabilities();
    const auto port = GetParam().open("far");
    ASSERT_FALSE(port);
    EXPECT_EQ(port.error().kind, PortError::Kind::not_permitted);
    EXPECT_NE(port.error().message.find("CAP_NET_RAW"), std::string::npos) << port.error().message;
  }).join();
}

}  // namespace
}  // namespace dvipa::test
