#include "impl/live/kernel/sock_diag.hpp"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace dvipa::kernel {
namespace {

constexpr std::uint32_t bit(int state) { return 1U << static_cast<unsigned>(state); }
constexpr std::uint32_t connection_states = (bit(TCP_CLOSING + 1) - 1) & ~bit(TCP_LISTEN) & ~bit(TCP_CLOSE) & ~1U;

// The number that inet_diag gives the timer of a TIME_WAIT or FIN_WAIT2 minisocket.
constexpr std::uint8_t timer_of_minisocket = 3;

// With more addresses than this a filter costs the kernel more than it saves.
constexpr std::size_t filtered_addresses_max = 32;

Address address_of(std::uint8_t family, const __be32 (&words)[4]) {
  if (family == AF_INET) return Address::v4(ntohl(words[0]));
  Address address;
  std::memcpy(address.bytes.data(), words, address.bytes.size());
  return address;
}

void put_address(const Address& address, __be32 (&words)[4]) {
  if (address.is_v4())
    words[0] = htonl(address.v4_value());
  else
    std::memcpy(words, address.bytes.data(), address.bytes.size());
}

std::uint64_t cookie_of(const inet_diag_msg& socket) {
  return std::uint64_t{socket.id.idiag_cookie[1]} << 32 | socket.id.idiag_cookie[0];
}

const inet_diag_msg& body_of(const nlmsghdr& message) {
  return *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(&message));
}

bool is_socket(const nlmsghdr& message) {
  return (message.nlmsg_type == SOCK_DIAG_BY_FAMILY || message.nlmsg_type == TCPDIAG_GETSOCK) &&
         mnl_nlmsg_get_payload_len(&message) >= sizeof(inet_diag_msg);
}

DiagnosedConnection diagnosed(const inet_diag_msg& socket) {
  DiagnosedConnection connection;
  connection.connection = connection_of(socket);
  connection.half_open = socket.idiag_state == TCP_SYN_RECV;
  connection.waiting = socket.idiag_timer == timer_of_minisocket;
  if (connection.waiting) connection.remaining = std::chrono::milliseconds(socket.idiag_expires);
  return connection;
}

// A program of inet_diag: "the local address is one of these". Each condition falls through to a jump to the end
// (accepted) when it holds, and over that jump when not; the last one then jumps past the end (refused).
std::vector<std::uint8_t> filter_of(std::span<const Address> local) {
  std::vector<std::vector<std::uint8_t>> conditions;
  std::size_t left = 0;
  for (const Address& address : local) {
    const std::size_t address_bytes = address.is_v4() ? 4 : 16;
    inet_diag_hostcond condition{};
    condition.family = address.is_v4() ? AF_INET : AF_INET6;
    condition.prefix_len = static_cast<std::uint8_t>(8 * address_bytes);
    condition.port = -1;
    std::vector<std::uint8_t> bytes(sizeof(inet_diag_bc_op) + sizeof condition + address_bytes);
    std::memcpy(bytes.data() + sizeof(inet_diag_bc_op), &condition, sizeof condition);
    std::copy_n(address.bytes.end() - static_cast<std::ptrdiff_t>(address_bytes), address_bytes,
                bytes.data() + sizeof(inet_diag_bc_op) + sizeof condition);
    left += bytes.size() + sizeof(inet_diag_bc_op);
    conditions.push_back(std::move(bytes));
  }
  std::vector<std::uint8_t> program;
  for (auto& bytes : conditions) {
    constexpr std::size_t jump_bytes = sizeof(inet_diag_bc_op);
    inet_diag_bc_op test{INET_DIAG_BC_S_COND, static_cast<std::uint8_t>(bytes.size()),
                         static_cast<std::uint16_t>(bytes.size() + jump_bytes)};
    left -= bytes.size();
    const inet_diag_bc_op accept{INET_DIAG_BC_JMP, jump_bytes, static_cast<std::uint16_t>(left)};
    left -= jump_bytes;
    if (left == 0) test.no = static_cast<std::uint16_t>(bytes.size() + jump_bytes + sizeof(inet_diag_bc_op));
    std::memcpy(bytes.data(), &test, sizeof test);
    program.insert(program.end(), bytes.begin(), bytes.end());
    const auto* raw = static_cast<const std::uint8_t*>(static_cast<const void*>(&accept));
    program.insert(program.end(), raw, raw + sizeof accept);
  }
  return program;
}

