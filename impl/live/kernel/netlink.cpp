#include "impl/live/kernel/netlink.hpp"

#include <cerrno>
#include <vector>

namespace dvipa::kernel {
namespace {

// The kernel fills dumps by the size of the reader's buffer, up to 32 KiB.
constexpr std::size_t buffer_bytes = 65536;
std::vector<char>& receive_buffer() {
  thread_local std::vector<char> buffer(buffer_bytes);
  return buffer;
}

enum class Progress { more, done };

// What one message of the answer says: an errno below zero is turned into `error`.
Progress take(const nlmsghdr& message, bool until_end, const Netlink::Answer& answer, int& error) {
  if (message.nlmsg_type == NLMSG_ERROR) {
    error = -static_cast<const nlmsgerr*>(mnl_nlmsg_get_payload(&message))->error;
    return Progress::done;
  }
  if (message.nlmsg_type == NLMSG_DONE) {
    if (mnl_nlmsg_get_payload_len(&message) >= sizeof(int))
      error = -*static_cast<const int*>(mnl_nlmsg_get_payload(&message));
    return Progress::done;
  }
  if (answer) answer(message);
  return until_end ? Progress::more : Progress::done;
}

}  // namespace

Result<Netlink> Netlink::open(int bus) {
  Netlink netlink;
  netlink.socket_.reset(mnl_socket_open2(bus, SOCK_CLOEXEC));
  if (!netlink.socket_ || mnl_socket_bind(netlink.socket_.get(), 0, MNL_SOCKET_AUTOPID) != 0)
    return tl::unexpected(failure("open netlink socket " + std::to_string(bus), errno));
  // Where the kernel knows it, a dump of one interface's addresses then walks only that interface.
  const int strict = 1;
  mnl_socket_setsockopt(netlink.socket_.get(), NETLINK_GET_STRICT_CHK, const_cast<int*>(&strict), sizeof strict);
  return netlink;
}

int Netlink::exchange_quietly(nlmsghdr& request, const Answer& answer) {
  request.nlmsg_seq = next_sequence();
  const bool until_end = (request.nlmsg_flags & (NLM_F_ACK | NLM_F_DUMP)) != 0;
  if (mnl_socket_sendto(socket_.get(), &request, request.nlmsg_len) < 0) return errno;
  std::vector<char>& buffer = receive_buffer();
  for (;;) {
    const ssize_t received = mnl_socket_recvfrom(socket_.get(), buffer.data(), buffer.size());
    if (received < 0) {
      if (errno == EINTR) continue;
      return errno;
    }
    int left = static_cast<int>(received);
    int error = 0;
    for (auto* message = static_cast<const nlmsghdr*>(static_cast<const void*>(buffer.data()));
         mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (message->nlmsg_seq != request.nlmsg_seq) continue;  // of an exchange that was given up
      if (take(*message, until_end, answer, error) == Progress::done) return error;
    }
  }
}

Result<void> Netlink::exchange(nlmsghdr& request, const Answer& answer, const std::string& action) {
  const int error = exchange_quietly(request, answer);
  if (error != 0) return tl::unexpected(failure(action, error));
  return {};
}

}  // namespace dvipa::kernel
