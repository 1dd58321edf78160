#pragma once
// One netlink socket of libmnl and synchronous exchanges over it.
#include <libmnl/libmnl.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "impl/live/kernel/failure.hpp"

namespace dvipa::kernel {

class Netlink {
 public:
  // `bus` is a NETLINK_* number. The socket belongs to the network namespace of the calling thread.
  static Result<Netlink> open(int bus);

  int descriptor() const { return mnl_socket_get_fd(socket_.get()); }
  std::uint32_t next_sequence() { return ++sequence_; }

  // Sends one request and takes its answer until the acknowledgement, the end of the dump, or (without NLM_F_ACK and
  // NLM_F_DUMP) the first message. Each message goes to `answer`. The failure carries `action` and the kernel's errno.
  // EINTR of a dump (NLM_F_DUMP_INTR) is left to the caller: dumps of sockets do not set it.
  using Answer = std::function<void(const nlmsghdr&)>;
  Result<void> exchange(nlmsghdr& request, const Answer& answer, const char* action);
  // As exchange(), but errors come back as errno (0 = done), without text: for paths where a refusal is usual.
  int exchange_quietly(nlmsghdr& request, const Answer& answer);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace dvipa::kernel
