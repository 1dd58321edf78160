// dvipa conform: is an implementation of failover what it must be? Judged from outside, on live hosts.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <random>
#include <sstream>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/own_executable.hpp"
#include "harness/cli/verbs.hpp"
#include "harness/conform/suite.hpp"
#include "harness/lab/sandbox.hpp"
#include "harness/report/report.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view description =
    "Builds a lab of a client and five hosts, starts a stack of the implementation under test and an application on "
    "each,\n"
    "loads them with checked connections, brings the suite's faults about, and judges what the client and the network\n"
    "saw. It needs root, or a kernel that lets users make namespaces; nothing of the lab stays, however it ends.\n"
    "\n"
    "It prints a table and writes report.json, junit.xml, report.txt and, for each scenario, the logs of the stacks "
    "and\n"
    "one capture a host. Exit code 0 when nothing failed, 1 when something did, 3 when this host lacks something.\n"
    "\n"
    "Another implementation is tested by `--adapter command --start-cmd '...'`: the command runs on each host, and "
    "may\n"
    "have {name} {interface} {cluster} {profile} {log} in it. SIGTERM must stop it in good order.\n"
    "\n"
    "Examples:\n"
    "  dvipa conform --suite failover\n"
    "  dvipa conform --suite takeback,moves --family 6\n"
    "  dvipa conform --suite failover --scenario kill-owner --connections 200\n"
    "  dvipa conform --suite failover --scenario kill-owner --mutant skip-rebuild-barrier   # must fail\n";

struct Request {
  conform::SuiteOptions options;
  conform::Selection selection;
  std::unique_ptr<conform::Implementation> implementation;
  bool json = false;
};

