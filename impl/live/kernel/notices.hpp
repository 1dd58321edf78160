#pragma once
// What the kernel tells of sockets by itself, in either of two ways. Notices are prompt, but not the truth: the watch
// checks each against the kernel's tables before it tells anybody.
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "impl/live/kernel/failure.hpp"
#include "impl/live/kernel/socket_watch.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::kernel {

struct Notice {
  enum class Kind : std::uint8_t {
    listener_started,  // perhaps not yet in the kernel's table: `cookie` tells when it is
    listener_ended,
    opened,      // for certain
    half_open,   // a SYN or its acknowledgement was sent: it may become a connection
    closed,      // its socket has left the table; TIME_WAIT may remain
    destroyed,   // its socket is gone for good, perhaps long after it was closed
    reset_seen,  // a reset passes by: it may end
  };
  Kind kind{};
  bool outbound = false;
  std::uint32_t bound_interface = 0;
  std::uint64_t cookie = 0;
  Connection connection;  // of a listener: only its own end
};

class NoticeSource {
 public:
  // Called from the io_context's run(). `lost`: more happened than could be kept.
  using Deliver = std::function<void(std::span<const Notice> notices, bool lost)>;
  virtual ~NoticeSource() = default;
  virtual SocketWatch::Means means() const = 0;
  virtual Result<void> watch(const Address& dvipa) = 0;
  virtual void unwatch(const Address& dvipa) = 0;
};

// Notices of listeners on a wildcard always come, all others only for watched local addresses (or may be ignored).
Result<std::unique_ptr<NoticeSource>> open_bpf_notices(boost::asio::io_context& io,
                                                       const NoticeSource::Deliver& deliver, std::size_t buffer_bytes);
Result<std::unique_ptr<NoticeSource>> open_sock_diag_notices(boost::asio::io_context& io,
                                                             const NoticeSource::Deliver& deliver,
                                                             std::size_t buffer_bytes);

}  // namespace dvipa::kernel
