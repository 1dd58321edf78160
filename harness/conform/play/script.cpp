#include "harness/conform/play/script.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "impl/profile/profile.hpp"

namespace dvipa::conform {
namespace {

using world::Command;
using world::NotPlayable;
using world::Scenario;
using world::Verb;

constexpr std::string_view heading = "VIPADYNAMIC\n";

// What a command asks for that no live host does; empty: nothing.
std::string impossible(const Command& command) {
  switch (command.verb) {
    case Verb::slow:
      return "a live kernel takes the time that it takes";
    case Verb::jump:
      return "the hosts of a lab share one clock";
    case Verb::capacity:
      return "a live stack measures what its host can do";
    case Verb::stale:
      return "a live client believes what it was told last";
    case Verb::one_way:
      return "the segment of a lab loses both directions or none";
    case Verb::keep_back:
    case Verb::deliver:
    case Verb::drop:
      return "a live bus and a live segment keep nothing back: this orders messages";
    case Verb::abort:
      return "a live stack asks about an entry that is not used when it is a minute old, and nobody waits for that "
             "here";
    case Verb::partition:
      return command.sides.members.size() > 2 ? "the segment of a lab has two parts at most" : "";
    default:
      return {};
  }
}

// CFG-5
bool is_bind_to_range(const Command& command, const Scenario& scenario) {
  if (command.verb != Verb::listen || command.address.is_none()) return false;
  return std::ranges::any_of(scenario.profiles[command.stack.value - 1U].ranges, [&](const RangeDefinition& each) {
    return same_subnet(command.address, each.network, each.prefix_bits);
  });
}

std::string impossible(const world::ScenarioLine& line, const Scenario& scenario) {
  if (line.at) return "it says when: time orders things, and a live host is not that exact";
  const auto* command = std::get_if<Command>(&line.what);
  if (command == nullptr) return {};
  if (is_bind_to_range(*command, scenario)) return "live who binds to an address of a range activates it";
  return impossible(*command);
}

std::string impossible(const world::Settings& settings) {
  if (settings.frame_loss != 0 || settings.frame_twice != 0 || settings.frame_late != 0)
    return "the segment of a lab loses nothing, and nothing comes twice or late";
  if (settings.crash_is_silent < world::Settings{}.crash_is_silent)
    return "every crash in a lab is seen by silence only: the cable is pulled first";
  if (settings.clients > lab::clients_max) return fmt::format("a lab has {} clients at most", lab::clients_max);
  return {};
}

std::string impossible(const Definitions& profile) {
  for (const DvipaDefinition& each : profile.dvipas) {
    if (!each.dvipa.is_v4()) return "who advertises an address is asked by ARP here";
    if (each.distribution && each.distribution->affinity_s != 0) return "timed affinity ends with time";
  }
  return {};
}

// A scenario says nothing of masks.
Definitions masked(Definitions definitions) {
  for (DvipaDefinition& each : definitions.dvipas)
    if (each.part == Part::primary) each.prefix_bits = 24;
  return definitions;
}

}  // namespace

std::optional<NotPlayable> outside_the_lab(const Scenario& scenario) {
  if (std::string reason = impossible(scenario.settings); !reason.empty()) return NotPlayable{0, std::move(reason)};
  for (const Definitions& profile : scenario.profiles)
    if (std::string reason = impossible(profile); !reason.empty()) return NotPlayable{0, std::move(reason)};
  for (const world::ScenarioLine& line : scenario.lines)
    if (std::string reason = impossible(line, scenario); !reason.empty())
      return NotPlayable{line.number, std::move(reason)};
  return std::nullopt;
}

bool passes_time(const world::ScenarioLine& line) {
  const auto* command = std::get_if<Command>(&line.what);
  return command != nullptr && (command->verb == Verb::run || command->verb == Verb::settle);
}

world::Settings settings_of(const Scenario& scenario) {
  world::Settings settings = scenario.settings;
  settings.mutant = Mutant::none;
  settings.crash_is_silent = 1'000'000;  // as all are in a lab
  return settings;
}

std::string fault_of(const Scenario& scenario) {
  for (const MutantName& each : mutant_names)
    if (each.mutant == scenario.settings.mutant) return std::string(each.name);
  return {};
}

std::string host_of(StackId stack) { return fmt::format("MVS{}", stack.value); }

std::string client_host(std::uint32_t client) { return client == 0 ? "client" : fmt::format("client{}", client + 1); }

StackId stack_of(const std::string& host) {
  StackId stack;
  if (host.starts_with("MVS")) std::from_chars(host.data() + 3, host.data() + host.size(), stack.value);
  return stack;
}

ClusterPlan plan_of(const Scenario& scenario) {
  ClusterPlan plan;
  plan.stacks = scenario.settings.stacks;
  plan.clients = scenario.settings.clients;
  std::string cluster = "key_file = \"cluster.key\"\n";
  if (scenario.settings.lists_to_concerned) cluster += "lists = \"concerned\"\n";
  cluster += "[heartbeat]\ninterval_ms = 50\nmisses = 5\n";
  for (unsigned n = 1; n <= plan.stacks; ++n) {
    const StackId stack{static_cast<std::uint8_t>(n)};
    cluster += fmt::format("[[member]]\nname = \"{}\"\nxcf = \"10.77.0.{}\"\nport = 7400\n", host_of(stack), n);
    plan.files.push_back(profile_of(stack, scenario.profiles[n - 1]));
  }
  plan.files.push_back({"cluster.toml", std::move(cluster)});
  return plan;
}

ClusterFile profile_of(StackId stack, const Definitions& definitions) {
  return {fmt::format("mvs{}.profile", stack.value), profile::write_profile(masked(definitions))};
}

std::string amendment(const DvipaDefinition& definition, bool is_defined) {
  Definitions said;
  if (definition.part != Part::none) said.dvipas.push_back(definition);
  std::string text = profile::write_profile(masked(std::move(said)));
  if (is_defined) text.insert(heading.size(), fmt::format("  VIPADELETE {}\n", to_string(definition.dvipa)));
  return text;
}

}  // namespace dvipa::conform