// Inside the sandbox.
int judge(const Request& request) {
  const auto begun = std::chrono::steady_clock::now();
  const conform::Say say = [begun](const std::string& text) {
    const std::chrono::duration<double> after = std::chrono::steady_clock::now() - begun;
    fmt::print(stderr, "{:6.1f} s  {}\n", after.count(), text);
  };
  const auto suite = conform::run_scenarios(request.selection, *request.implementation, request.options, say);
  if (!suite) return complain("conform", suite.error().what, suite.error().remedy, exit_environment_lacking);
  if (request.json) {
    fmt::print("{}\n", report::json_of(*suite).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
  } else {
    fmt::print("{}", report::table_of(*suite));
  }
  if (const auto written = report::write_report(*suite, request.options.folder); !written)
    return complain("conform", written.error().what, "make room, or name another folder with --report",
                    exit_environment_lacking);
  fmt::print(stderr, "the report is in {}\n", request.options.folder);
  if (suite->inconclusive())
    return complain("conform",
                    "this host stood still for longer than a stack may be silent, so that its failures show nothing",
                    "end other work on it and run again", exit_environment_lacking);
  return suite->failed() ? exit_failed : exit_passed;
}

int list_scenarios(const conform::Selection& selection) {
  for (const conform::Scenario* scenario : selection.scenarios)
    fmt::print("{:<22} {}\n{:<22} shows {}\n", scenario->name, scenario->description, "",
               fmt::join(scenario->requirements, " "));
  return exit_passed;
}

std::string suite_names() {
  std::vector<std::string_view> names;
  for (const conform::Suite& suite : conform::suites()) names.push_back(suite.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

// `names`: suites, between commas, or all. Empty when one of them is none.
std::optional<conform::Selection> select_suites(const std::string& names) {
  conform::Selection selection{names, {}};
  const auto add = [&](const conform::Suite& suite) {
    for (const conform::Scenario& scenario : suite.scenarios) selection.scenarios.push_back(&scenario);
  };
  if (names == "all") {
    for (const conform::Suite& suite : conform::suites()) add(suite);
    return selection;
  }
  std::istringstream words(names);
  for (std::string name; std::getline(words, name, ',');) {
    const conform::Suite* suite = conform::find_suite(name);
    if (suite == nullptr) return std::nullopt;
    add(*suite);
  }
  return selection;
}

// Leaves only the scenarios that are named, where any are; else the name that is none of them.
std::optional<std::string> keep_only(conform::Selection& selection, const std::vector<std::string>& names) {
  const auto is_named = [&](const conform::Scenario* each) {
    return std::ranges::find(names, each->name) != names.end();
  };
  for (const std::string& name : names)
    if (std::ranges::find(selection.scenarios, name, &conform::Scenario::name) == selection.scenarios.end())
      return name;
  if (!names.empty()) std::erase_if(selection.scenarios, std::not_fn(is_named));
  return std::nullopt;
}

std::optional<conform::Family> family_of(const std::string& word) {
  if (word == "4") return conform::Family::v4;
  if (word == "6") return conform::Family::v6;
  if (word == "mixed") return conform::Family::mixed;
  return std::nullopt;
}

int run_request(const Request& request) {
  if (const auto prepared = report::prepare_folder(request.options.folder); !prepared)
    return complain("conform", prepared.error().what, "name a folder that can be written with --report",
                    exit_environment_lacking);
  fmt::print(stderr, "seed {}\n", request.options.seed);
  const auto sandbox = lab::run_in_sandbox(lab::Lifetime::of_caller, [&] { return judge(request); });
  if (!sandbox) return complain("conform", sandbox.error().what, sandbox.error().remedy, exit_environment_lacking);
  return sandbox->exit_code;
}

}  // namespace

int run_conform(std::span<const std::string> words) {
  CommandLine line("conform", description);
  auto& arguments = line.arguments();
  using Text = TCLAP::ValueArg<std::string>;
  Text suite("", "suite", suite_names() + ", or several between commas, or all (failover)", false, "failover", "SUITE",
             arguments);
  TCLAP::MultiArg<std::string> scenarios("", "scenario", "only this one; may be given again", false, "NAME", arguments);
  TCLAP::SwitchArg list("", "list", "print the scenarios and what they show", arguments);
  TCLAP::ValueArg<unsigned> connections("", "connections", "through each DVIPA (1000)", false, 1000, "N", arguments);
  Text family("", "family", "of the DVIPAs: 4, 6 or mixed, which has one of each (4)", false, "4", "FAMILY", arguments);
  TCLAP::ValueArg<unsigned> rounds("", "rounds", "of scenarios with rounds (20)", false, 20, "N", arguments);
  TCLAP::ValueArg<unsigned> interval("", "interval-ms", "between the exchanges of a connection (200)", false, 200, "MS",
                                     arguments);
  Text folder("", "report", "folder of the report (report)", false, "report", "DIR", arguments);
  TCLAP::SwitchArg json("", "json", "print JSON instead of the table", arguments);
  TCLAP::ValueArg<std::uint64_t> seed("", "seed", "of the load's draws (drawn)", false, 0, "N", arguments);
  Text port("", "port", "raw (the default) or pcap, of dvipa run", false, "raw", "KIND", arguments);
  Text mutant("", "mutant", "a seeded fault of dvipa run; the suite must fail", false, "", "NAME", arguments);
  Text adapter("", "adapter", "dvipa (the default) or command", false, "dvipa", "KIND", arguments);
  Text command("", "start-cmd", "what starts a stack, for --adapter command", false, "", "COMMAND", arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  auto selection = select_suites(suite.getValue());
  if (!selection) return line.bad_usage("the suites are: " + suite_names() + "; or all of them: all");
  if (const auto unknown = keep_only(*selection, scenarios.getValue()))
    return line.bad_usage("there is no scenario '" + *unknown + "'; see --list");
  if (list.getValue()) return list_scenarios(*selection);
  const auto chosen_family = family_of(family.getValue());
  if (!chosen_family) return line.bad_usage("--family is 4, 6 or mixed");
  constexpr unsigned connections_max = 6000;
  if (connections.getValue() < 10 || connections.getValue() > connections_max)
    return line.bad_usage(fmt::format("--connections takes 10 to {}", connections_max));
  if (rounds.getValue() < 1) return line.bad_usage("--rounds takes 1 and more");
  if (interval.getValue() < 2 || interval.getValue() > 1000) return line.bad_usage("--interval-ms takes 2 to 1000");
  if (adapter.getValue() != "dvipa" && adapter.getValue() != "command")
    return line.bad_usage("--adapter is dvipa or command");
  if ((adapter.getValue() == "command") != command.isSet())
    return line.bad_usage("--adapter command goes with --start-cmd");
  Request request;
  request.selection = std::move(*selection);
  request.options.family = *chosen_family;
  request.json = json.getValue();
  request.options.connections = connections.getValue();
  request.options.rounds = rounds.getValue();
  request.options.interval_ms = interval.getValue();
  request.options.seed = seed.isSet() ? seed.getValue() : std::random_device{}();
  request.options.folder = std::filesystem::absolute(folder.getValue()).string();
  request.implementation = command.isSet()
                               ? conform::command_implementation(command.getValue())
                               : conform::dvipa_implementation(own_executable(), port.getValue(), mutant.getValue());
  return run_request(request);
}

}  // namespace dvipa::cli
