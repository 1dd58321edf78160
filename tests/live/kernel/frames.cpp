#include "tests/live/kernel/frames.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <initializer_list>

namespace dvipa::kernel::test {
namespace {

void put16(Bytes& bytes, std::initializer_list<unsigned> values) {
  for (const unsigned value : values) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
  }
}

void put(Bytes& bytes, const Bytes& more) {
  for (const std::uint8_t byte : more) bytes.push_back(byte);
}

Bytes wire_bytes(const Address& address) {
  return {address.bytes.begin() + (address.is_v4() ? 12 : 0), address.bytes.end()};
}

// The one's complement sum of RFC 1071.
std::uint16_t checksum(const Bytes& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2)
    sum += static_cast<std::uint32_t>(bytes[i] << 8 | (i + 1 < bytes.size() ? bytes[i + 1] : 0));
  while (sum >> 16 != 0) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

// Puts the sum over pseudo-header and segment into the segment.
void finish(Bytes& segment, unsigned protocol, std::size_t checksum_at, const Address& source,
            const Address& destination) {
  Bytes covered = wire_bytes(source);
  put(covered, wire_bytes(destination));
  put16(covered, {protocol, static_cast<unsigned>(segment.size())});
  put(covered, segment);
  const std::uint16_t sum = checksum(covered);
  segment[checksum_at] = static_cast<std::uint8_t>(sum >> 8);
  segment[checksum_at + 1] = static_cast<std::uint8_t>(sum);
}

Bytes frame_of(const MacAddress& from, const Address& destination, const Address& source, std::uint8_t protocol,
               const Bytes& segment) {
  Bytes frame;
  for (const MacAddress& mac : {mac_of_e0, from})
    for (const std::uint8_t byte : mac) frame.push_back(byte);
  const auto size = static_cast<unsigned>(segment.size());
  Bytes ip;
  if (destination.is_v4()) {
    put16(frame, {ETH_P_IP});
    put16(ip, {0x4500, 20 + size, 0, 0, 64U << 8 | protocol, 0});
  } else {
    put16(frame, {ETH_P_IPV6});
    put16(ip, {0x6000, 0, size, unsigned{protocol} << 8 | 64U});
  }
  put(ip, wire_bytes(source));
  put(ip, wire_bytes(destination));
  if (destination.is_v4()) {
    const std::uint16_t sum = checksum(ip);
    ip[10] = static_cast<std::uint8_t>(sum >> 8);
    ip[11] = static_cast<std::uint8_t>(sum);
  }
  put(frame, ip);
  put(frame, segment);
  return frame;
}

}  // namespace

Bytes udp_frame(const MacAddress& from, const Address& destination, Port port, const Address& source,
                std::uint8_t content) {
  Bytes udp;
  put16(udp, {4000, port, 9, 0});
  udp.push_back(content);
  finish(udp, IPPROTO_UDP, 6, source, destination);
  return frame_of(from, destination, source, IPPROTO_UDP, udp);
}

Bytes syn_frame(const MacAddress& from, const Address& destination, Port port, const Address& source,
                Port source_port) {
  Bytes tcp;
  put16(tcp, {source_port, port, 0, 1, 0, 0, 0x5002, 1024, 0, 0});
  finish(tcp, IPPROTO_TCP, 16, source, destination);
  return frame_of(from, destination, source, IPPROTO_TCP, tcp);
}

int packet_socket(const char* interface) {
  const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  place.sll_ifindex = static_cast<int>(if_nametoindex(interface));
  EXPECT_EQ(::bind(socket, static_cast<sockaddr*>(static_cast<void*>(&place)), sizeof place), 0);
  return socket;
}

void send_from_peer(const Bytes& frame) {
  const int socket = packet_socket("e1");
  EXPECT_EQ(::send(socket, frame.data(), frame.size(), 0), static_cast<ssize_t>(frame.size()));
  ::close(socket);
}

}  // namespace dvipa::kernel::test
