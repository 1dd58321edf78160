// dvipa run: one live stack, until it is told to stop.
#include <fmt/core.h>

#include <fstream>
#include <sstream>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "impl/live/cluster.hpp"
#include "impl/live/shell/shell.hpp"
#include "impl/profile/profile.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view description =
    "Runs one stack of a cluster on this host, one process a host, until SIGTERM or SIGINT.\n"
    "\n"
    "The stack takes its part in the DVIPAs that its profile defines, and is a target of those that other members'\n"
    "profiles distribute to it. It changes this host (addresses on lo, sysctls, an nftables table, a TUN device) and\n"
    "undoes every change when it stops; what a killed process left behind is undone at the next start.\n"
    "\n"
    "`dvipa netstat` shows what it does, and `dvipa vary` changes it while it runs.\n"
    "\n"
    "It logs one JSON object a line. SIGUSR1 logs the counters. SIGTERM hands over what the stack owns, then stops; a\n"
    "second SIGTERM stops at once.\n"
    "\n"
    "Example: dvipa run --cluster cluster.toml --name MVS1 --interface eth0 --profile mvs1.profile\n";

std::string mutant_list() {
  std::string names;
  for (const MutantName& each : mutant_names) names += (names.empty() ? "" : ", ") + std::string(each.name);
  return names;
}

// The definitions of the profile, or the exit code after saying why not. No profile defines nothing.
tl::expected<Definitions, int> definitions_of(const std::string& file) {
  if (file.empty()) return Definitions{};
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  if (!stream.is_open())
    return tl::unexpected(complain("run", fmt::format("cannot read {}", file), "name a profile that can be read"));
  const auto definitions = profile::parse_profile(text.str(), file);
  if (!definitions) {
    fmt::print(stderr, "{}", profile::render(definitions.error(), text.str()));
    return tl::unexpected(exit_bad_usage);
  }
  return *definitions;
}

// CFG-7, CFG-8
tl::expected<Obeyed, std::string> obey_profile(const Definitions& present, const std::string& text,
                                               const std::string& file) {
  auto amended = profile::amend_profile(present, text, file);
  if (!amended) return tl::unexpected(profile::render(amended.error(), text));
  auto changes = profile::differences(present, *amended);
  return Obeyed{std::move(*amended), std::move(changes)};
}

int complain_about(const ShellError& error) {
  return complain("run", error.what, error.remedy, error.environment ? exit_environment_lacking : exit_bad_usage);
}

}  // namespace

int run_run(std::span<const std::string> words) {
  CommandLine line("run", description);
  auto& arguments = line.arguments();
  TCLAP::ValueArg<std::string> cluster_file("", "cluster", "the group: members, heartbeat, key file", true, "", "FILE",
                                            arguments);
  TCLAP::ValueArg<std::string> name("", "name", "which member this is", true, "", "NAME", arguments);
  TCLAP::ValueArg<std::string> interface("", "interface", "of the segment that the members share", true, "", "IF",
                                         arguments);
  TCLAP::ValueArg<std::string> profile_file("", "profile", "what this stack defines; none: it is a target only", false,
                                            "", "FILE", arguments);
  TCLAP::ValueArg<std::string> port("", "port", "raw (the default) or pcap", false, "raw", "KIND", arguments);
  TCLAP::ValueArg<std::string> log_file("", "log", "append the log there instead of standard output", false, "-",
                                        "FILE", arguments);
  TCLAP::ValueArg<std::string> control_path("", "control",
                                            "the control socket, for dvipa netstat and dvipa vary "
                                            "(/run/dvipa/NAME.sock)",
                                            false, "", "PATH", arguments);
  TCLAP::ValueArg<std::string> advertise("", "advertise",
                                         "besides ARP and neighbour discovery: exec:COMMAND runs COMMAND advertise "
                                         "ADDRESS COUNTER, withdraw ADDRESS, and reset at the start, for routing "
                                         "protocols (docs/routing.md)",
                                         false, "", "exec:COMMAND", arguments);
  TCLAP::SwitchArg no_bpf("", "no-bpf", "watch sockets without BPF", arguments);
  TCLAP::ValueArg<std::string> mutant_name("", "mutant",
                                           "a seeded fault, to prove that a check can fail: " + mutant_list(), false,
                                           "none", "FAULT", arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (port.getValue() != "raw" && port.getValue() != "pcap") return line.bad_usage("--port is raw or pcap");
  ShellOptions options;
  if (mutant_name.isSet()) {
    const auto mutant = mutant_of(mutant_name.getValue());
    if (!mutant) return line.bad_usage("no such mutant: " + mutant_name.getValue());
    options.mutant = *mutant;
  }

  const auto cluster = read_cluster(cluster_file.getValue());
  if (!cluster) {
    fmt::print(stderr, "dvipa run: {}\n", to_string(cluster.error()));
    return exit_bad_usage;
  }
  const ClusterMember* self = cluster->find(name.getValue());
  if (self == nullptr)
    return complain("run", fmt::format("{} names no member {}", cluster_file.getValue(), name.getValue()),
                    "add a [[member]] with this name, or give another --name");
  const auto definitions = definitions_of(profile_file.getValue());
  if (!definitions) return definitions.error();
  auto log = EventLog::open(log_file.getValue(), self->name);
  if (!log) return complain("run", log.error(), "name a file in a directory that can be written");
  constexpr std::string_view exec = "exec:";
  if (advertise.isSet() && (!advertise.getValue().starts_with(exec) || advertise.getValue().size() == exec.size()))
    return line.bad_usage("--advertise takes exec:COMMAND");
  if (advertise.isSet()) options.advertise_command = advertise.getValue().substr(exec.size());
  options.interface = interface.getValue();
  options.use_pcap = port.getValue() == "pcap";
  options.allow_bpf = !no_bpf.getValue();
  options.control_path = control_path.getValue();
  options.obey = obey_profile;
  const auto ran = run_stack(*cluster, *self, *definitions, *log, options);
  return ran ? exit_passed : complain_about(ran.error());
}

}  // namespace dvipa::cli
