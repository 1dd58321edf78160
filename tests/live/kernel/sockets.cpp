#include "tests/live/kernel/sockets.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dvipa::kernel::test {
namespace {

struct Place {
  sockaddr_storage bytes{};
  socklen_t length = sizeof(sockaddr_storage);
  sockaddr* get() { return static_cast<sockaddr*>(static_cast<void*>(&bytes)); }
};

Place place_of(const Address& address, Port port, bool v6_socket) {
  Place place;
  if (!v6_socket) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    v4.sin_addr.s_addr = htonl(address.v4_value());
    std::memcpy(&place.bytes, &v4, place.length = sizeof v4);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(port);
    std::copy(address.bytes.begin(), address.bytes.end(), std::begin(v6.sin6_addr.s6_addr));
    std::memcpy(&place.bytes, &v6, place.length = sizeof v6);
  }
  return place;
}

}  // namespace

void Socket::abort() {
  const linger at_once{1, 0};
  setsockopt(number_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close();
}

Socket listen_on(const Address& address, Port port, ListenOptions options) {
  const bool v6 = !address.is_v4() || options.v6_socket;
  Socket socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int yes = 1;
  setsockopt(socket.number(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (options.reuse_port) setsockopt(socket.number(), SOL_SOCKET, SO_REUSEPORT, &yes, sizeof yes);
  const int v6_only = options.v6_only ? 1 : 0;
  if (v6) setsockopt(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, &v6_only, sizeof v6_only);
  Place place = place_of(address, port, v6);
  EXPECT_EQ(::bind(socket.number(), place.get(), place.length), 0) << std::strerror(errno);
  EXPECT_EQ(::listen(socket.number(), 4096), 0) << std::strerror(errno);
  return socket;
}

Socket connect_from(const Address& from, Port from_port, const Address& to, Port to_port, bool wait) {
  const bool v6 = !to.is_v4();
  Socket socket(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC | (wait ? 0 : SOCK_NONBLOCK), 0));
  const int yes = 1;
  setsockopt(socket.number(), SOL_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
  Place own = place_of(from, from_port, v6);
  EXPECT_EQ(::bind(socket.number(), own.get(), own.length), 0) << std::strerror(errno);
  Place peer = place_of(to, to_port, v6);
  const int connected = ::connect(socket.number(), peer.get(), peer.length);
  EXPECT_TRUE(connected == 0 || !wait) << std::strerror(errno);
  return socket;
}

Socket accept_from(const Socket& listener) {
  return Socket(::accept4(listener.number(), nullptr, nullptr, SOCK_CLOEXEC));
}

Port local_port(const Socket& socket) {
  Place place;
  EXPECT_EQ(getsockname(socket.number(), place.get(), &place.length), 0);
  sockaddr_in v4{};
  std::memcpy(&v4, &place.bytes, sizeof v4);  // the port is at the same place in both families
  return ntohs(v4.sin_port);
}

}  // namespace dvipa::kernel::test
