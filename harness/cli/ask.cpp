#include "harness/cli/ask.hpp"

#include <fmt/core.h>

#include "harness/cli/complain.hpp"
#include "impl/live/control/control_client.hpp"

namespace dvipa::cli {
namespace {

using Json = nlohmann::ordered_json;
// Longer than the stack itself waits until what it was told to do is done.
constexpr std::chrono::seconds answer_limit{15};

int refused(std::string_view verb, const Json& answer) {
  if (const auto error = answer.find("profile_error"); error != answer.end() && error->is_string()) {
    fmt::print(stderr, "{}", error->get<std::string>());
    return complain(verb, answer.value("error", ""), answer.value("remedy", ""));
  }
  return complain(verb, answer.value("error", "the stack refuses without a word"),
                  answer.value("remedy", "see its log"), exit_failed);
}

}  // namespace

StackChoice::StackChoice(CommandLine& line)
    : name_("", "name", "which stack of this host; needed when several run", false, "", "NAME", line.arguments()),
      control_("", "control", "its control socket, where it has one of its own", false, "", "PATH", line.arguments()) {}

tl::expected<Json, int> StackChoice::ask(std::string_view verb, const Json& request) {
  const auto path = control_.isSet() ? tl::expected<std::filesystem::path, control::ControlFailure>(control_.getValue())
                                     : control::find_socket(control::runtime_directories(), name_.getValue());
  if (!path) return tl::unexpected(complain(verb, path.error().what, path.error().remedy, exit_environment_lacking));
  auto answer = control::ask(*path, request, answer_limit);
  if (!answer)
    return tl::unexpected(complain(verb, answer.error().what, answer.error().remedy, exit_environment_lacking));
  if (!answer->value("ok", false)) return tl::unexpected(refused(verb, *answer));
  return std::move(*answer);
}

}  // namespace dvipa::cli