Failure without_sock_diag(Failure failure) {
  if (failure.error_number == ENOENT || failure.error_number == EPROTONOSUPPORT)
    failure.remedy = "load the module tcp_diag, or use a kernel with CONFIG_INET_TCP_DIAG";
  return failure;
}

}  // namespace

Connection connection_of(const inet_diag_msg& socket) {
  return Connection{address_of(socket.idiag_family, socket.id.idiag_src),
                    {address_of(socket.idiag_family, socket.id.idiag_dst), ntohs(socket.id.idiag_dport),
                     ntohs(socket.id.idiag_sport)}};
}

Result<SockDiag> SockDiag::open() {
  auto netlink = Netlink::open(NETLINK_SOCK_DIAG);
  if (!netlink) return tl::unexpected(without_sock_diag(netlink.error()));
  SockDiag diag(std::move(*netlink));
  if (auto looked = diag.listeners(); !looked) return tl::unexpected(looked.error());
  return diag;
}

void SockDiag::expect_bound_interface(std::uint32_t index) { bound_interfaces_.insert(index); }

// The older of the two requests: it takes sockets of both families in one walk, and a walk of the kernel's table costs
// milliseconds where the table is large. (Most IPv4 connections may be of IPv6 sockets.)
Result<void> SockDiag::dump(std::uint32_t states, std::span<const Address> local,
                            const std::function<void(const nlmsghdr&)>& each) {
  const std::vector<std::uint8_t> filter = filter_of(local);
  std::vector<char> bytes(MNL_NLMSG_HDRLEN + sizeof(inet_diag_req) + MNL_ATTR_HDRLEN + filter.size() + 64);
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = TCPDIAG_GETSOCK;
  request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  inet_diag_req body{};
  body.idiag_family = AF_UNSPEC;
  body.idiag_states = states;
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  if (!filter.empty()) mnl_attr_put(request, INET_DIAG_REQ_BYTECODE, filter.size(), filter.data());
  auto dumped = netlink_.exchange(
      *request,
      [&](const nlmsghdr& message) {
        if (!is_socket(message)) return;
        if (const std::uint32_t index = body_of(message).id.idiag_if; index != 0) expect_bound_interface(index);
        each(message);
      },
      "list the TCP sockets");
  if (!dumped) return tl::unexpected(without_sock_diag(dumped.error()));
  return {};
}

Result<std::vector<DiagnosedListener>> SockDiag::listeners() {
  std::vector<DiagnosedListener> listeners;
  const auto dumped = dump(bit(TCP_LISTEN), {}, [&](const nlmsghdr& message) {
    const inet_diag_msg& socket = body_of(message);
    DiagnosedListener listener;
    const Connection ends = connection_of(socket);
    listener.address = ends.dvipa;
    listener.port = ends.remote.dvipa_port;
    listener.cookie = cookie_of(socket);
    listener.takes_v4_too = listener.address == any_v6;
    for_each_attribute(message, sizeof(inet_diag_msg), [&](const nlattr& attribute) {
      if (mnl_attr_get_type(&attribute) == INET_DIAG_SKV6ONLY && mnl_attr_get_u8(&attribute) != 0)
        listener.takes_v4_too = false;
    });
    listeners.push_back(listener);
  });
  if (!dumped) return tl::unexpected(dumped.error());
  return listeners;
}

