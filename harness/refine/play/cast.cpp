#include "harness/refine/play/cast.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <regex>
#include <set>

namespace dvipa::refine {
namespace {

using model::add;
using world::Command;
using world::NotPlayable;
using world::Scenario;
using world::ScenarioLine;
using world::Verb;

// In a state of the model two bits hold the number of an instance.
constexpr unsigned instances_max = 3;

Address xcf_of(StackId stack) { return Address::v4(0x0a4d0000U + stack.value); }

const DvipaDefinition* definition_of(const Scenario& scenario, StackId stack, const Address& dvipa) {
  for (const DvipaDefinition& each : scenario.profiles[stack.value - 1U].dvipas)
    if (each.dvipa == dvipa) return &each;
  return nullptr;
}

template <class Visit>  // void(const Command&, unsigned line)
void for_each_command(const Scenario& scenario, Visit&& visit) {
  for (const ScenarioLine& line : scenario.lines)
    if (const auto* command = std::get_if<Command>(&line.what)) visit(*command, line.number);
}

// What a command asks for that no action of the model stands for; empty: nothing.
std::string unknown_to_model(const Command& command) {
  switch (command.verb) {
    case Verb::slow:
    case Verb::jump:
      return "slow kernels and clocks that jump order things by time, and the model has no time";
    case Verb::kill_process:
      return "in the model a stack and its host fail together";
    case Verb::capacity:
    case Verb::weight:
      return "the model has no weights: it may choose any current target";
    case Verb::define:
      return "in the model no profile changes";
    case Verb::activate:
      return "addresses move in configurations of the model, not where it plays scenarios";
    case Verb::one_way:
      return "in the model two stacks reach each other or do not";
    case Verb::deliver:
      return command.amount == 0 ? "" : "how many messages say a thing is the implementation's own affair";
    default:
      return {};
  }
}

std::optional<NotPlayable> outside_the_model(const Scenario& scenario) {
  std::optional<NotPlayable> missing;
  if (scenario.settings.frame_loss != 0)
    missing = NotPlayable{0, "frames are lost for good, and the model's targets have patience with a silent client"};
  for_each_command(scenario, [&](const Command& command, unsigned line) {
    if (std::string reason = unknown_to_model(command); !missing && !reason.empty())
      missing = NotPlayable{line, std::move(reason)};
  });
  return missing;
}

// One DVIPA of the scenario, port by port.
class Casting {
 public:
  Casting(const Scenario& scenario, std::string name, const Address& dvipa) : scenario_(scenario) {
    cast_.dvipa = dvipa;
    cast_.name = std::move(name);
  }

  tl::expected<std::vector<Cast>, NotPlayable> run() {
    distribute();
    give_parts();
    look_at_listeners();
    look_at_connections();
    if (missing_) return tl::unexpected(*missing_);
    std::vector<Cast> all;
    for (const Port port : ports_in_use()) add_groups(port, all);
    return all;
  }

 private:
  void lack(unsigned line, std::string reason) {
    if (!missing_) missing_ = NotPlayable{line, std::move(reason)};
  }

  void distribute() {
    for (std::size_t n = 1; n <= scenario_.profiles.size(); ++n) {
      const DvipaDefinition* mine = definition_of(scenario_, {static_cast<std::uint8_t>(n)}, cast_.dvipa);
      if (mine == nullptr) continue;
      if (mine->part == Part::backup && mine->distribution)
        lack(0, fmt::format("S{} has a distribution of its own, and in the model there is one", n));
      if (mine->part == Part::primary && mine->distribution) distribution_ = *mine->distribution;
    }
    if (!distribution_) return lack(0, fmt::format("{} has no distribution", cast_.name));
    if (distribution_->ports.is_every_port()) lack(0, "in the model a distribution names its ports");
    if (distribution_->method != DistMethod::round_robin || distribution_->affinity_s != 0)
      lack(0, "the model has neither weights nor affinity: it may choose any current target");
  }

  // Only the order of XCF addresses among backups counts in the model, and the primary is its S1.
  void give_parts() {
    std::set<StackId> starting;
    for_each_command(scenario_, [&](const Command& command, unsigned) {
      if (command.verb == Verb::start) starting.insert(command.stack);
    });
    model::Rules& rules = cast_.rules;
    rules.name = "scenario";
    rules.stacks = 1;
    for (std::size_t n = 1; n <= scenario_.profiles.size(); ++n) {
      const StackId stack{static_cast<std::uint8_t>(n)};
      const DvipaDefinition* mine = definition_of(scenario_, stack, cast_.dvipa);
      if (mine == nullptr || mine->part != Part::primary) continue;
      if (cast_.part_of(stack) == model::nobody && !cast_.stacks.empty()) lack(0, "there is more than one primary");
      cast_.stacks[stack] = 1;
    }
    for (const StackId stack : starting) {
      if (cast_.stacks.contains(stack)) continue;
      if (rules.stacks == model::kStacksMax)
        return lack(0, fmt::format("the model has {} stacks at most", model::kStacksMax));
      const auto part = static_cast<model::Stack>(++rules.stacks);
      cast_.stacks[stack] = part;
      if (const DvipaDefinition* mine = definition_of(scenario_, stack, cast_.dvipa)) rules.rank[part] = mine->rank;
    }
    for (const auto& [stack, part] : cast_.stacks) {
      add(rules.failing, part);
      add(rules.changing, part);
    }
  }

