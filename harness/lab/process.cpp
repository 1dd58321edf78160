// Children are watched through pidfds: no signal handler, no race with pids that are given out again.
#include "harness/lab/process.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "harness/lab/pidfd.hpp"

namespace dvipa::lab {
namespace {

[[noreturn]] void run_child(const std::function<int()>& body, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(128 + SIGKILL);  // it died before the line above took effect
  const int code = body();
  std::fflush(nullptr);
  ::_exit(code);
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  if (status.signal != 0) return fmt::format("killed by signal {} ({})", status.signal, ::strsignal(status.signal));
  return fmt::format("exit code {}", status.code);
}

Process& Process::operator=(Process&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
    status_ = std::exchange(other.status_, std::nullopt);
  }
  return *this;
}

Result<Process> Process::start(const std::function<int()>& body) {
  std::fflush(nullptr);  // else the child prints again what we have not printed yet
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return failure("fork", errno);
  if (pid == 0) run_child(body, parent);
  Process process;
  process.pid_ = pid;
  process.pidfd_ = FileDescriptor(::pidfd_open(pid, 0));
  if (!process.pidfd_) return failure("pidfd_open", errno);
  return process;
}

bool Process::running() {
  if (!pidfd_ || status_) return false;
  return !wait(std::chrono::milliseconds(0));
}

bool Process::signal(int number) {
  if (!running()) return false;
  return ::pidfd_send_signal(pidfd_.get(), number, nullptr, 0) == 0;
}

std::optional<ExitStatus> Process::wait(std::chrono::milliseconds limit) {
  if (!pidfd_ || status_) return status_;
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    pollfd watched{pidfd_.get(), POLLIN, 0};
    const int ready = ::poll(&watched, 1, left.count() > 0 ? static_cast<int>(left.count()) : 0);
    if (ready > 0) {
      reap();
      return status_;
    }
    if (ready == 0) return std::nullopt;
  }
}

void Process::reap() {
  int raw = 0;
  while (::waitpid(pid_, &raw, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFSIGNALED(raw) ? ExitStatus{0, WTERMSIG(raw)} : ExitStatus{WEXITSTATUS(raw), 0};
}

void Process::end() {
  if (!pidfd_) return;
  if (running()) {
    ::pidfd_send_signal(pidfd_.get(), SIGKILL, nullptr, 0);
    reap();
  }
  pidfd_.reset();
}

int execute(const std::vector<std::string>& words) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  // execvp takes pointers to non-const for history's sake; it changes nothing.
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  fmt::print(stderr, "{}: {}\n", words.empty() ? "" : words.front(), std::strerror(errno));
  return 127;
}

}  // namespace dvipa::lab
