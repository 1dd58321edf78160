// Notices without BPF: sock_diag tells of destroyed sockets, and a packet socket sees the SYN and RST segments.
#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

#include "impl/live/kernel/notices.hpp"
#include "impl/live/kernel/sock_diag.hpp"

namespace dvipa::kernel {
namespace {

namespace asio = boost::asio;

constexpr std::uint8_t tcp_syn = 0x02;
constexpr std::uint8_t tcp_rst = 0x04;
constexpr std::uint8_t tcp_ack = 0x10;
constexpr std::size_t ip_v6_bytes = 40;
constexpr std::size_t tcp_bytes = 20;
constexpr std::size_t segment_bytes_max = 60 + tcp_bytes;

// As large as we may: beyond the system's limit only with CAP_NET_ADMIN.
void enlarge_buffer(int socket, std::size_t buffer_bytes) {
  const int bytes = static_cast<int>(buffer_bytes);
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

// A socket that receives notices of destroyed TCP sockets.
Result<int> open_destroy_notices(std::size_t buffer_bytes) {
  const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
  if (socket < 0) return tl::unexpected(failure("open a sock_diag socket", errno));
  sockaddr_nl place{};
  place.nl_family = AF_NETLINK;
  bool joined = ::bind(socket, static_cast<sockaddr*>(static_cast<void*>(&place)), sizeof place) == 0;
  for (const int group : {SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET6_TCP_DESTROY})
    joined = joined && setsockopt(socket, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) == 0;
  if (!joined) {
    const int error = errno;
    ::close(socket);
    return tl::unexpected(failure("receive notices of ended TCP sockets", error));
  }
  enlarge_buffer(socket, buffer_bytes);
  return socket;
}

constexpr sock_filter load(std::uint16_t size_and_mode, std::uint32_t at) {
  return {static_cast<std::uint16_t>(BPF_LD | size_and_mode), 0, 0, at};
}
constexpr sock_filter jump(std::uint16_t test, std::uint32_t operand, std::uint8_t yes, std::uint8_t no) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | test), yes, no, operand};
}
constexpr sock_filter give(std::uint32_t bytes) { return {BPF_RET | BPF_K, 0, 0, bytes}; }

// Classic BPF, which every packet socket may have: TCP over IPv4 (not a later fragment) or IPv6, with SYN or RST.
const std::array<sock_filter, 16> syn_or_rst{{
    load(BPF_H | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL)),
    jump(BPF_JEQ, ETH_P_IP, 1, 0),
    jump(BPF_JEQ, ETH_P_IPV6, 7, 12),
    load(BPF_B | BPF_ABS, 9),
    jump(BPF_JEQ, IPPROTO_TCP, 0, 10),
    load(BPF_H | BPF_ABS, 6),
    jump(BPF_JSET, 0x1fff, 8, 0),
    {BPF_LDX | BPF_B | BPF_MSH, 0, 0, 0},
    load(BPF_B | BPF_IND, 13),
    jump(BPF_JSET, tcp_syn | tcp_rst, 4, 5),
    load(BPF_B | BPF_ABS, 6),
    jump(BPF_JEQ, IPPROTO_TCP, 0, 3),
    load(BPF_B | BPF_ABS, ip_v6_bytes + 13),
    jump(BPF_JSET, tcp_syn | tcp_rst, 0, 1),
    give(segment_bytes_max),
    give(0),
}};

// Bound to no interface: it sees all of them, also those that come later, and what is sent as well.
Result<int> open_tap(std::size_t buffer_bytes) {
  const int socket = ::socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return tl::unexpected(failure("open a packet socket", errno));
  auto instructions = syn_or_rst;
  const sock_fprog program{static_cast<unsigned short>(instructions.size()), instructions.data()};
  sockaddr_ll place{};
  place.sll_family = AF_PACKET;
  place.sll_protocol = htons(ETH_P_ALL);
  if (setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
      ::bind(socket, static_cast<sockaddr*>(static_cast<void*>(&place)), sizeof place) != 0) {
    const int error = errno;
    ::close(socket);
    return tl::unexpected(failure("watch SYN and RST segments", error));
  }
  enlarge_buffer(socket, buffer_bytes);
  return socket;
}

struct TappedSegment {
  Connection sent;  // with the sender's end as the local one
  std::uint8_t flags = 0;
};

std::optional<TappedSegment> parse(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return std::nullopt;
  TappedSegment segment;
  std::size_t header = ip_v6_bytes;
  const bool v4 = bytes[0] >> 4 == 4;
  if (v4) header = std::size_t{4} * (bytes[0] & 0x0fU);
  if (header < 20 || bytes.size() < header + tcp_bytes) return std::nullopt;
  const auto address_at = [&](std::size_t at) {
    Address address = v4 ? Address::v4(0) : Address{};
    const std::size_t count = v4 ? 4 : 16;
    std::memcpy(address.bytes.data() + address.bytes.size() - count, bytes.data() + at, count);
    return address;
  };
  const auto port_at = [&](std::size_t at) { return static_cast<Port>(bytes[at] << 8 | bytes[at + 1]); };
  segment.sent.dvipa = address_at(v4 ? 12 : 8);
  segment.sent.remote = {address_at(v4 ? 16 : 24), port_at(header + 2), port_at(header)};
  segment.flags = bytes[header + 13];
  return segment;
}