Result<std::vector<DiagnosedConnection>> SockDiag::connections(std::span<const Address> local) {
  std::vector<DiagnosedConnection> found;
  if (local.empty()) return found;
  std::vector<Address> wanted(local.begin(), local.end());
  std::sort(wanted.begin(), wanted.end());
  const bool filtered = wanted.size() <= filtered_addresses_max;
  const auto dumped = dump(connection_states, filtered ? std::span<const Address>(wanted) : std::span<const Address>(),
                           [&](const nlmsghdr& message) {
                             DiagnosedConnection connection = diagnosed(body_of(message));
                             if (std::binary_search(wanted.begin(), wanted.end(), connection.connection.dvipa))
                               found.push_back(connection);
                           });
  if (!dumped) return tl::unexpected(dumped.error());
  return found;
}

Result<std::size_t> SockDiag::reset_connections(const Address& local) {
  std::vector<inet_diag_msg> found;
  const auto dumped = dump(connection_states, {&local, 1}, [&](const nlmsghdr& message) {
    if (connection_of(body_of(message)).dvipa == local) found.push_back(body_of(message));
  });
  if (!dumped) return tl::unexpected(dumped.error());
  std::size_t reset = 0;
  for (const inet_diag_msg& socket : found) {
    const int error = ask_about(socket.id, socket.idiag_family, SOCK_DESTROY, [](const nlmsghdr&) {});
    if (error == 0) ++reset;
    if (error != 0 && error != ENOENT) return tl::unexpected(failure("reset a connection", error));
  }
  return reset;
}

Result<std::optional<DiagnosedConnection>> SockDiag::find(const Connection& connection) {
  const auto socket = socket_of(connection);
  if (!socket) return tl::unexpected(socket.error());
  if (!*socket) return std::nullopt;
  return diagnosed(**socket);
}

// By the cookie: should the connection end meanwhile, the kernel would take its listener instead.
Result<bool> SockDiag::abort(const Connection& connection) {
  const auto socket = socket_of(connection);
  if (!socket) return tl::unexpected(socket.error());
  if (!*socket) return false;
  const int error = ask_about((*socket)->id, (*socket)->idiag_family, SOCK_DESTROY, [](const nlmsghdr&) {});
  if (error == 0) return true;
  if (error == ENOENT) return false;
  Failure failed = failure("abort a connection", error);
  if (error == EOPNOTSUPP) failed.remedy = "use a kernel with CONFIG_INET_DIAG_DESTROY";
  return tl::unexpected(failed);
}

Result<std::optional<inet_diag_msg>> SockDiag::socket_of(const Connection& connection) {
  for (const std::uint32_t interface : bound_interfaces_) {
    inet_diag_sockid id{};
    put_address(connection.dvipa, id.idiag_src);
    put_address(connection.remote.client, id.idiag_dst);
    id.idiag_sport = htons(connection.remote.dvipa_port);
    id.idiag_dport = htons(connection.remote.client_port);
    id.idiag_if = interface;
    id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    std::optional<inet_diag_msg> found;
    const std::uint8_t family = connection.dvipa.is_v4() ? AF_INET : AF_INET6;
    const int error = ask_about(id, family, SOCK_DIAG_BY_FAMILY, [&](const nlmsghdr& message) {
      // Without such a connection the kernel answers with the listener that would take it.
      if (is_socket(message) && body_of(message).idiag_state != TCP_LISTEN) found = body_of(message);
    });
    if (found) return found;
    if (error != 0 && error != ENOENT) return tl::unexpected(failure("look up a connection", error));
  }
  return std::nullopt;
}

int SockDiag::ask_about(const inet_diag_sockid& id, std::uint8_t family, std::uint16_t request_type,
                        const std::function<void(const nlmsghdr&)>& each) {
  std::array<char, 256> bytes{};
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = request_type;
  // A request that has an answer needs no acknowledgement.
  request->nlmsg_flags =
      static_cast<std::uint16_t>(NLM_F_REQUEST | (request_type == SOCK_DIAG_BY_FAMILY ? 0 : NLM_F_ACK));
  inet_diag_req_v2 body{};
  body.sdiag_family = family;
  body.sdiag_protocol = IPPROTO_TCP;
  body.idiag_states = ~0U;
  body.id = id;
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  return netlink_.exchange_quietly(*request, each);
}

}  // namespace dvipa::kernel
