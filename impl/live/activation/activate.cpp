// libdvipa: asks the stack of this host over its control socket.
#include <netinet/in.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <optional>

#include "impl/live/activation/dvipa.h"
#include "impl/live/control/control_client.hpp"
#include "spec/vocabulary/address.hpp"

namespace {

using dvipa::Address;

constexpr std::chrono::seconds answer_limit{15};

std::optional<Address> address_of(const sockaddr* address, socklen_t length) {
  if (address == nullptr || length < sizeof(sa_family_t)) return std::nullopt;
  if (address->sa_family == AF_INET && length >= sizeof(sockaddr_in)) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return Address::v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    Address made;
    std::memcpy(made.bytes.data(), &v6.sin6_addr, made.bytes.size());
    return made;
  }
  return std::nullopt;
}

// 0 or an errno.
int activate(const Address& address) {
  namespace control = dvipa::control;
  const char* named = std::getenv("DVIPA_CONTROL");
  const auto path = named != nullptr ? tl::expected<std::filesystem::path, control::ControlFailure>(named)
                                     : control::find_socket(control::runtime_directories(), "");
  if (!path) return ENOENT;
  const control::Json request = {
      {"verb", "vary"}, {"command", "activate"}, {"dvipa", dvipa::to_string(address)}, {"by", "bind"}};
  const auto answer = control::ask(*path, request, answer_limit);
  if (!answer) return ENOENT;
  if (answer->value("ok", false)) return 0;
  return answer->value("reason", "") == "disruptive" ? EADDRINUSE : EADDRNOTAVAIL;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int dvipa_activate(const sockaddr* address, socklen_t length) {
  const auto asked = address_of(address, length);
  int error = EAFNOSUPPORT;
  try {  // no exception leaves for a caller that may be written in C
    if (asked) error = activate(*asked);
  } catch (const std::exception&) {
    error = ENOENT;
  }
  if (error == 0) return 0;
  errno = error;
  return -1;
}
