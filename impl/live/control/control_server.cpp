#include "impl/live/control/control_server.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <set>
#include <utility>

namespace dvipa::control {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Protocol = asio::local::stream_protocol;
using boost::system::error_code;

Json refusal(std::string_view what, std::string_view remedy) {
  return {{"ok", false}, {"error", what}, {"remedy", remedy}};
}

namespace {

bool may_ask(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == 0 || peer.uid == ::geteuid();
}

// One asker: a request, its answer, the next request.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(Protocol::socket socket, TakeRequest take)
      : socket_(std::move(socket)), timer_(socket_.get_executor()), take_(std::move(take)) {}

  void start(std::function<void(const std::shared_ptr<Conversation>&)> ended) {
    ended_ = std::move(ended);
    if (may_ask(socket_.native_handle())) return read();
    last_ = true;
    write(refusal("only root and the user of the stack may ask it", "run it as root"));
  }

  void end() {
    error_code ignored;
    socket_.close(ignored);
    timer_.cancel();
    if (const auto ended = std::exchange(ended_, nullptr)) ended(shared_from_this());
  }

 private:
  void limit(std::chrono::steady_clock::duration time) {
    timer_.expires_after(time);
    timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->end();
    });
  }

  void read() {
    limit(silence_max);
    asio::async_read_until(socket_, asio::dynamic_buffer(incoming_, request_bytes_max), '\n',
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             self->timer_.cancel();
                             self->take_line(error, size);
                           });
  }

  void take_line(const error_code& error, std::size_t size) {
    if (error == asio::error::not_found) {
      last_ = true;
      return write(refusal(fmt::format("a request of more than {} bytes", request_bytes_max), "split it"));
    }
    if (error) return end();
    const Json request =
        Json::parse(incoming_.begin(), incoming_.begin() + static_cast<std::ptrdiff_t>(size), nullptr, false);
    incoming_.erase(0, size);
    if (!request.is_object()) {
      last_ = true;
      return write(refusal("a request is one JSON object on one line", "see docs/control.md"));
    }
    take_(request, [weak = weak_from_this()](const Json& answer) {
      if (const auto self = weak.lock()) self->write(answer);
    });
  }

  void write(const Json& answer) {
    if (!socket_.is_open()) return;
    outgoing_ = answer.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    limit(undrained_answer_max);
    asio::async_write(socket_, asio::buffer(outgoing_),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        self->timer_.cancel();
                        if (error || self->last_) return self->end();
                        self->read();
                      });
  }

  Protocol::socket socket_;
  asio::steady_timer timer_;
  TakeRequest take_;
  std::function<void(const std::shared_ptr<Conversation>&)> ended_;
  std::string incoming_;
  std::string outgoing_;
  bool last_ = false;  // nothing is read after this answer
};

ControlFailure failure(const fs::path& path, const std::string& action, int error) {
  return {fmt::format("{} the control socket {}: {}", action, path.string(), std::strerror(error)),
          error == EACCES || error == EPERM || error == EROFS
              ? "run as root, or name a path in a directory that can be written with --control"
              : "name another path with --control"};
}

// Makes way for a new socket at `path`, unless something there is in use or is no socket.
tl::expected<void, ControlFailure> clear_way(const fs::path& path, const sockaddr_un& address) {
  struct stat seen {};
  if (::lstat(path.c_str(), &seen) != 0) {
    if (errno == ENOENT) return {};
    return tl::unexpected(failure(path, "look for", errno));
  }
  if (!S_ISSOCK(seen.st_mode))
    return tl::unexpected(
        ControlFailure{path.string() + " is there and is no socket", "remove it, or name another path with --control"});
  const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (probe < 0) return tl::unexpected(failure(path, "probe", errno));
  const bool refused = ::connect(probe, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 &&
                       (errno == ECONNREFUSED || errno == ENOENT);
  ::close(probe);
  if (!refused)
    return tl::unexpected(ControlFailure{"another process listens at the control socket " + path.string(),
                                         "stop it, or name another path with --control"});
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return tl::unexpected(failure(path, "replace", errno));
  return {};
}

}  // namespace

class ControlServer::Listener : public std::enable_shared_from_this<Listener> {
 public:
  Listener(asio::io_context& io, fs::path path, TakeRequest take)
      : acceptor_(io), retry_timer_(io), path_(std::move(path)), take_(std::move(take)) {}

  tl::expected<void, ControlFailure> listen() {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = path_.string();
    if (name.size() >= sizeof address.sun_path) return tl::unexpected(failure(path_, "make", ENAMETOOLONG));
    name.copy(address.sun_path, name.size());
    std::error_code made;
    if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), made);
    if (made) return tl::unexpected(failure(path_, "make the directory of", made.value()));
    if (auto cleared = clear_way(path_, address); !cleared) return cleared;
    error_code error;
    acceptor_.open(Protocol(), error);
    // The file gets the mode of the socket: at no moment may others use it.
    if (!error && ::fchmod(acceptor_.native_handle(), 0600) != 0)
      return tl::unexpected(failure(path_, "protect", errno));
    if (!error) acceptor_.bind(Protocol::endpoint(name), error);
    if (!error) {
      bound_ = true;
      acceptor_.listen(static_cast<int>(askers_max), error);
    }
    if (error) return tl::unexpected(failure(path_, "make", error.value()));
    accept();
    return {};
  }

  void close() {
    error_code ignored;
    acceptor_.close(ignored);
    retry_timer_.cancel();
    for (const auto& each : std::exchange(conversations_, {})) each->end();
    if (std::exchange(bound_, false)) ::unlink(path_.c_str());
  }

 private:
  void accept() {
    if (accepting_ || !acceptor_.is_open() || conversations_.size() >= askers_max) return;
    accepting_ = true;
    acceptor_.async_accept([self = shared_from_this()](const error_code& error, Protocol::socket socket) {
      self->accepting_ = false;
      if (error == asio::error::operation_aborted) return;
      if (error) return self->accept_later();
      self->converse(std::move(socket));
      self->accept();
    });
  }

  // Out of descriptors: asking again at once would keep the stack busy.
  void accept_later() {
    retry_timer_.expires_after(std::chrono::milliseconds(200));
    retry_timer_.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->accept();
    });
  }

  void converse(Protocol::socket socket) {
    const auto conversation = std::make_shared<Conversation>(std::move(socket), take_);
    conversations_.insert(conversation);
    conversation->start([weak = weak_from_this()](const std::shared_ptr<Conversation>& ended) {
      const auto self = weak.lock();
      if (!self) return;
      self->conversations_.erase(ended);
      self->accept();
    });
  }

  Protocol::acceptor acceptor_;
  asio::steady_timer retry_timer_;
  fs::path path_;
  TakeRequest take_;
  std::set<std::shared_ptr<Conversation>> conversations_;
  bool accepting_ = false;
  bool bound_ = false;
};

ControlServer::ControlServer(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}

ControlServer::~ControlServer() { listener_->close(); }

tl::expected<std::unique_ptr<ControlServer>, ControlFailure> ControlServer::open(asio::io_context& io,
                                                                                 const fs::path& path,
                                                                                 TakeRequest take) {
  auto listener = std::make_shared<Listener>(io, path, std::move(take));
  if (auto listening = listener->listen(); !listening) {
    listener->close();
    return tl::unexpected(listening.error());
  }
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(listener)));
}

}  // namespace dvipa::control
