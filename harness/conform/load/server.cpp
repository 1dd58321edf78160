// One epoll loop. A connection's reply is written at once; what the socket does not take waits in its buffer.
#include "harness/conform/load/server.hpp"

#include <fmt/core.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/load/record.hpp"
#include "harness/conform/load/socket_address.hpp"

namespace dvipa::load {
namespace {

using nlohmann::json;

struct Session {
  Session(int socket, std::size_t entry) : fd(socket), account(entry) {}
  int fd;
  std::size_t account;  // its place in the account
  StreamChecker checker{Direction::request, 0};
  std::uint64_t replies = 0;
  std::vector<std::byte> unsent;
  bool blocked = false;  // the socket takes no more for now
  bool ended = false;    // the client has closed its side
};

struct Accepted {
  Address peer;
  Port port = 0;
  std::int64_t accepted_ns = 0;
  std::uint64_t connection = 0;
  std::uint64_t damaged = 0;
};

class Server {
 public:
  explicit Server(const ServerOptions& options) : options_(options) {
    if (::getrandom(&life_, sizeof life_, 0) != sizeof life_ || life_ == 0)
      life_ = static_cast<std::uint64_t>(realtime_ns());
  }
  int run();

 private:
  bool listen();
  void end_listener();
  void accept_all();
  void serve_session(Session& session, std::uint32_t events);
  bool read_requests(Session& session);
  void answer(Session& session, const Record& request);
  bool flush(Session& session);
  void watch(int fd, std::uint32_t events, int operation) const;
  void close_session(Session& session);
  static void end_by_reset(int fd, bool by_reset);
  void write_account() const;

  const ServerOptions& options_;
  std::uint64_t life_ = 0;
  int epoll_ = -1;
  int listener_ = -1;
  int signals_ = -1;
  std::uint64_t requests_ = 0;
  DamageCounts damages_{};
  std::unordered_map<int, std::unique_ptr<Session>> sessions_;
  std::vector<Accepted> accounts_;
};

int open_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2}) sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

