// Commands are run by the shell, in a thread that nothing else waits for.
#include "impl/live/shell/advertiser.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>

namespace dvipa {
namespace {

// Runs it to its end; says how it failed, or nothing.
std::string run_to_end(std::string line) {
  char shell[] = "sh";
  char option[] = "-c";
  char* words[] = {shell, option, line.data(), nullptr};
  pid_t child = 0;
  if (const int error = ::posix_spawn(&child, "/bin/sh", nullptr, nullptr, words, environ); error != 0)
    return std::strerror(error);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return std::strerror(errno);
  if (WIFSIGNALED(status)) return fmt::format("ended by signal {}", WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? "" : fmt::format("exit status {}", WEXITSTATUS(status));
}

}  // namespace

Advertiser::Advertiser(boost::asio::io_context& io, std::string command, Complain complain)
    : command_(std::move(command)), complain_(std::move(complain)), worker_(io) {
  run("reset");
}

void Advertiser::advertise(const Address& dvipa, std::uint32_t counter) {
  run(fmt::format("advertise {} {}", to_string(dvipa), counter));
}

void Advertiser::withdraw(const Address& dvipa) { run(fmt::format("withdraw {}", to_string(dvipa))); }

void Advertiser::run(const std::string& arguments) {
  if (command_.empty()) return;
  const std::string line = command_ + " " + arguments;
  worker_.run([line] { return run_to_end(line); },
              [this, line](const std::string& outcome) {
                if (!outcome.empty()) complain_(line, outcome);
              });
}

}  // namespace dvipa
