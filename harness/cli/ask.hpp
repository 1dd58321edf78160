#pragma once
// How verbs ask a running stack of this host, over its control socket.
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "harness/cli/command_line.hpp"

namespace dvipa::cli {

// Which stack to ask: --name and --control.
class StackChoice {
 public:
  explicit StackChoice(CommandLine& line);

  // The stack's answer, which has "ok": true; otherwise the exit code, after saying why not: 1 when the stack refused,
  // 2 when a profile is wrong, 3 when no stack answers.
  tl::expected<nlohmann::ordered_json, int> ask(std::string_view verb, const nlohmann::ordered_json& request);

 private:
  TCLAP::ValueArg<std::string> name_;
  TCLAP::ValueArg<std::string> control_;
};

}  // namespace dvipa::cli