Connection from_the_other_end(const Connection& sent) {
  return {sent.remote.client, {sent.dvipa, sent.remote.dvipa_port, sent.remote.client_port}};
}

class SockDiagNotices final : public NoticeSource {
 public:
  SockDiagNotices(asio::io_context& io, Deliver deliver, int destroyed, int tap)
      : deliver_(std::move(deliver)), destroyed_(io, destroyed), tap_(io, tap) {
    wait(destroyed_);
    wait(tap_);
  }
  SocketWatch::Means means() const override { return SocketWatch::Means::sock_diag; }
  Result<void> watch(const Address&) override { return {}; }
  void unwatch(const Address&) override {}

 private:
  void wait(asio::posix::stream_descriptor& descriptor) {
    descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                          [this, &descriptor, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
                            if (error || alive.expired()) return;
                            drain();
                            if (!alive.expired()) wait(descriptor);
                          });
  }

  // The segments first: a connection is then known before its end is, if it can be.
  void drain() {
    std::vector<Notice> notices;
    bool lost = read_tap(notices);
    lost = read_destroyed(notices) || lost;
    if (!notices.empty() || lost) deliver_(notices, lost);
  }

  // Both say whether something was lost.
  bool read_tap(std::vector<Notice>& notices);
  bool read_destroyed(std::vector<Notice>& notices);
  static void note_segment(const TappedSegment& segment, std::vector<Notice>& notices);

  Deliver deliver_;
  asio::posix::stream_descriptor destroyed_;
  asio::posix::stream_descriptor tap_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

void SockDiagNotices::note_segment(const TappedSegment& segment, std::vector<Notice>& notices) {
  Notice notice;
  notice.connection = segment.sent;
  if ((segment.flags & tcp_rst) != 0) {
    notice.kind = Notice::Kind::reset_seen;
    notices.push_back(notice);
    notice.connection = from_the_other_end(segment.sent);
  } else {
    notice.kind = Notice::Kind::half_open;
    notice.outbound = (segment.flags & tcp_ack) == 0;
  }
  notices.push_back(notice);
}

bool SockDiagNotices::read_tap(std::vector<Notice>& notices) {
  std::array<std::uint8_t, segment_bytes_max> bytes{};
  constexpr int segments_a_turn_max = 8192;  // a flood must not stop everything else
  for (int i = 0; i < segments_a_turn_max; ++i) {
    const ssize_t count = ::recv(tap_.native_handle(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) break;
    if (const auto segment = parse(std::span(bytes).first(static_cast<std::size_t>(count))))
      note_segment(*segment, notices);
  }
  tpacket_stats statistics{};
  socklen_t length = sizeof statistics;
  return getsockopt(tap_.native_handle(), SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0 &&
         statistics.tp_drops != 0;
}

bool SockDiagNotices::read_destroyed(std::vector<Notice>& notices) {
  std::array<char, 8192> bytes{};
  bool lost = false;
  for (;;) {
    const ssize_t count = ::recv(destroyed_.native_handle(), bytes.data(), bytes.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == ENOBUFS) {
      lost = true;
      continue;
    }
    if (count < 0) return lost;
    int left = static_cast<int>(count);
    for (auto* message = static_cast<const nlmsghdr*>(static_cast<const void*>(bytes.data()));
         mnl_nlmsg_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
      if (mnl_nlmsg_get_payload_len(message) < sizeof(inet_diag_msg)) continue;
      const auto& socket = *static_cast<const inet_diag_msg*>(mnl_nlmsg_get_payload(message));
      Notice notice;
      notice.connection = connection_of(socket);
      notice.bound_interface = socket.id.idiag_if;
      notice.kind = notice.connection.remote.client_port == 0 ? Notice::Kind::listener_ended : Notice::Kind::destroyed;
      notices.push_back(notice);
    }
  }
}

}  // namespace

Result<std::unique_ptr<NoticeSource>> open_sock_diag_notices(asio::io_context& io, const NoticeSource::Deliver& deliver,
                                                             std::size_t buffer_bytes) {
  const auto destroyed = open_destroy_notices(buffer_bytes);
  if (!destroyed) return tl::unexpected(destroyed.error());
  const auto tap = open_tap(buffer_bytes);
  if (!tap) {
    ::close(*destroyed);
    return tl::unexpected(tap.error());
  }
  return std::make_unique<SockDiagNotices>(io, deliver, *destroyed, *tap);
}

}  // namespace dvipa::kernel
