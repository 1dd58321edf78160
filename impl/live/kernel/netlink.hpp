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
  // Exchanges do not nest: `answer` must not use the same thread's netlink sockets.
  using Answer = std::function<void(const nlmsghdr&)>;
  Result<void> exchange(nlmsghdr& request, const Answer& answer, const std::string& action);
  // As exchange(), but errors come back as errno (0 = done), without text: for paths where a refusal is usual.
  int exchange_quietly(nlmsghdr& request, const Answer& answer);

 private:
  struct Close {
    void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
  };
  std::unique_ptr<mnl_socket, Close> socket_;
  std::uint32_t sequence_ = 0;
};

// Calls `visit` with each attribute of a message that follows a header of `header_bytes`, or of a nest of attributes.
// (The macros of libmnl that do this are C.)
template <typename Visit>
void for_each_attribute(const nlmsghdr& message, std::size_t header_bytes, Visit&& visit) {
  const auto* end = static_cast<const char*>(mnl_nlmsg_get_payload_tail(&message));
  const auto* at = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&message, header_bytes));
  for (; mnl_attr_ok(at, static_cast<int>(end - static_cast<const char*>(static_cast<const void*>(at))));
       at = mnl_attr_next(at))
    visit(*at);
}
template <typename Visit>
void for_each_nested_attribute(const nlattr& nest, Visit&& visit) {
  const auto* at = static_cast<const nlattr*>(mnl_attr_get_payload(&nest));
  const auto* end = static_cast<const char*>(static_cast<const void*>(at)) + mnl_attr_get_payload_len(&nest);
  for (; mnl_attr_ok(at, static_cast<int>(end - static_cast<const char*>(static_cast<const void*>(at))));
       at = mnl_attr_next(at))
    visit(*at);
}

}  // namespace dvipa::kernel
