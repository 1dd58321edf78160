#pragma once
// What TCP sockets there are, by the kernel's sock_diag (inet_diag): whole lists and exact look-ups.
#include <linux/inet_diag.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/netlink.hpp"
#include "impl/live/kernel/socket_watch.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::kernel {

struct DiagnosedConnection {
  Connection connection;
  bool half_open = false;  // SYN_RECV: no socket of an application yet
  // TIME_WAIT and orphaned FIN_WAIT2: ends by itself, without notice, after `remaining` and a little.
  bool waiting = false;
  std::chrono::milliseconds remaining{0};
};

struct DiagnosedListener {
  Address address;
  Port port = 0;
  bool takes_v4_too = false;  // on ::, without IPV6_V6ONLY
  std::uint64_t cookie = 0;   // the kernel's name of the socket
};

class SockDiag {
 public:
  static Result<SockDiag> open();

  // Every listening TCP socket of the namespace: some 20 us.
  Result<std::vector<DiagnosedListener>> listeners();
  // Every connection with one of these local addresses. The kernel walks its whole table and filters; under churn a
  // connection may be missed, so absence is proved by find().
  Result<std::vector<DiagnosedConnection>> connections(std::span<const Address> local);
  // Exactly this one; empty when it does not exist.
  Result<std::optional<DiagnosedConnection>> find(const Connection& connection);

  // Aborts exactly this one, as a reset from the other end would; false when it does not exist.
  Result<bool> abort(const Connection& connection);

  // Resets every connection with this local address, at both ends; says how many. (MOV-6; CONFIG_INET_DIAG_DESTROY)
  Result<std::size_t> reset_connections(const Address& local);

  // Sockets bound to an interface are found only by its index.
  void expect_bound_interface(std::uint32_t index);

 private:
  explicit SockDiag(Netlink netlink) : netlink_(std::move(netlink)) {}
  Result<void> dump(std::uint32_t states, std::span<const Address> local,
                    const std::function<void(const nlmsghdr&)>& each);
  // Its socket as the kernel describes it; empty when it does not exist.
  Result<std::optional<inet_diag_msg>> socket_of(const Connection& connection);
  // The kernel's error number, 0 for success.
  int ask_about(const inet_diag_sockid& id, std::uint8_t family, std::uint16_t request_type,
                const std::function<void(const nlmsghdr&)>& each);
  Netlink netlink_;
  std::set<std::uint32_t> bound_interfaces_{0};
};

// The local and remote end that an answer or a notice of inet_diag speaks of.
Connection connection_of(const inet_diag_msg& socket);

}  // namespace dvipa::kernel
