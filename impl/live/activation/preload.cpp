// LD_PRELOAD=libdvipa_preload.so: lets an unchanged program have its address activated by its bind() (CFG-5, MOV-2),
// and gives its connections the source that the profile says (CFG-6).
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "impl/live/activation/dvipa.h"

namespace {

using Bind = int (*)(int, const sockaddr*, socklen_t);

// Of an address family of IP, and nobody has bound it: the kernel would choose its source.
bool has_no_source(int socket) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) != 0) return false;
  if (own.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &own, sizeof v4);
    return v4.sin_port == 0 && v4.sin_addr.s_addr == htonl(INADDR_ANY);
  }
  sockaddr_in6 v6{};
  std::memcpy(&v6, &own, sizeof v6);
  return own.ss_family == AF_INET6 && v6.sin6_port == 0 && IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr);
}

// CFG-6. False with errno when the source that the profile says cannot be had. What is on this host already, as a
// hidden address or one whose connections end here, is not moved for it.
bool give_source(int socket, const sockaddr* server, socklen_t length) {
  static const auto bind_next = reinterpret_cast<Bind>(::dlsym(RTLD_NEXT, "bind"));
  sockaddr_storage source{};
  const int source_length = dvipa_source(server, length, &source);
  if (source_length <= 0) return source_length == 0 || errno == ENOENT || errno == EAFNOSUPPORT;
  const int on = 1;  // the port is chosen at the connection, which may share it with others to other servers
  ::setsockopt(socket, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto* address = reinterpret_cast<const sockaddr*>(&source);
  const auto bytes = static_cast<socklen_t>(source_length);
  if (bind_next(socket, address, bytes) == 0) return true;
  return errno == EADDRNOTAVAIL && dvipa_activate(address, bytes) == 0 && bind_next(socket, address, bytes) == 0;
}

// A stream socket, and an address of its own: neither the wildcard nor one of the loopback's.
bool may_be_dvipa(int socket, const sockaddr* address, socklen_t length) {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) return false;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    const std::uint32_t value = ntohl(v4.sin_addr.s_addr);
    return value != INADDR_ANY && value >> 24U != static_cast<std::uint32_t>(IN_LOOPBACKNET);
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return !IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr) && !IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) &&
           !IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr);
  }
  return false;
}

}  // namespace

// As bind(2). What the stack knows nothing of, and every host without a stack, is none of its business; only another
// stack's refusal to give the address away is the application's error, as an address in use (MOV-6).
extern "C" __attribute__((visibility("default"))) int bind(int socket, const sockaddr* address,
                                                           socklen_t length) noexcept {
  static const auto next = reinterpret_cast<Bind>(::dlsym(RTLD_NEXT, "bind"));
  if (address != nullptr && length >= sizeof(sa_family_t) && may_be_dvipa(socket, address, length)) {
    const int before = errno;
    if (dvipa_activate(address, length) != 0 && errno == EADDRINUSE) return -1;
    errno = before;
  }
  return next(socket, address, length);
}

// As connect(2). A server on the loopback, and a socket with a source of its own, are left alone.
extern "C" __attribute__((visibility("default"))) int connect(int socket, const sockaddr* address, socklen_t length) {
  static const auto next = reinterpret_cast<Bind>(::dlsym(RTLD_NEXT, "connect"));
  if (address != nullptr && length >= sizeof(sa_family_t) && may_be_dvipa(socket, address, length) &&
      has_no_source(socket)) {
    const int before = errno;
    if (!give_source(socket, address, length)) return -1;
    errno = before;
  }
  return next(socket, address, length);
}
