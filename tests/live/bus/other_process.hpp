#pragma once
// A member in a process of its own, that can be stopped and continued.
#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/live/bus/group.hpp"

namespace dvipa::bus::test {

class OtherProcess {
 public:
  // Member `stack` of `cluster`; answers each EndOfReport with a SrvStat to its sender. Told apart from a Group's
  // members by nothing. Fork before anything runs in this process.
  OtherProcess(const Cluster& cluster, std::uint8_t stack);
  ~OtherProcess();
  OtherProcess(const OtherProcess&) = delete;
  OtherProcess& operator=(const OtherProcess&) = delete;

  void stop();   // SIGSTOP, and waits until it has stopped
  void go_on();  // SIGCONT
  void kill();   // SIGKILL
  // What its recorder has told so far, one event a line.
  const std::vector<std::string>& events();
  bool saw(const std::string& event);

 private:
  pid_t process_ = -1;
  int pipe_ = -1;
  std::string unread_;
  std::vector<std::string> events_;
};

}  // namespace dvipa::bus::test
