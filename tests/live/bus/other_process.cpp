#include "tests/live/bus/other_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <stdexcept>

namespace dvipa::bus::test {
namespace {

[[noreturn]] void run_member(const Cluster& cluster, StackId self, int out) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  boost::asio::io_context io(1);
  Recorder recorder;
  auto bus = Bus::open(io, cluster, self, 1, mac_of(self), recorder);
  if (!bus) std::_Exit(1);
  recorder.then = [&](StackId from, const Message& message) {
    const auto* end = std::get_if<EndOfReport>(&message);
    if (end != nullptr) bus->send(from, SrvStat{end->dvipa, end->epoch, 80, true});
  };
  std::size_t told = 0;
  while (io.run_one() > 0) {
    for (; told < recorder.events.size(); ++told) {
      const std::string line = recorder.events[told] + "\n";
      if (::write(out, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::_Exit(1);
    }
  }
  std::_Exit(0);
}

}  // namespace

OtherProcess::OtherProcess(const Cluster& cluster, std::uint8_t stack) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) run_member(cluster, StackId{stack}, ends[1]);
  ::close(ends[1]);
  pipe_ = ends[0];
  ::fcntl(pipe_, F_SETFL, O_NONBLOCK);
}

OtherProcess::~OtherProcess() {
  kill();
  ::close(pipe_);
}

void OtherProcess::stop() {
  ::kill(process_, SIGSTOP);
  ::waitpid(process_, nullptr, WUNTRACED);
}
void OtherProcess::go_on() { ::kill(process_, SIGCONT); }
void OtherProcess::kill() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  process_ = -1;
}

const std::vector<std::string>& OtherProcess::events() {
  char buffer[4096];
  for (ssize_t count = 0; (count = ::read(pipe_, buffer, sizeof buffer)) > 0;)
    unread_.append(buffer, static_cast<std::size_t>(count));
  for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1))
    events_.push_back(unread_.substr(0, end));
  return events_;
}

bool OtherProcess::saw(const std::string& event) {
  events();
  return std::find(events_.begin(), events_.end(), event) != events_.end();
}

}  // namespace dvipa::bus::test
