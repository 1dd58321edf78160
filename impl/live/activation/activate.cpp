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

namespace control = dvipa::control;

std::optional<control::Json> ask(const control::Json& request) {
  const char* named = std::getenv("DVIPA_CONTROL");
  const auto path = named != nullptr ? tl::expected<std::filesystem::path, control::ControlFailure>(named)
                                     : control::find_socket(control::runtime_directories(), "");
  if (!path) return std::nullopt;
  auto answer = control::ask(*path, request, answer_limit);
  return answer ? std::optional(std::move(*answer)) : std::nullopt;
}

// 0 or an errno.
int activate(const Address& address) {
  const auto answer =
      ask({{"verb", "vary"}, {"command", "activate"}, {"dvipa", dvipa::to_string(address)}, {"by", "bind"}});
  if (!answer) return ENOENT;
  if (answer->value("ok", false)) return 0;
  return answer->value("reason", "") == "disruptive" ? EADDRINUSE : EADDRNOTAVAIL;
}

socklen_t put_address(const Address& address, sockaddr_storage& storage) {
  storage = {};
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(address.v4_value());
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, address.bytes.data(), address.bytes.size());
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

// The length of the source, or an errno, negative.
int source(const Address& server, sockaddr_storage& storage) {
  const char* named = std::getenv("DVIPA_JOBNAME");
  const auto answer = ask({{"verb", "source"},
                           {"job", named != nullptr ? named : program_invocation_short_name},
                           {"family", server.is_v4() ? "IPv4" : "IPv6"}});
  if (!answer || !answer->value("ok", false)) return -ENOENT;
  const auto address = dvipa::parse_address(answer->value("address", ""));
  if (!address) return 0;
  return static_cast<int>(put_address(*address, storage));
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int dvipa_source(const sockaddr* server, socklen_t length,
                                                                   sockaddr_storage* found) {
  const auto asked = address_of(server, length);
  int result = -EAFNOSUPPORT;
  try {
    if (asked && found != nullptr) result = source(*asked, *found);
  } catch (const std::exception&) {
    result = -ENOENT;
  }
  if (result >= 0) return result;
  errno = -result;
  return -1;
}

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
