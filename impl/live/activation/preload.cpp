// LD_PRELOAD=libdvipa_preload.so: lets an unchanged program have its address activated by its bind() (CFG-5, MOV-2).
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstdint>
#include <cstring>

#include "impl/live/activation/dvipa.h"

namespace {

using Bind = int (*)(int, const sockaddr*, socklen_t);

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
