// The frame of a scenario, and who is in the cluster.
#include "harness/world/reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dvipa::world {

tl::expected<Scenario, ScenarioError> read_scenario(std::string_view text, std::string name) {
  return ScenarioReader(std::move(name)).read(text);
}

tl::expected<Scenario, ScenarioError> ScenarioReader::read(std::string_view text) {
  bool has_heading = false;
  unsigned number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Words words(text.substr(0, end), ++number);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (words.empty()) continue;
    if (has_heading) {
      line(words, number);
    } else {
      has_heading = heading(words);
    }
    words.finish();
    if (words.failed()) return tl::unexpected(words.error());
  }
  if (!has_cluster_)
    return tl::unexpected(ScenarioError{number + 1, 1, "there is no cluster", "begin with \"cluster 3\""});
  return std::move(scenario_);
}

bool ScenarioReader::heading(Words& words) {
  const bool named = words.take(scenario_heading) == "dvipa-scenario";
  if (!named) words.fail("this is no scenario", fmt::format("begin with \"{}\"", scenario_heading));
  if (named && words.take("the version") != "1")
    words.fail("a version that is not known here", fmt::format("write \"{}\"", scenario_heading));
  return !words.failed();
}

void ScenarioReader::line(Words& words, unsigned number) {
  ScenarioLine line;
  line.number = number;
  if (words.accept("at")) line.at = words.time();
  const std::string_view verb = words.take("a command");
  if (!line.at && setup(words, verb)) return;
  if (!has_cluster_) return words.fail("there is no cluster yet", "begin with \"cluster 3\"");
  if (verb == "expect") {
    line.what = expectation(words);
  } else {
    line.what = command(words, verb);
  }
  scenario_.lines.push_back(std::move(line));
}

bool ScenarioReader::setup(Words& words, std::string_view verb) {
  Settings& settings = scenario_.settings;
  if (verb == "covers") {
    while (!words.empty()) scenario_.covers.emplace_back(words.take("a requirement"));
  } else if (verb == "cluster") {
    cluster(words);
  } else if (verb == "seed") {
    settings.seed = words.number(0, ~std::uint64_t{0}, "a seed");
  } else if (verb == "network") {
    network(words);
  } else if (verb == "bus") {
    words.require("encoded");
    settings.codec = true;
  } else if (verb == "lists") {
    words.require("concerned");
    settings.lists_to_concerned = true;
  } else if (verb == "silent-crashes") {
    settings.crash_is_silent = words.rate();
  } else if (verb == "mutant") {
    mutant(words);
  } else if (verb == "dvipa") {
    dvipa(words);
  } else if (verb == "distribution") {
    distribution(words);
  } else if (verb == "range") {
    range(words);
  } else {
    return false;
  }
  return true;
}

void ScenarioReader::cluster(Words& words) {
  if (has_cluster_) return words.fail("a second cluster", "a scenario has one");
  scenario_.settings.stacks = static_cast<unsigned>(words.number(1, 60, "the number of stacks"));
  if (words.accept("clients"))
    scenario_.settings.clients = static_cast<unsigned>(words.number(1, 60, "the number of client hosts"));
  scenario_.profiles.resize(scenario_.settings.stacks);
  has_cluster_ = true;
}

void ScenarioReader::network(Words& words) {
  Settings& settings = scenario_.settings;
  while (!words.empty() && !words.failed()) {
    const std::string_view what = words.take("loss, twice or late");
    if (what == "loss") {
      settings.frame_loss = words.rate();
    } else if (what == "twice") {
      settings.frame_twice = words.rate();
    } else if (what == "late") {
      settings.frame_late = words.rate();
    } else {
      words.fail(fmt::format("\"{}\"", what), "write loss, twice or late, each with a rate: loss 2%");
    }
  }
}

void ScenarioReader::mutant(Words& words) {
  const std::string_view name = words.take("the name of a mutant");
  if (const auto found = mutant_of(name)) {
    scenario_.settings.mutant = *found;
  } else if (name != "none") {
    words.fail(fmt::format("\"{}\" is no mutant", name), "dvipa simulate --list names them");
  }
}

Address ScenarioReader::dvipa_named(Words& words) {
  const std::string_view name = words.take("a DVIPA");
  const auto found = scenario_.dvipas.find(std::string(name));
  if (found != scenario_.dvipas.end()) return found->second;
  words.fail(fmt::format("\"{}\" is no DVIPA", name), "define it first: dvipa A primary S1 targets all ports 60");
  return {};
}

DvipaDefinition& ScenarioReader::definition(StackId stack, const Address& address) {
  auto& dvipas = scenario_.profiles[stack.value - 1U].dvipas;
  const auto found = std::ranges::find(dvipas, address, &DvipaDefinition::dvipa);
  if (found != dvipas.end()) return *found;
  DvipaDefinition made;
  made.dvipa = address;
  return *dvipas.insert(std::ranges::upper_bound(dvipas, address, {}, &DvipaDefinition::dvipa), made);
}

