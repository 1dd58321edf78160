// dvipa lab: hosts made of network namespaces, to run a cluster in by hand.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "harness/lab/standing.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view introduction =
    "A lab is a client and hosts MVS1, MVS2, ... on one Ethernet segment, all on this machine: each host is a network\n"
    "namespace with one interface, e0, host name and /run of its own. It needs root, or a kernel that lets users make\n"
    "namespaces. Several labs can stand at the same time.\n";

constexpr std::string_view overview_text =
    "Usage: dvipa lab up [--hosts N] [--name LAB]\n"
    "       dvipa lab status\n"
    "       dvipa lab exec [--name LAB] HOST -- COMMAND [ARGUMENTS]\n"
    "       dvipa lab down [--name LAB | --all]\n"
    "\n"
    "Example:\n"
    "  dvipa lab up && dvipa lab exec MVS1 -- ip addr; dvipa lab down\n";

using Words = std::span<const std::string>;
using TextOption = TCLAP::ValueArg<std::string>;

int complain_of(const lab::Failure& failure) {
  return complain("lab", failure.what, failure.remedy, exit_environment_lacking);
}

int up(Words words) {
  CommandLine line("lab up", "Makes the hosts of a lab. They stay until `dvipa lab down`.\n");
  TCLAP::ValueArg<unsigned> hosts("", "hosts", "stacks' hosts MVS1..MVSn, beside the client (5)", false, 5, "N",
                                  line.arguments());
  TextOption name("", "name", "the lab's name (lab)", false, "lab", "LAB", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (hosts.getValue() < 1 || hosts.getValue() > lab::stacks_max)
    return line.bad_usage(fmt::format("--hosts takes 1 to {}", lab::stacks_max));
  const auto standing = lab::put_up(name.getValue(), lab::standard_plan(hosts.getValue()));
  if (!standing) return complain_of(standing.error());
  fmt::print("lab {} is up: {} hosts on one segment\n", standing->name, standing->hosts.size());
  for (const lab::StandingHost& host : standing->hosts)
    fmt::print("  {:<8}  e0 {}\n", host.name, fmt::join(host.addresses, " "));
  return exit_passed;
}

int status(Words words) {
  CommandLine line("lab status", "Shows the labs of this user, their hosts, and the process that holds each host.\n");
  if (const auto exit_code = line.parse(words)) return *exit_code;
  const auto labs = lab::standing_labs();
  if (!labs) return complain_of(labs.error());
  if (labs->empty()) fmt::print("no lab\n");
  for (const lab::StandingLab& each : *labs) {
    fmt::print("{}: {}\n", each.name,
               each.alive ? fmt::format("up, process {}", each.keeper) : "ended; only its note is left");
    for (const lab::StandingHost& host : each.hosts)
      fmt::print("  {:<8}  process {:<7}  e0 {}\n", host.name, host.holder, fmt::join(host.addresses, " "));
  }
  return exit_passed;
}

int exec(Words words) {
  const auto split = std::ranges::find(words, "--");
  const auto before = static_cast<std::size_t>(split - words.begin());
  CommandLine line("lab exec", "Runs a command inside a host and returns its exit code: lab exec HOST -- COMMAND.\n");
  TextOption name("", "name", "the lab's name (lab)", false, "lab", "LAB", line.arguments());
  TCLAP::UnlabeledValueArg<std::string> host("HOST", "as `dvipa lab status` names it", true, "", "HOST",
                                             line.arguments());
  if (const auto exit_code = line.parse(words.first(before))) return *exit_code;
  if (before + 1 >= words.size()) return line.bad_usage("the command is missing after '--'");
  const auto standing = lab::standing_lab(name.getValue());
  if (!standing) return complain_of(standing.error());
  const Words command = words.subspan(before + 1);
  const auto ended = lab::run_inside(*standing, host.getValue(), {command.begin(), command.end()});
  if (!ended) return complain_of(ended.error());
  return ended->signal != 0 ? 128 + ended->signal : ended->code;
}

int down(Words words) {
  CommandLine line("lab down", "Ends a lab with every process in it. Fine when there is none.\n");
  TextOption name("", "name", "the lab's name (lab)", false, "lab", "LAB", line.arguments());
  TCLAP::SwitchArg all("", "all", "every lab of this user", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  const auto labs = lab::standing_labs();
  if (!labs) return complain_of(labs.error());
  for (const lab::StandingLab& each : *labs) {
    if (!all.getValue() && each.name != name.getValue()) continue;
    if (const auto ended = lab::take_down(each); !ended) return complain_of(ended.error());
    fmt::print("lab {} is down\n", each.name);
  }
  return exit_passed;
}

}  // namespace

int run_lab(Words words) {
  struct Action {
    std::string_view name;
    int (*run)(Words);
  };
  constexpr std::array<Action, 4> actions = {{{"up", up}, {"status", status}, {"exec", exec}, {"down", down}}};
  if (!words.empty() && (words.front() == "--help" || words.front() == "-h")) {
    fmt::print("{}\n{}", introduction, overview_text);
    return exit_passed;
  }
  if (words.empty()) return complain("lab", "up, status, exec or down is missing", "see dvipa lab --help");
  const auto* const action = std::ranges::find(actions, words.front(), &Action::name);
  if (action == actions.end())
    return complain("lab", fmt::format("cannot '{}'", words.front()), "see dvipa lab --help");
  return action->run(words.subspan(1));
}

}  // namespace dvipa::cli
