// The client's end of a connection. A request fits the socket's buffer, because only one is on its way at a time.
#include "harness/conform/load/link.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "harness/conform/load/socket_address.hpp"

namespace dvipa::load {

Link::Link(Use use, std::uint16_t target, std::uint64_t id) : checker_(Direction::reply, id) {
  account_.id = id;
  account_.use = use;
  account_.target = target;
}

Link::~Link() {
  if (fd_ >= 0) ::close(fd_);
}

bool Link::open(const Target& target, const Address& source, std::int64_t now_ns, Port source_port) {
  account_.begun_ns = now_ns;
  const SocketAddress to = socket_address(target.address, target.port);
  fd_ = ::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  bool fine = fd_ >= 0 && ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0;
  if (fine && !source.is_none()) {
    const SocketAddress from = socket_address(source, source_port);
    // Any port is chosen at connect, by the whole 4-tuple: else 50,000 connections of all targets share one range.
    fine = source_port != 0 ? ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0
                            : ::setsockopt(fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) == 0;
    fine = fine && ::bind(fd_, from.get(), from.size) == 0;
  }
  if (!fine || (::connect(fd_, to.get(), to.size) != 0 && errno != EINPROGRESS)) {
    fail(errno, now_ns);
    return false;
  }
  SocketAddress local;
  local.size = sizeof local.storage;
  if (::getsockname(fd_, local.get(), &local.size) == 0) {
    account_.local = address_of(local);
    account_.local_port = port_of(local);
  }
  return true;
}

void Link::request(std::size_t payload_bytes, std::int64_t now_ns) {
  Record record;
  record.connection = account_.id;
  record.sequence = ++sequence_;
  record.server = checker_.server();
  record.server_life = checker_.server_life();
  record.payload = payload_for(record.connection, record.sequence, payload_bytes);
  expected_echo_ = digest(record.payload);
  std::vector<std::byte> bytes;
  encode(record, bytes);
  sent_ns_ = now_ns;
  const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(bytes.size())) fail(sent < 0 ? errno : ENOBUFS, now_ns);
}

void Link::close_in_order() {
  state_ = State::closing;
  ::shutdown(fd_, SHUT_WR);
}

void Link::end(Outcome outcome, std::int64_t now_ns) {
  if (state_ == State::ended) return;
  if (sent_ns_ != 0) {
    account_.longest_wait_ns = std::max(account_.longest_wait_ns, now_ns - sent_ns_);
    window_wait_ns_ = std::max(window_wait_ns_, now_ns - sent_ns_);
  }
  sent_ns_ = 0;
  state_ = State::ended;
  account_.outcome = outcome;
  account_.ended_ns = now_ns;
  account_.server = checker_.server();
  account_.damages = checker_.damages();
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

void Link::fail(int error_number, std::int64_t now_ns) {
  const bool opened = account_.opened_ns != 0;
  if (error_number == ECONNREFUSED && !opened) return end(Outcome::refused, now_ns);
  if (!opened) return end(Outcome::not_opened, now_ns);
  const bool reset = error_number == ECONNRESET || error_number == EPIPE || error_number == ECONNREFUSED;
  end(reset ? Outcome::reset : Outcome::timed_out, now_ns);
}

Link::Progress Link::advance(std::uint32_t events, std::int64_t now_ns) {
  Progress progress;
  if (state_ == State::opening && (events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0) finish_opening(now_ns, progress);
  if (state_ == State::open || state_ == State::closing)
    if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP)) != 0) read_replies(events, now_ns, progress);
  return progress;
}

void Link::finish_opening(std::int64_t now_ns, Progress& progress) {
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number != 0) return fail(error_number, now_ns);
  state_ = State::open;
  account_.opened_ns = now_ns;
  progress.opened = true;
}

// Events come once for each arrival (EPOLLET): after a FIN everything must be read now.
void Link::read_replies(std::uint32_t events, std::int64_t now_ns, Progress& progress) {
  static std::array<std::byte, 16384> bytes;  // one thread
  const bool to_the_end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  for (;;) {
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got < 0) return fail(errno, now_ns);
    checker_.append(std::span(bytes).first(static_cast<std::size_t>(got)));
    while (const auto reply = checker_.next()) answered(*reply, now_ns, progress);
    if (checker_.broken()) return end(Outcome::damaged, now_ns);
    if (got == 0) return end(state_ == State::closing && !waiting() ? Outcome::kept : Outcome::closed, now_ns);
    if (!to_the_end && static_cast<std::size_t>(got) < bytes.size()) return;
  }
}

void Link::answered(const Record& reply, std::int64_t now_ns, Progress& progress) {
  if (!waiting() || reply.sequence != sequence_) return;  // the checker has counted what is wrong with it
  if (reply.echo != expected_echo_) checker_.count(Damage::wrong_echo);
  const std::int64_t wait_ns = now_ns - sent_ns_;
  sent_ns_ = 0;
  answered_ns_ = now_ns;
  account_.server = checker_.server();
  ++account_.exchanges;
  account_.longest_wait_ns = std::max(account_.longest_wait_ns, wait_ns);
  window_wait_ns_ = std::max(window_wait_ns_, wait_ns);
  progress.answered_after_ns = wait_ns;
}

bool Link::has_retransmitted() {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(fd_, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return true;
  return std::exchange(retransmissions_, info.tcpi_total_retrans) != info.tcpi_total_retrans;
}

std::int64_t Link::take_longest_wait_ns() {
  const auto longest = window_wait_ns_;
  window_wait_ns_ = 0;
  return longest;
}

}  // namespace dvipa::load
