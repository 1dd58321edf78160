#include "impl/live/control/control_client.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace dvipa::control {
namespace {

using Clock = std::chrono::steady_clock;

struct Descriptor {
  int value = -1;
  explicit Descriptor(int fd) : value(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value >= 0) ::close(value);
  }
};

ControlFailure failure(const std::filesystem::path& path, int error) {
  std::string what = fmt::format("{}: {}", path.string(), std::strerror(error));
  if (error == ENOENT || error == ECONNREFUSED)
    return {std::move(what), "no stack listens there: start it with dvipa run, or name another with --control"};
  if (error == EACCES || error == EPERM) return {std::move(what), "run it as root, or as the user that runs the stack"};
  if (error == EAGAIN || error == ETIMEDOUT)
    return {std::move(what), "the stack is too busy to answer, or stands still; see its log"};
  return {std::move(what), "see the stack's log"};
}

// errno, or 0 when `fd` is ready for `events` before `until`.
int await(int fd, short events, Clock::time_point until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return ETIMEDOUT;
    pollfd polled{fd, events, 0};
    const int ready = ::poll(&polled, 1, static_cast<int>(left));
    if (ready > 0) return 0;
    if (ready < 0 && errno != EINTR) return errno;
  }
}

int send_all(int fd, std::string_view text, Clock::time_point until) {
  while (!text.empty()) {
    if (const int error = await(fd, POLLOUT, until); error != 0) return error;
    const ssize_t sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    // A stack that refuses whoever asks answers before it has read, and closes: the answer tells why.
    if (sent < 0 && errno == EPIPE) return 0;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) return errno;
    if (sent > 0) text.remove_prefix(static_cast<std::size_t>(sent));
  }
  return 0;
}

int receive_line(int fd, std::string& line, Clock::time_point until) {
  std::array<char, 65536> part{};
  while (line.empty() || line.back() != '\n') {
    if (const int error = await(fd, POLLIN, until); error != 0) return error;
    const ssize_t got = ::recv(fd, part.data(), part.size(), MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got < 0) return errno;
    if (got == 0) return ECONNRESET;
    line.append(part.data(), static_cast<std::size_t>(got));
    if (line.size() > answer_bytes_max) return EMSGSIZE;
  }
  return 0;
}

}  // namespace

tl::expected<Json, ControlFailure> ask(const std::filesystem::path& path, const Json& request,
                                       std::chrono::milliseconds limit) {
  const auto until = Clock::now() + limit;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof address.sun_path) return tl::unexpected(failure(path, ENAMETOOLONG));
  name.copy(address.sun_path, name.size());
  const Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.value < 0) return tl::unexpected(failure(path, errno));
  if (::connect(socket.value, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return tl::unexpected(failure(path, errno));
  const std::string text = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  if (text.size() > request_bytes_max)
    return tl::unexpected(ControlFailure{fmt::format("the request has {} bytes", text.size()),
                                         fmt::format("{} are the most; split it", request_bytes_max)});
  if (const int error = send_all(socket.value, text, until); error != 0) return tl::unexpected(failure(path, error));
  std::string line;
  if (const int error = receive_line(socket.value, line, until); error != 0)
    return tl::unexpected(failure(path, error));
  Json answer = Json::parse(line, nullptr, false);
  if (!answer.is_object())
    return tl::unexpected(ControlFailure{path.string() + ": the answer is no JSON object",
                                         "is it the control socket of a stack of this version?"});
  return answer;
}

}  // namespace dvipa::control
