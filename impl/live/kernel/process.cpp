#include "impl/live/kernel/process.hpp"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace dvipa::kernel {
namespace {

// Of the main thread; a signal that kills is given to every thread.
bool has_been_killed(const std::string& which) {
  std::ifstream file("/proc/" + which + "/status");
  std::string line;
  while (std::getline(file, line)) {
    if (!line.starts_with("SigPnd:") && !line.starts_with("ShdPnd:")) continue;
    const std::uint64_t pending = std::strtoull(line.c_str() + line.find(':') + 1, nullptr, 16);
    if ((pending >> (SIGKILL - 1) & 1) != 0) return true;
  }
  return false;
}

}  // namespace

ProcessSeen look_at_process(const std::string& which) {
  std::ifstream file("/proc/" + which + "/stat");
  std::string stat;
  std::getline(file, stat);
  const std::size_t name_end = stat.rfind(')');  // the name itself may hold blanks and brackets
  if (name_end == std::string::npos) return {};
  std::istringstream fields(stat.substr(name_end + 1));
  std::string state;
  std::string skipped;
  unsigned long flags = 0;
  const auto skip = [&](int count) {
    for (int i = 0; i < count; ++i) fields >> skipped;
  };
  ProcessSeen seen;
  fields >> state;
  skip(5);
  fields >> flags;
  skip(12);
  fields >> seen.start;
  std::from_chars(stat.data(), stat.data() + stat.size(), seen.pid);
  constexpr unsigned long exiting = 0x4;  // PF_EXITING
  seen.dying = state == "Z" || state == "X" || (flags & exiting) != 0 || has_been_killed(which);
  return seen;
}

bool is_alive(long pid, std::uint64_t start) {
  const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (process < 0) return false;
  const ProcessSeen seen = look_at_process(std::to_string(pid));
  bool alive = seen.pid == pid && seen.start == start;
  if (alive && seen.dying) {
    constexpr int patience = 10'000;  // ms
    pollfd ended{process, POLLIN, 0};
    alive = ::poll(&ended, 1, patience) <= 0;
  }
  ::close(process);
  return alive;
}

}  // namespace dvipa::kernel
