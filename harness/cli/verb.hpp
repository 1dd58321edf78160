#pragma once
// What a verb of the `dvipa` command is, and the exit codes that all verbs share.
#include <span>
#include <string>
#include <string_view>

namespace dvipa::cli {

inline constexpr int exit_passed = 0;     // fine; a verdict passed
inline constexpr int exit_failed = 1;     // a verdict failed
inline constexpr int exit_bad_usage = 2;  // bad usage, or bad input
inline constexpr int exit_environment_lacking =
    3;  // this host lacks something; the message says what, and how to get it

struct Verb {
  std::string_view name;
  std::string_view summary;                            // one line, for `dvipa --help`
  int (*run)(std::span<const std::string> arguments);  // without the verb itself; returns an exit code
};

}  // namespace dvipa::cli
