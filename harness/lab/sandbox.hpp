#pragma once
// The walls around a lab: whatever is made and started inside is gone when the inside ends or is killed, because all of
// it lives in a PID namespace that the kernel clears, and in mount and network namespaces that nothing else holds.
#include <functional>

#include "harness/lab/failure.hpp"

namespace dvipa::lab {

enum class Lifetime {
  of_caller,  // ends with `body`, and is killed when the calling process dies of anything
  own,        // goes on without the caller, until it is killed
};

struct Sandbox {
  int exit_code = 0;  // of `body`, or 128 + the signal that ended it; of_caller
  int keeper = 0;     // the process whose SIGKILL ends everything inside, as the caller counts processes; own
};

// Runs `body` in the sandbox, as root there; without root on this host, in a user namespace of its own. The failure is
// what this host lacks. To be called by a process with one thread. For Lifetime::own it returns when `body` has
// started.
Result<Sandbox> run_in_sandbox(Lifetime lifetime, const std::function<int()>& body);

}  // namespace dvipa::lab
