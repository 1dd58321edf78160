// dvipa vary: changes a running stack, after the commands that operators of the field know.
#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>
#include <vector>

#include "harness/cli/ask.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view description =
    "Changes the stack that runs on this host; the answer says what was done, or why not.\n"
    "\n"
    "  dvipa vary --obey FILE                   takes the profile FILE on top of what is defined: what it names is\n"
    "                                           added or replaced, what VIPADELETE names goes, the rest stays\n"
    "  dvipa vary sysplex leavegroup            hands over what it owns and leaves the group; the process goes on\n"
    "  dvipa vary sysplex joingroup             joins the group again, with what its profile defines\n"
    "  dvipa vary sysplex activate,ADDRESS      has a DVIPA of a VIPARANGE, or of the profile, active here; if "
    "another\n"
    "                                           stack has it, it moves here with its connections\n"
    "  dvipa vary sysplex deactivate,ADDRESS    gives up its part in a DVIPA; connections go on at its backup\n"
    "  dvipa vary sysplex reactivate,ADDRESS    has that part again; a primary takes the DVIPA back\n"
    "  dvipa vary sysplex weight,ADDRESS,TARGET,N  the weight (0-255, or DEFAULT) of a target, by name or XCF "
    "address,\n"
    "                                           for new connections; with BASEWLM in percent of what it reports\n"
    "  dvipa vary sysplex quiesce[,PORT]        no new connections for applications here (on PORT); others go on\n"
    "  dvipa vary sysplex resume[,PORT]         new connections again\n"
    "\n"
    "Words are case-blind and may be parted by commas or blanks; DVIPA=ADDRESS and PORT=NUMBER are understood too.\n"
    "What a command changes lasts until the opposite command, or until the stack is started again.\n"
    "Exit codes: 0 done, 1 refused by the stack, 2 bad usage or a bad profile, 3 no stack answers.\n"
    "\n"
    "Examples:\n"
    "  dvipa vary sysplex deactivate,10.77.1.1\n"
    "  dvipa vary sysplex quiesce,port=8080 --name MVS2\n";

std::vector<std::string> parts_of(const std::vector<std::string>& words) {
  std::vector<std::string> parts;
  for (const std::string& word : words) {
    std::stringstream stream(word);
    for (std::string part; std::getline(stream, part, ',');)
      if (!part.empty()) parts.push_back(part);
  }
  return parts;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// What stands behind `KEY=`, or the whole word.
std::string value_of(const std::string& word, const std::string& key) {
  return lower(word).starts_with(key + "=") ? word.substr(key.size() + 1) : word;
}

std::optional<Port> port_in(const std::string& text) {
  Port port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// weight,ADDRESS,TARGET,N|DEFAULT
tl::expected<Json, std::string> weight_request(const std::vector<std::string>& parts) {
  if (parts.size() != 4) return tl::unexpected(std::string("weight takes a DVIPA, a target and a weight or DEFAULT"));
  Json request = {{"verb", "vary"}, {"command", "weight"}};
  const std::string address = value_of(parts[1], "dvipa");
  if (!parse_address(address)) return tl::unexpected(fmt::format("'{}' is no address", address));
  request["dvipa"] = address;
  request["target"] = value_of(parts[2], "target");
  const std::string text = value_of(parts[3], "weight");
  if (lower(text) == "default") return request;
  unsigned weight = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), weight);
  if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size() || weight > 255)
    return tl::unexpected(fmt::format("'{}' is neither a weight from 0 to 255 nor DEFAULT", text));
  request["weight"] = weight;
  return request;
}

// The request, or what is wrong with the words.
tl::expected<Json, std::string> sysplex_request(const std::vector<std::string>& parts) {
  if (parts.empty()) return tl::unexpected(std::string("the command behind sysplex is missing"));
  const std::string command = lower(parts[0]);
  Json request = {{"verb", "vary"}, {"command", command}};
  if (command == "leavegroup" || command == "joingroup") {
    if (parts.size() > 1) return tl::unexpected(fmt::format("{} takes nothing behind it", command));
  } else if (command == "activate" || command == "deactivate" || command == "reactivate") {
    if (parts.size() != 2) return tl::unexpected(fmt::format("{} takes the address of one DVIPA", command));
    const std::string address = value_of(parts[1], "dvipa");
    if (!parse_address(address)) return tl::unexpected(fmt::format("'{}' is no address", address));
    request["dvipa"] = address;
  } else if (command == "weight") {
    return weight_request(parts);
  } else if (command == "quiesce" || command == "resume") {
    if (parts.size() > 2) return tl::unexpected(fmt::format("{} takes at most one port", command));
    if (parts.size() == 2 && lower(parts[1]) != "target") {
      const auto port = port_in(value_of(parts[1], "port"));
      if (!port) return tl::unexpected(fmt::format("'{}' is no port from 1 to 65535", parts[1]));
      request["port"] = *port;
    }
  } else {
    return tl::unexpected(fmt::format("there is no command '{}'", parts[0]));
  }
  return request;
}

tl::expected<Json, std::string> obey_request(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  if (stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  if (!stream.is_open() || stream.bad()) return tl::unexpected(fmt::format("cannot read {}", file));
  return Json{{"verb", "vary"}, {"command", "obey"}, {"file", file}, {"text", text.str()}};
}

int tell(const Json& answer, bool as_json) {
  if (as_json) {
    fmt::print("{}\n", answer.dump(2, ' ', false, Json::error_handler_t::replace));
    return exit_passed;
  }
  fmt::print("{}\n", answer.value("done", ""));
  for (const Json& change : answer.value("changes", Json::array()))
    if (change.is_string()) fmt::print("  {}\n", change.get<std::string>());
  if (answer.contains("note")) fmt::print("{}\n", answer.value("note", ""));
  return exit_passed;
}

}  // namespace

int run_vary(std::span<const std::string> words) {
  CommandLine line("vary", description);
  auto& arguments = line.arguments();
  TCLAP::ValueArg<std::string> file("", "obey", "take this profile on top of what is defined", false, "", "FILE",
                                    arguments);
  StackChoice stack(line);
  TCLAP::SwitchArg json("", "json", "print the answer as JSON", arguments);
  TCLAP::UnlabeledMultiArg<std::string> command("COMMAND", "sysplex and what it is to do", false, "COMMAND", arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  std::vector<std::string> parts = parts_of(command.getValue());
  if (file.isSet() == !parts.empty()) return line.bad_usage("say either --obey FILE or sysplex COMMAND");
  if (!file.isSet() && lower(parts.front()) != "sysplex")
    return line.bad_usage(fmt::format("'{}' is not understood; did you mean sysplex?", parts.front()));
  if (!file.isSet()) parts.erase(parts.begin());
  const auto request = file.isSet() ? obey_request(file.getValue()) : sysplex_request(parts);
  if (!request) return line.bad_usage(request.error());
  const auto answer = stack.ask("vary", *request);
  return answer ? tell(*answer, json.getValue()) : answer.error();
}

}  // namespace dvipa::cli
