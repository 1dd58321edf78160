// Delivery to the own kernel through a TUN device.
#include "pcap/port/tun.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/syscall.h>

#include <array>
#include <thread>

#include "pcap/packet/build.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/port/pcap_port.hpp"
#include "pcap/port/raw_port.hpp"
#include "tests/live/port/switched_hosts.hpp"
#include "tests/live/port/transfer.hpp"
#include "tests/live/port/veth_under_test.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {
namespace {

// The forwarder holds the virtual address itself; its kernel must not see the frames that its port takes.
void make_target_of_itself(const SwitchedHosts& hosts) {
  hosts.forwarder.run("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
  hosts.forwarder.run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  hosts.forwarder.run(std::string("ip address add ") + virtual_address + "/32 dev lo");
  hosts.forwarder.run(
      "nft 'add table netdev t; add chain netdev t in { type filter hook ingress device e0 priority 0; }; "
      "add rule netdev t in ip daddr " +
      std::string(virtual_address) + " drop'");
}

class TunDelivery : public testing::TestWithParam<bool> {};
INSTANTIATE_TEST_SUITE_P(From, TunDelivery, testing::Bool(),
                         [](const auto& each) { return each.param ? "raw" : "pcap"; });

TEST_P(TunDelivery, AListenerOfTheOwnHostGetsTcpByteExact) {  // covers: RTE-7
  const SwitchedHosts hosts;
  make_target_of_itself(hosts);
  std::unique_ptr<MiniForwarder> forwarder;
  {
    const Namespace::Stay stay(hosts.forwarder);
    auto tun = TunDevice::open("dvipa0");
    ASSERT_TRUE(tun) << tun.error().message;
    EXPECT_TRUE(local_delivery_obstacles("dvipa0").empty());
    auto port = GetParam() ? open_raw_port("e0") : open_pcap_port("e0");
    ASSERT_TRUE(port) << port.error().message;
    forwarder = std::make_unique<MiniForwarder>(std::move(*port), std::move(*tun));
  }
  const Transfer transfer = transfer_both_ways(hosts.client, hosts.forwarder, 32 * 1024 * 1024);
  forwarder->stop();
  EXPECT_EQ(transfer.error, "");
  EXPECT_EQ(transfer.digest_sent_up, transfer.digest_received_up);
  EXPECT_EQ(transfer.digest_sent_down, transfer.digest_received_down);
  EXPECT_GT(forwarder->delivered().delivered, 0U);
  EXPECT_EQ(forwarder->delivered().refused, 0U) << forwarder->delivered().last_errno;
}

TEST(TunDevice, AClosedPortIsRefusedByTheKernel) {  // covers: RTE-5
  const SwitchedHosts hosts;
  make_target_of_itself(hosts);
  const Namespace::Stay stay(hosts.forwarder);
  auto tun = TunDevice::open("dvipa0");
  ASSERT_TRUE(tun) << tun.error().message;
  const Descriptor watch = open_packet_socket(hosts.client, "e0");
  FrameEnvelope envelope = sample::ipv4();
  envelope.destination = parse_address(virtual_address).value();
  Bytes syn = build_tcp_frame(envelope, sample::tcp());
  ASSERT_TRUE(tun->deliver(Frame{.bytes = syn}, parse_frame(syn).value()));
  Bytes buffer(2000);
  const auto end = std::chrono::steady_clock::now() + wait_max;
  bool refused = false;
  while (!refused && std::chrono::steady_clock::now() < end) {
    pollfd waited{watch.get(), POLLIN, 0};
    if (::poll(&waited, 1, 100) <= 0) continue;
    const ssize_t size = ::recv(watch.get(), buffer.data(), buffer.size(), 0);
    const auto parsed = parse_frame(std::span(buffer).first(static_cast<std::size_t>(std::max<ssize_t>(size, 0))));
    refused = parsed && parsed->source == envelope.destination && (parsed->tcp_flags & tcp_rst) != 0 &&
              parsed->destination_port == sample::tcp().source_port;
  }
  EXPECT_TRUE(refused);
}

TEST(TunDevice, PaddedAndTaggedFramesArriveAsPackets) {
  const Namespace host;
  const Namespace::Stay stay(host);
  host.run("ip address add 10.77.1.1/32 dev lo");
  auto tun = TunDevice::open("dvipa0");
  ASSERT_TRUE(tun);
  const Descriptor receiver(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(5000);
  ASSERT_EQ(::bind(receiver.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  Bytes frame = build_vlan_frame(build_udp_frame(sample::ipv4(), 9, 5000, sample::payload(5)), 3);
  const auto parsed = parse_frame(frame).value();
  const std::uint16_t sum = pseudo_header_sum(parsed.source, parsed.destination, protocol_udp, 13);
  frame[parsed.transport_offset + 6] = static_cast<std::uint8_t>(sum >> 8);
  frame[parsed.transport_offset + 7] = static_cast<std::uint8_t>(sum);
  frame.insert(frame.end(), 9, 0xee);  // padding that is not zero
  const Frame given{.bytes = frame, .vnet = infer_offload(frame, parsed, 1500).value()};
  ASSERT_TRUE(tun->deliver(given, parsed));
  Bytes datagram(100);
  pollfd waited{receiver.get(), POLLIN, 0};
  ASSERT_GT(::poll(&waited, 1, 5000), 0);
  const ssize_t size = ::recv(receiver.get(), datagram.data(), datagram.size(), 0);
  datagram.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  EXPECT_EQ(datagram, sample::payload(5));
}

TEST(TunDevice, WhatTheKernelDoesNotTakeIsCounted) {
  const Namespace host;
  const Namespace::Stay stay(host);
  auto tun = TunDevice::open("dvipa0");
  ASSERT_TRUE(tun);
  Bytes frame = build_udp_frame(sample::ipv4(), 1, 2);
  const auto parsed = parse_frame(frame).value();
  host.run("ip link set dvipa0 down");
  EXPECT_FALSE(tun->deliver(Frame{.bytes = frame}, parsed));
  EXPECT_EQ(tun->stats().refused, 1U);
  EXPECT_EQ(tun->stats().last_errno, EIO);
}

TEST(TunDevice, AReversePathFilterIsSaidToBeInTheWay) {
  const Namespace host;
  const Namespace::Stay stay(host);
  const auto tun = TunDevice::open("dvipa0");
  ASSERT_TRUE(tun);
  host.run("sysctl -qw net.ipv4.conf.all.rp_filter=0");
  EXPECT_TRUE(local_delivery_obstacles("dvipa0").empty());
  host.run("sysctl -qw net.ipv4.conf.all.rp_filter=1");
  const auto obstacles = local_delivery_obstacles("dvipa0");
  ASSERT_EQ(obstacles.size(), 1U);
  EXPECT_NE(obstacles[0].find("sysctl -w net/ipv4/conf/all/rp_filter=0"), std::string::npos) << obstacles[0];
}

TEST(TunDevice, ADeviceInUseAndAMissingCapabilityAreSaid) {
  const Namespace host;
  const Namespace::Stay stay(host);
  const auto first = TunDevice::open("dvipa0");
  ASSERT_TRUE(first);
  const auto second = TunDevice::open("dvipa0");
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().message.find("another process has it"), std::string::npos) << second.error().message;
  EXPECT_FALSE(TunDevice::open("a-name-of-sixteen"));
  std::thread([&] {
    ASSERT_EQ(::setns(host.fd(), CLONE_NEWNET), 0);
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const std::array<__user_cap_data_struct, 2> none{};
    ASSERT_EQ(::syscall(SYS_capset, &header, none.data()), 0);
    const auto refused = TunDevice::open("dvipa1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, PortError::Kind::not_permitted) << refused.error().message;
  }).join();
}

}  // namespace
}  // namespace dvipa::test
