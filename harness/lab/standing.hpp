#pragma once
// Labs that go on without the command that made them: `dvipa lab up`, `status`, `exec`, `down`.
#include <sys/types.h>

#include <string>
#include <vector>

#include "harness/lab/failure.hpp"
#include "harness/lab/lab.hpp"

namespace dvipa::lab {

struct StandingHost {
  std::string name;
  std::vector<std::string> addresses;
  pid_t holder = 0;  // as this process counts processes
};

struct StandingLab {
  std::string name;
  pid_t keeper = 0;                  // its SIGKILL ends the lab and all processes in it
  std::uint64_t keeper_started = 0;  // in clock ticks after boot; tells it from a later process of the same number
  bool alive = false;
  std::vector<StandingHost> hosts;
};

// `name`: letters, digits, '-'. Fails when a lab of that name stands.
Result<StandingLab> put_up(const std::string& name, const Plan& plan);

// Those of this user, by name; with those of which only the note is left (`alive` false).
Result<std::vector<StandingLab>> standing_labs();
Result<StandingLab> standing_lab(const std::string& name);

// Runs the command inside the host to its end, on this terminal.
Result<ExitStatus> run_inside(const StandingLab& lab, const std::string& host, const std::vector<std::string>& words);

// Ends the lab and every process in it, and removes the note.
Result<void> take_down(const StandingLab& lab);

}  // namespace dvipa::lab
