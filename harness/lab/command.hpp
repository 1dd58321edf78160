#pragma once
// A command run to its end, with its input given and its output kept.
#include <functional>
#include <string>
#include <vector>

#include "harness/lab/failure.hpp"
#include "harness/lab/process.hpp"

namespace dvipa::lab {

// How the child is made: Process::start, or one inside a host.
using StartChild = std::function<Result<Process>(const std::function<int()>& body)>;

// Standard output of the command; a failure (with the last of its standard error) unless it exits with 0. `input` goes
// to its standard input.
Result<std::string> run_command(const StartChild& start, const std::vector<std::string>& words,
                                const std::string& input);

}  // namespace dvipa::lab
