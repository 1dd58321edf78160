#pragma once
// What TCP sockets this host has on watched DVIPAs, and how that changes: what a target reports of (TGT-1 to TGT-6).
//
// Two ways with one behaviour: BPF (a program on the kernel's socket state changes and a ring buffer), and without it
// sock_diag notices of ended sockets, a look at the listeners every few milliseconds and a tap on SYN and RST segments.
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "impl/live/kernel/failure.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::kernel {

// The wildcard of each family stands for listeners that listen on every address: 0.0.0.0 and ::. A listener on ::
// that takes IPv4 too (no IPV6_V6ONLY) is told as both.
inline constexpr Address any_v4 = Address::v4(0);
inline constexpr Address any_v6{};
constexpr bool is_wildcard(const Address& address) { return address == any_v4 || address == any_v6; }

struct Listener {
  Address address;  // a watched DVIPA or one of `listeners_also_on`, any_v4 or any_v6
  Port port = 0;
  constexpr auto operator<=>(const Listener&) const = default;
  constexpr bool counts_for(const Address& dvipa) const { return address == dvipa || address == wildcard_of(dvipa); }
};

// What happens to sockets. Called from the io_context's run(), never from within a call of SocketWatch, and always
// in pairs: started before ended, opened before ended.
class SocketEvents {
 public:
  virtual ~SocketEvents() = default;
  // The first socket listens on this address and port; the last one has ended. Sockets that share a port
  // (SO_REUSEPORT) make one listener.
  virtual void listener_started(const Listener& listener) = 0;
  virtual void listener_ended(const Listener& listener) = 0;
  // `connection.dvipa` is the local address. Inbound: when the handshake is complete. Outbound: when the SYN is sent.
  virtual void connection_opened(const Connection& connection, bool outbound) = 0;
  // Nothing of the connection is left, TIME_WAIT included. A 4-tuple that is used again out of TIME_WAIT goes on as
  // the same connection.
  virtual void connection_ended(const Connection& connection) = 0;
};

struct SocketWatchOptions {
  bool allow_bpf = true;
  std::chrono::milliseconds listen_interval{
      5};  // between looks at the listeners, without BPF; grows to 6 on a busy host
  std::size_t buffer_bytes = std::size_t{4}
                             << 20;  // of what the kernel queues for us; what is lost is found by a new look
  // Addresses that are no DVIPA yet: listeners on them are told of too (CFG-5).
  std::function<bool(const Address&)> listeners_also_on{};
  std::function<void(const std::string&)> log{};  // one line each: why BPF is not used, that events were lost
};

// What was there already when a DVIPA became watched.
struct Found {
  std::vector<Listener> listeners;      // each that counts for one of the DVIPAs
  std::vector<Connection> connections;  // half-open ones and those in TIME_WAIT included (TGT-3)
};

class SocketWatch {
 public:
  enum class Means { bpf, sock_diag };

  // Watches the network namespace of the calling thread. `io` and `events` must outlive this. Fails when the kernel
  // has no sock_diag, or without BPF when packet sockets are not permitted.
  static Result<std::unique_ptr<SocketWatch>> open(boost::asio::io_context& io, SocketEvents& events,
                                                   SocketWatchOptions options = {});
  virtual ~SocketWatch() = default;

  virtual Means means() const = 0;

  // From now on sockets of these DVIPAs are told of. What exists is returned, not told; its end is told (but for
  // half-open connections, which are told of as opened when they complete).
  virtual Result<Found> watch(std::span<const Address> dvipas) = 0;
  // Nothing more is told of this DVIPA.
  virtual void unwatch(const Address& dvipa) = 0;

  // The listeners as they are now, wildcard ones included, ascending.
  virtual Result<std::vector<Listener>> listeners_now() = 0;
  // All connections of these DVIPAs as they are now, SYN_RECV and TIME_WAIT included: about 1.3 us each.
  virtual Result<std::vector<Connection>> dump_now(std::span<const Address> dvipas) = 0;
  // Whether exactly this connection exists, in any state but closed (RTE-11). A few microseconds.
  virtual Result<bool> holds(const Connection& connection) = 0;
};

}  // namespace dvipa::kernel