// dvipa NAME [ADDRESS] [primary S1 [moveable whenidle]] [backup S2 [rank N]]... [targets all | targets S...]
// [ports every | ports N...]
void ScenarioReader::dvipa(Words& words) {
  if (!has_cluster_) return words.fail("there is no cluster yet", "begin with \"cluster 3\"");
  const std::string name(words.take("a name"));
  Address address = Address::v4(0x0a4d0001U + ((static_cast<unsigned>(scenario_.dvipas.size()) + 1U) << 8));
  if (const auto given = parse_address(words.peek())) {
    address = *given;
    words.take("");
  }
  scenario_.dvipas[name] = address;
  std::vector<StackId> primaries;
  while (words.peek() == "primary" || words.peek() == "backup") {
    const bool primary = words.take("") == "primary";
    const StackId stack = words.stack(scenario_.settings.stacks);
    if (words.failed()) return;
    DvipaDefinition& made = definition(stack, address);
    made.part = primary ? Part::primary : Part::backup;
    made.rank = primary ? 0 : 1;
    if (primary) primaries.push_back(stack);
    if (primary) moveable(words, made.moveable, of_definition);
    if (!primary && words.accept("rank")) made.rank = static_cast<std::uint8_t>(words.number(1, rank_max, "a rank"));
  }
  const Distribution used = distribution_of(words);
  for (const StackId stack : primaries) definition(stack, address).distribution = used;
}

// distribution NAME at S5 [targets ...] [ports ...]: a backup's own (LST-3)
void ScenarioReader::distribution(Words& words) {
  const Address address = dvipa_named(words);
  words.require("at");
  const StackId stack = words.stack(scenario_.settings.stacks);
  const Distribution used = distribution_of(words);
  if (words.failed()) return;
  DvipaDefinition& made = definition(stack, address);
  if (made.part == Part::none)
    return words.fail("this stack has no part in the DVIPA", "name it as primary or backup in the dvipa line first");
  made.distribution = used;
}

// range NAME at S1 S2 [moveable disruptive]: an application there may bind to the DVIPA (CFG-5)
void ScenarioReader::range(Words& words) {
  RangeDefinition made;
  made.network = dvipa_named(words);
  made.prefix_bits = made.network.is_v4() ? 32 : 128;
  words.require("at");
  std::vector<StackId> stacks{words.stack(scenario_.settings.stacks)};
  while (const auto stack = words.accept_stack(scenario_.settings.stacks)) stacks.push_back(*stack);
  moveable(words, made.moveable, of_range);
  if (words.failed()) return;
  for (const StackId stack : stacks) {
    auto& ranges = scenario_.profiles[stack.value - 1U].ranges;
    ranges.push_back(made);
    std::ranges::sort(ranges);
  }
}

// Two of the words are for definitions, two for ranges.
void ScenarioReader::moveable(Words& words, Moveable& moveable, std::size_t first) {
  if (!words.accept("moveable")) return;
  const std::string_view found = words.take("how it moves");
  for (const MoveableName& each : std::span(moveable_names).subspan(first, 2))
    if (each.word == found) return void(moveable = each.moveable);
  words.fail(fmt::format("\"{}\"", found),
             fmt::format("write {} or {}", moveable_names[first].word, moveable_names[first + 1].word));
}

Distribution ScenarioReader::distribution_of(Words& words) {
  Distribution made;
  made.ports.ranges = {{60, 60}};
  while (!words.empty() && !words.failed()) {
    if (words.accept("targets")) {
      if (words.accept("all")) continue;
      while (const auto stack = words.accept_stack(scenario_.settings.stacks))
        made.targets.xcf_addresses.push_back(Address::v4(0x0a4d0000U + stack->value));
      std::ranges::sort(made.targets.xcf_addresses);
      if (made.targets.is_all()) words.fail("no target", "write all, or stacks: targets S2 S3");
    } else if (words.accept("ports")) {
      ports(words, made);
    } else if (words.accept("method")) {
      method(words, made);
    } else if (words.accept("affinity")) {
      made.affinity_s = static_cast<std::uint16_t>(words.number(1, 9999, "a number of seconds"));
    } else {
      const std::string_view found = words.take("");
      words.fail(fmt::format("\"{}\"", found), "write targets, ports, method or affinity here");
    }
  }
  return made;
}

void ScenarioReader::method(Words& words, Distribution& distribution) {
  const std::string_view found = words.take("a method");
  const auto* const name = std::ranges::find(method_names, found, &MethodName::word);
  if (name != method_names.end()) {
    distribution.method = name->method;
  } else {
    words.fail(fmt::format("\"{}\" is no method", found),
               "write round-robin, weighted, base-wlm, weighted-active or hot-standby");
  }
}

void ScenarioReader::ports(Words& words, Distribution& distribution) {
  distribution.ports.ranges.clear();
  if (words.accept("every")) return;
  while (words.is_number()) {
    const Port port = static_cast<Port>(words.number(1, 65'535, "a port"));
    distribution.ports.ranges.push_back({port, port});
  }
  std::ranges::sort(distribution.ports.ranges);
  auto& ranges = distribution.ports.ranges;
  for (std::size_t i = 1; i < ranges.size();) {  // adjacent ports are one range (definitions.hpp)
    if (ranges[i].first <= ranges[i - 1].last + 1) {
      ranges[i - 1].last = std::max(ranges[i - 1].last, ranges[i].last);
      ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  if (ranges.empty()) words.fail("no port", "write every, or ports: ports 60 443");
}

}  // namespace dvipa::world
