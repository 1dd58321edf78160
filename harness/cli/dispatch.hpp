#pragma once
// From the words of the command line to the verb that they ask for.
#include <span>
#include <string>

#include "harness/cli/verb.hpp"

namespace dvipa::cli {

// Runs the verb that `arguments` (without the program's name) begin with and returns its exit code. `--help` and
// `--version` are answered here; no verb, or an unknown one, is bad usage, and the nearest verb is suggested.
int dispatch(std::span<const Verb> verbs, std::span<const std::string> arguments);

// What `dvipa --help` prints.
std::string overview(std::span<const Verb> verbs);

}  // namespace dvipa::cli