  // An application beside the distribution gets connections that no table knows of (RTE-3).
  void look_at_listeners() {
    for_each_command(scenario_, [&](const Command& command, unsigned line) {
      if (command.verb != Verb::listen || !distribution_ || !distribution_->ports.contains(command.port)) return;
      if (!command.address.is_none() && command.address != cast_.dvipa) return;
      if (!distribution_->targets.contains(xcf_of(command.stack)))
        lack(line,
             fmt::format("S{} listens, and is no target: in the model whoever listens is one", command.stack.value));
    });
  }

  void look_at_connections() {
    std::map<std::uint32_t, const Command*> first;
    std::map<std::uint32_t, unsigned> times;
    for_each_command(scenario_, [&](const Command& command, unsigned line) {
      if (command.verb != Verb::connect) return;
      const auto [at, is_new] = first.try_emplace(command.connection, &command);
      const Command& before = *at->second;
      if (before.address != command.address || before.port != command.port || before.client != command.client)
        lack(line, fmt::format("c{} is another 4-tuple now", command.connection));
      if (command.address != cast_.dvipa) return;
      if (distribution_ && !distribution_->ports.contains(command.port))
        lack(line,
             fmt::format("c{} asks for a port that is not distributed, and in the model all are", command.connection));
      if (++times[command.connection] > instances_max)
        lack(line, fmt::format("in the model a 4-tuple is used {} times at most", instances_max));
      if (is_new) connections_.push_back(&command);
    });
  }

  // Some port, if nobody uses any.
  std::set<Port> ports_in_use() const {
    std::set<Port> ports;
    for_each_command(scenario_, [&](const Command& command, unsigned) {
      const bool uses =
          command.verb == Verb::listen || (command.verb == Verb::connect && command.address == cast_.dvipa);
      if (uses && distribution_->ports.contains(command.port)) ports.insert(command.port);
    });
    if (ports.empty()) ports.insert(distribution_->ports.ranges.front().first);
    return ports;
  }

  // The same cast for each group of connections; one without, if there is none.
  void add_groups(Port port, std::vector<Cast>& all) const {
    Cast group = cast_;
    group.port = port;
    group.rules.instances = instances_max;
    const auto close = [&all, &group] {
      group.rules.connections = static_cast<unsigned>(group.connections.size());
      all.push_back(group);
      group.connections.clear();
      group.clients.clear();
    };
    const std::size_t before = all.size();
    for (const Command* each : connections_) {
      if (each->port != port) continue;
      group.connections.push_back(each->connection);
      group.clients.push_back(each->client);
      if (group.connections.size() == model::kConnectionsMax) close();
    }
    if (!group.connections.empty() || all.size() == before) close();
  }

  const Scenario& scenario_;
  Cast cast_;
  std::optional<Distribution> distribution_;
  std::vector<const Command*> connections_;  // the first time that each is opened
  std::optional<NotPlayable> missing_;
};

}  // namespace

model::Stack Cast::part_of(StackId stack) const {
  const auto at = stacks.find(stack);
  return at == stacks.end() ? model::nobody : at->second;
}

StackId Cast::player_of(model::Stack part) const {
  for (const auto& [stack, its] : stacks)
    if (its == part) return stack;
  return {};
}

std::string Cast::in_names_of_scenario(const std::string& sentence) const {
  static const std::regex named("S([0-9])|(connection|NEWCONN|TERMCONN|VERIFY|NOT_HELD) ([0-9])");
  std::string text;
  auto from = sentence.cbegin();
  for (std::sregex_iterator at(sentence.begin(), sentence.end(), named), end; at != end; ++at) {
    const std::smatch& found = *at;
    text.append(from, found[0].first);
    if (found[1].matched)
      text += fmt::format("S{}", player_of(static_cast<model::Stack>(std::stoi(found[1]))).value);
    else
      text += fmt::format("{} c{}", found[2].str(), connections.at(std::stoul(found[3]) - 1));
    from = found[0].second;
  }
  return text.append(from, sentence.cend());
}

tl::expected<std::vector<Cast>, NotPlayable> cast(const Scenario& scenario) {
  if (auto missing = outside_the_model(scenario)) return tl::unexpected(*missing);
  std::vector<Cast> all;
  for (const auto& [name, dvipa] : scenario.dvipas) {
    auto groups = Casting(scenario, name, dvipa).run();
    if (!groups) return tl::unexpected(groups.error());
    std::ranges::move(*groups, std::back_inserter(all));
  }
  return all;
}

}  // namespace dvipa::refine
