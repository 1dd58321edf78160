// The frame around the verbs: overview, version, and what to say about a verb that there is not.
#include "harness/cli/dispatch.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "harness/cli/complain.hpp"
#include "harness/cli/nearest.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view introduction =
    "dvipa keeps TCP services reachable while the hosts behind them come and go.\n"
    "\n"
    "A dynamic virtual IP address (DVIPA) belongs to a group of hosts, not to one network card. One host of the\n"
    "group, the routing stack, receives the traffic of the address and spreads new connections over the hosts that\n"
    "run the application. When it fails, a backup takes the address over, learns from the others which connections\n"
    "live where, and every connection whose own host is alive goes on. dvipa is that protocol, checked against a\n"
    "model, and the means to test this and other implementations of failover.\n";

constexpr std::string_view examples =
    "Examples:\n"
    "  dvipa profile docs/examples/failover/mvs1.profile\n"
    "      check the definitions of a host, and show how they were understood\n"
    "  dvipa requirements FLV\n"
    "      read what a failover must guarantee\n";

}  // namespace

std::string overview(std::span<const Verb> verbs) {
  std::string text =
      fmt::format("{}\nUsage: dvipa VERB [ARGUMENTS]\n       dvipa VERB --help\n\nVerbs:\n", introduction);
  std::size_t width = 0;
  for (const Verb& verb : verbs) width = std::max(width, verb.name.size());
  for (const Verb& verb : verbs) text += fmt::format("  {:<{}}  {}\n", verb.name, width, verb.summary);
  text += fmt::format("\n{}", examples);
  text +=
      "\nExit codes: 0 fine, or the verdict passed; 1 a verdict failed; 2 bad usage or bad input; 3 this host lacks\n"
      "something that the verb needs.\n";
  return text;
}

int dispatch(std::span<const Verb> verbs, std::span<const std::string> arguments) {
  if (arguments.empty()) return complain("", "a verb is missing", "see dvipa --help");
  const std::string& word = arguments.front();
  if (word == "--help" || word == "-h") {
    fmt::print("{}", overview(verbs));
    return exit_passed;
  }
  if (word == "--version") {
    fmt::print("dvipa {}\n", DVIPA_VERSION);
    return exit_passed;
  }
  const auto verb = std::ranges::find(verbs, word, &Verb::name);
  if (verb != verbs.end()) return verb->run(arguments.subspan(1));
  std::vector<std::string_view> names;
  names.reserve(verbs.size());
  for (const Verb& each : verbs) names.push_back(each.name);
  const auto meant = nearest(word, names);
  const std::string hint = meant ? fmt::format("did you mean {}? see dvipa --help", *meant) : "see dvipa --help";
  return complain("", fmt::format("there is no verb '{}'", word), hint);
}

}  // namespace dvipa::cli
