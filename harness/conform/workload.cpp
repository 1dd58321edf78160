// Accounts come back through memory files, progress through a socket.
#include "harness/conform/workload.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

std::vector<std::uint8_t> content(const lab::FileDescriptor& file) {
  struct stat seen {};
  if (::fstat(file.get(), &seen) != 0) return {};
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(seen.st_size));
  std::size_t got = 0;
  while (got < bytes.size()) {
    const ssize_t part = ::pread(file.get(), bytes.data() + got, bytes.size() - got, static_cast<off_t>(got));
    if (part <= 0) return {};
    got += static_cast<std::size_t>(part);
  }
  return bytes;
}

std::optional<Server::Account> server_account_from(const std::vector<std::uint8_t>& bytes) {
  const json from = json::from_cbor(bytes, true, false);
  Server::Account account;
  try {
    account.name = from.at("name");
    account.requests = from.at("requests");
    account.damage = from.at("damage").get<std::map<std::string, std::uint64_t>>();
    for (const json& each : from.at("connections")) {
      const auto peer = parse_address(each.at(0).get<std::string>());
      if (!peer) return std::nullopt;
      account.accepted[{*peer, each.at(1).get<Port>()}].push_back({each.at(3), each.at(2), each.at(4)});
    }
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return account;
}

}  // namespace

lab::Result<Server> Server::start(lab::Lab& lab, const std::string& host, load::ServerOptions options) {
  Server server;
  server.account_ = lab::FileDescriptor(::memfd_create("server", MFD_CLOEXEC));
  if (!server.account_) return lab::failure("memfd_create", errno);
  options.name = host;
  options.account_fd = server.account_.get();
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return lab::failure("pipe", errno);
  const lab::FileDescriptor ready(ends[0]);
  lab::FileDescriptor theirs(ends[1]);
  options.ready_fd = theirs.get();
  auto process = lab.start(host, [&options] { return load::serve(options); });
  if (!process) return tl::unexpected(process.error());
  theirs.reset();
  char mark = 0;
  if (::read(ready.get(), &mark, 1) != 1)
    return tl::unexpected(lab::Failure{"the application of " + host + " could not listen", "see its message"});
  server.process_ = std::move(*process);
  return server;
}

std::optional<Server::Account> Server::finish() {
  process_.signal(SIGTERM);
  const auto status = process_.wait(10s);
  if (!status || !status->passed()) return std::nullopt;
  return server_account_from(content(account_));
}

lab::Result<Load> Load::start(lab::Lab& lab, const std::string& host, load::ClientOptions options) {
  Load load;
  load.finish_limit_ = std::chrono::milliseconds(options.finish_limit_ms);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0)
    return lab::failure("socketpair", errno);
  load.control_ = lab::FileDescriptor(ends[0]);
  lab::FileDescriptor theirs(ends[1]);
  load.account_ = lab::FileDescriptor(::memfd_create("load", MFD_CLOEXEC));
  if (!load.account_) return lab::failure("memfd_create", errno);
  options.control_fd = theirs.get();
  options.account_fd = load.account_.get();
  auto process = lab.start(host, [&] {
    ::close(ends[0]);  // else the load would not see that we are gone
    return load::run_client(options);
  });
  if (!process) return tl::unexpected(process.error());
  load.process_ = std::move(*process);
  return load;
}

const Load::Progress& Load::progress(std::chrono::milliseconds limit) {
  std::array<char, 512> text{};
  pollfd heard{control_.get(), POLLIN, 0};
  if (::poll(&heard, 1, static_cast<int>(limit.count())) <= 0) return progress_;
  for (;;) {
    const ssize_t got = ::recv(control_.get(), text.data(), text.size(), MSG_DONTWAIT);
    if (got <= 0) return progress_;
    const json word = json::parse(text.data(), text.data() + got, nullptr, false);
    if (!word.is_object()) continue;
    progress_ = {word.value("phase", ""), word.value("open", 0U), word.value("of", 0U),
                 word.value("lost", std::uint64_t{0}), word.value("waiting_ms", std::int64_t{0})};
  }
}

void Load::tell(const char* word) { (void)::send(control_.get(), word, std::strlen(word), MSG_NOSIGNAL); }

void Load::mark() { tell("mark"); }

std::optional<load::Account> Load::finish() {
  tell("finish");
  const auto status = process_.wait(finish_limit_ + 20s);
  if (!status || !status->passed()) return std::nullopt;
  return load::account_from(content(account_));
}

}  // namespace dvipa::conform
