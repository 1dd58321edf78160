#pragma once
// A child process that is never left behind: it dies with its parent, and is killed and reaped with its handle.
#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "harness/lab/failure.hpp"
#include "harness/lab/file_descriptor.hpp"

namespace dvipa::lab {

struct ExitStatus {
  int code = 0;    // of exit(), meaningful when `signal` is 0
  int signal = 0;  // that ended it
  bool passed() const { return code == 0 && signal == 0; }
};
std::string to_string(const ExitStatus& status);

class Process {
 public:
  Process() = default;
  Process(Process&&) noexcept = default;
  Process& operator=(Process&& other) noexcept;
  ~Process() { end(); }

  // Forks; the child runs `body` and exits with what it returns. It is killed when this thread ends.
  static Result<Process> start(const std::function<int()>& body);

  pid_t pid() const { return pid_; }
  int pidfd() const { return pidfd_.get(); }  // readable once it has ended
  bool running();                             // false also for the default-constructed one
  // Nothing to do, and false, when it has ended.
  bool signal(int number);
  // Empty when it still runs after `limit`.
  std::optional<ExitStatus> wait(std::chrono::milliseconds limit);
  // SIGKILL if it runs; reaps.
  void end();

 private:
  void reap();
  pid_t pid_ = 0;
  FileDescriptor pidfd_;
  std::optional<ExitStatus> status_;
};

// For a child: execvp, or print why not and return 127.
int execute(const std::vector<std::string>& words);

}  // namespace dvipa::lab