bool Server::listen() {
  const SocketAddress at = socket_address(options_.address, options_.port);
  listener_ = ::socket(at.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  end_by_reset(listener_, options_.ends_by_reset);
  constexpr int backlog = 16384;
  if (::bind(listener_, at.get(), at.size) == 0 && ::listen(listener_, backlog) == 0) {
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
    return true;
  }
  fmt::print(stderr, "{}: listen on {} port {}: {}\n", options_.name, to_string(options_.address), options_.port,
             std::strerror(errno));
  return false;
}

// What is accepted is as its listener in this.
void Server::end_by_reset(int fd, bool by_reset) {
  const linger at_once{by_reset ? 1 : 0, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

void Server::end_listener() {
  if (listener_ >= 0) ::close(listener_);
  listener_ = -1;
}

void Server::watch(int fd, std::uint32_t events, int operation) const {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  ::epoll_ctl(epoll_, operation, fd, &event);
}

void Server::accept_all() {
  for (;;) {
    SocketAddress peer;
    peer.size = sizeof peer.storage;
    const int fd = ::accept4(listener_, peer.get(), &peer.size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    accounts_.push_back({address_of(peer), port_of(peer), monotonic_ns(), 0, 0});
    sessions_[fd] = std::make_unique<Session>(fd, accounts_.size() - 1);
    watch(fd, EPOLLIN, EPOLL_CTL_ADD);
  }
}

void Server::answer(Session& session, const Record& request) {
  ++requests_;
  // A client that has heard another server before was led astray.
  if (request.server_life != 0 && (request.server != options_.name || request.server_life != life_))
    session.checker.count(Damage::wrong_server);
  Record reply;
  reply.direction = Direction::reply;
  reply.connection = request.connection;
  reply.sequence = ++session.replies;
  reply.server = options_.name;
  reply.server_life = life_;
  reply.echo = digest(request.payload);
  reply.payload = payload_for(~request.connection, reply.sequence, request.payload.size());
  encode(reply, session.unsent);
}

bool Server::flush(Session& session) {
  std::size_t sent = 0;
  while (sent < session.unsent.size()) {
    const ssize_t wrote = ::send(session.fd, session.unsent.data() + sent, session.unsent.size() - sent, MSG_NOSIGNAL);
    if (wrote < 0 && errno == EAGAIN) break;
    if (wrote < 0) return false;
    sent += static_cast<std::size_t>(wrote);
  }
  session.unsent.erase(session.unsent.begin(), session.unsent.begin() + static_cast<std::ptrdiff_t>(sent));
  const bool blocked = !session.unsent.empty();
  if (blocked != session.blocked) watch(session.fd, blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
  session.blocked = blocked;
  return true;
}

// False when the connection is gone.
bool Server::read_requests(Session& session) {
  static std::array<std::byte, 65536> bytes;  // one thread
  const ssize_t got = ::recv(session.fd, bytes.data(), bytes.size(), 0);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) session.ended = true;
  session.checker.append(std::span(bytes).first(static_cast<std::size_t>(got)));
  while (const auto request = session.checker.next()) answer(session, *request);
  return !session.checker.broken();
}

void Server::serve_session(Session& session, std::uint32_t events) {
  bool lives = (events & EPOLLERR) == 0;
  if (lives && (events & (EPOLLIN | EPOLLHUP)) != 0) lives = read_requests(session);
  if (lives && !session.unsent.empty()) lives = flush(session);
  if (!lives || (session.ended && session.unsent.empty())) close_session(session);
}

void Server::close_session(Session& session) {
  Accepted& account = accounts_[session.account];
  account.connection = session.checker.connection();
  for (std::size_t kind = 0; kind < damage_kinds; ++kind) {
    damages_[kind] += session.checker.damages()[kind];
    account.damaged += session.checker.damages()[kind];
  }
  const int fd = session.fd;
  sessions_.erase(fd);
  end_by_reset(fd, false);
  ::close(fd);
}

void Server::write_account() const {
  json connections = json::array();
  for (const Accepted& each : accounts_)
    connections.push_back({to_string(each.peer), each.port, each.accepted_ns, each.connection, each.damaged});
  json damage = json::object();
  for (std::size_t kind = 0; kind < damage_kinds; ++kind)
    damage[std::string(name_of(static_cast<Damage>(kind)))] = damages_[kind];
  const auto bytes = json::to_cbor({{"name", options_.name},
                                    {"life", life_},
                                    {"requests", requests_},
                                    {"damage", damage},
                                    {"connections", connections}});
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t wrote =
        ::pwrite(options_.account_fd, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (wrote <= 0) return;
    written += static_cast<std::size_t>(wrote);
  }
}

int Server::run() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  signals_ = open_signals();
  watch(signals_, EPOLLIN, EPOLL_CTL_ADD);
  if (!listen()) return 1;
  if (options_.ready_fd >= 0 && ::write(options_.ready_fd, "!", 1) != 1) return 1;
  std::array<epoll_event, 256> events{};
  for (;;) {
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == signals_) {
        signalfd_siginfo signal{};
        if (::read(signals_, &signal, sizeof signal) != sizeof signal) continue;
        if (signal.ssi_signo == SIGUSR1) end_listener();
        if (signal.ssi_signo == SIGUSR2 && listener_ < 0 && !listen()) return 1;
        if (signal.ssi_signo != SIGTERM && signal.ssi_signo != SIGINT) continue;
        while (!sessions_.empty()) close_session(*sessions_.begin()->second);
        if (options_.account_fd >= 0) write_account();
        return 0;
      }
      if (event.data.fd == listener_) {
        accept_all();
      } else if (const auto found = sessions_.find(event.data.fd); found != sessions_.end()) {
        serve_session(*found->second, event.events);
      }
    }
  }
}

}  // namespace

int serve(const ServerOptions& options) { return Server(options).run(); }

}  // namespace dvipa::load
