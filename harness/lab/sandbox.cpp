// Three processes: the gate (makes the namespaces), the keeper (PID 1 inside, reaps), and the one that runs the body.
// Each dies with the one before it, and with the keeper the kernel kills all that is inside.
#include "harness/lab/sandbox.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string>

#include "harness/lab/file_descriptor.hpp"
#include "harness/lab/process.hpp"

namespace dvipa::lab {
namespace {

struct Pipe {
  FileDescriptor read;
  FileDescriptor write;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

bool write_file(const char* path, const std::string& text) {
  const FileDescriptor file(::open(path, O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

// The word that the inside sends to the caller: "ok KEEPER", or "errno N of ACTION".
void tell(int fd, const std::string& word) {
  if (::write(fd, word.data(), word.size()) < 0) ::_exit(1);
}
int give_up(int fd, const char* action) {
  tell(fd, fmt::format("{} {}", errno, action));
  return 1;
}

bool make_namespaces() {
  // The network too: the one of this host could not be returned to from a host of the lab (Lab::within).
  const int flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;
  if (::geteuid() == 0 && ::unshare(flags) == 0) return true;
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(flags | CLONE_NEWUSER) != 0) return false;
  return write_file("/proc/self/setgroups", "deny") && write_file("/proc/self/uid_map", fmt::format("0 {} 1", uid)) &&
         write_file("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

int exit_code_of(int raw) { return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw); }

// PID 1 of the sandbox: reaps whatever is orphaned inside; its own end ends all the rest.
int keep(const std::function<int()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) return 1;
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int code = body();
    std::fflush(nullptr);
    ::_exit(code);
  }
  for (;;) {
    int raw = 0;
    const pid_t ended = ::waitpid(-1, &raw, 0);
    if (ended == child) return exit_code_of(raw);
    if (ended < 0 && errno != EINTR) return 1;
  }
}

// Else whoever reads the caller's output waits for an end that does not come.
bool let_go_of_terminal() {
  const FileDescriptor null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null) return false;
  for (int fd = 0; fd <= 2; ++fd)
    if (::dup2(null.get(), fd) < 0) return false;
  return true;
}

int run_keeper(Lifetime lifetime, int word, const Pipe& gate_lives, const std::function<int()>& body) {
  if (lifetime == Lifetime::of_caller) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::close(gate_lives.write.get());
    pollfd gate{gate_lives.read.get(), 0, 0};
    if (::poll(&gate, 1, 0) > 0) return 128 + SIGKILL;  // the gate died before the prctl took effect
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return give_up(word, "make mounts private");
  if (::mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0)
    return give_up(word, "mount /proc of a PID namespace");
  if (lifetime == Lifetime::own && !let_go_of_terminal()) return give_up(word, "open /dev/null");
  tell(word, "ok");
  ::close(word);
  return keep(body);
}

int run_gate(Lifetime lifetime, int word, const std::function<int()>& body) {
  if (lifetime == Lifetime::own) ::setsid();
  if (!make_namespaces()) return give_up(word, "make user, PID and mount namespaces");
  auto lives = make_pipe();
  if (!lives) return give_up(word, "pipe");
  const pid_t keeper = ::fork();
  if (keeper < 0) return give_up(word, "fork into a PID namespace");
  if (keeper == 0) ::_exit(run_keeper(lifetime, word, *lives, body));
  tell(word, fmt::format("keeper {};", keeper));
  ::close(word);
  if (lifetime == Lifetime::own) return 0;
  int raw = 0;
  while (::waitpid(keeper, &raw, 0) < 0 && errno == EINTR) {
  }
  return exit_code_of(raw);
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 256> part{};
  for (;;) {
    const ssize_t got = ::read(fd, part.data(), part.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
  }
}

// Both the gate and the keeper write; a message is short enough to be written whole.
Result<int> keeper_of(const std::string& said) {
  std::string word = said;
  int keeper = 0;
  if (const auto at = word.find("keeper "); at != std::string::npos) {
    const auto end = word.find(';', at);
    keeper = std::stoi(word.substr(at + 7));
    word.erase(at, end + 1 - at);
  }
  if (word == "ok") return keeper;
  const auto space = word.find(' ');
  if (space == std::string::npos) return tl::unexpected(Failure{"the sandbox died at its start", "try again"});
  return failure(word.substr(space + 1), std::stoi(word));
}

}  // namespace

Result<Sandbox> run_in_sandbox(Lifetime lifetime, const std::function<int()>& body) {
  auto words = make_pipe();
  if (!words) return failure("pipe", errno);
  auto gate = Process::start([&] { return run_gate(lifetime, words->write.get(), body); });
  if (!gate) return tl::unexpected(gate.error());
  words->write.reset();
  const auto keeper = keeper_of(read_all(words->read.get()));
  const auto status = gate->wait(std::chrono::hours(24 * 365));
  if (!keeper) return tl::unexpected(keeper.error());
  return Sandbox{status->signal != 0 ? 128 + status->signal : status->code, *keeper};
}

}  // namespace dvipa::lab
