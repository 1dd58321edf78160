// The veth pair.
#include "tests/live/port/veth_under_test.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <array>

#include "pcap/packet/invariant.hpp"

namespace dvipa::test {

Descriptor open_packet_socket(const Namespace& where, const std::string& interface) {
  const Namespace::Stay stay(where);
  Descriptor socket(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
  require(socket && ::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
          "a packet socket of the test");
  return socket;
}

VethUnderTest::VethUnderTest(const OpenPort& open) {
  join_by_veth(near_, "near0", far_, "far");
  far_socket_ = open_packet_socket(far_, "far");
  const Namespace::Stay stay(near_);
  auto opened = open("near0");
  require(opened.has_value(), opened ? "" : opened.error().message.c_str());
  port_ = std::move(*opened);
}

void VethUnderTest::far_send(const Bytes& frame) {
  ASSERT_EQ(::send(far_socket_.get(), frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
}

std::optional<Bytes> VethUnderTest::far_receive(const std::function<bool(const Bytes&)>& wanted) {
  const auto end = std::chrono::steady_clock::now() + wait_max;
  Bytes buffer(frame_bytes_max);
  while (std::chrono::steady_clock::now() < end) {
    pollfd waited{far_socket_.get(), POLLIN, 0};
    if (::poll(&waited, 1, 100) <= 0) continue;
    const ssize_t size = ::recv(far_socket_.get(), buffer.data(), buffer.size(), 0);
    const Bytes frame(buffer.begin(), buffer.begin() + std::max<ssize_t>(size, 0));
    if (wanted(frame)) return frame;
  }
  return std::nullopt;
}

}  // namespace dvipa::test
