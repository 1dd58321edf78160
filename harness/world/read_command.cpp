// The commands of a scenario.
#include <fmt/format.h>

#include <array>

#include "harness/world/reader.hpp"

namespace dvipa::world {
namespace {

struct Name {
  std::string_view word;
  Verb verb;
};
// Those whose only argument is a stack.
constexpr std::array of_stack{Name{"start", Verb::start},   Name{"kill", Verb::kill},
                              Name{"stop", Verb::stop},     Name{"pause", Verb::pause},
                              Name{"resume", Verb::resume}, Name{"slow", Verb::slow},
                              Name{"jump", Verb::jump},     Name{"kill-process", Verb::kill_process}};
constexpr std::array of_pair{Name{"one-way", Verb::one_way}, Name{"keep-back", Verb::keep_back},
                             Name{"deliver", Verb::deliver}};
constexpr std::array plain{Name{"heal", Verb::heal}, Name{"drop", Verb::drop}, Name{"settle", Verb::settle}};

template <class Names>
const Name* find(const Names& names, std::string_view word) {
  for (const Name& each : names)
    if (each.word == word) return &each;
  return nullptr;
}

}  // namespace

Command ScenarioReader::command(Words& words, std::string_view verb) {
  Command command;
  const unsigned stacks = scenario_.settings.stacks;
  if (const Name* name = find(of_stack, verb)) {
    command.verb = name->verb;
    command.stack = words.stack(stacks);
    if (command.verb == Verb::slow || command.verb == Verb::jump) command.amount = words.time();
  } else if (const Name* name_of_pair = find(of_pair, verb)) {
    command.verb = name_of_pair->verb;
    pair(words, command);
  } else if (const Name* name_of_plain = find(plain, verb)) {
    command.verb = name_of_plain->verb;
  } else if (verb == "capacity") {
    command.verb = Verb::capacity;
    command.stack = words.stack(stacks);
    command.amount = static_cast<std::int64_t>(words.number(1, 65'535, "a capacity"));
  } else if (verb == "weight") {
    weight(words, command);
  } else if (verb == "listen") {
    command.verb = Verb::listen;
    listener(words, command);
  } else if (verb == "close" || verb == "abort") {
    close(words, command);
    if (verb == "abort") command.verb = command.verb == Verb::close ? Verb::abort : Verb::abort_application;
  } else if (verb == "connect") {
    connect(words, command);
  } else if (verb == "send") {
    command.verb = Verb::send;
    command.connection = words.connection();
    command.amount = words.empty() ? 1 : static_cast<std::int64_t>(words.number(1, 1'000'000, "a count"));
  } else if (verb == "partition") {
    partition(words, command);
  } else if (verb == "isolate") {
    isolate(words, command);
  } else if (verb == "stale") {
    command.verb = Verb::stale;
    command.client = words.client(scenario_.settings.clients);
    command.address = dvipa_named(words);
    command.stack = words.stack(stacks);
  } else if (verb == "activate") {
    command.verb = Verb::activate;
    command.stack = words.stack(stacks);
    command.address = dvipa_named(words);
    if (words.accept("by")) words.require("operator"), command.amount = 1;
  } else if (verb == "define") {
    define(words, command);
  } else if (verb == "run") {
    command.verb = Verb::run;
    command.amount = words.time();
  } else {
    words.fail(fmt::format("\"{}\" is no command", verb), "docs/simulate.md has the list of commands");
  }
  return command;
}

void ScenarioReader::pair(Words& words, Command& command) {
  command.stack = words.stack(scenario_.settings.stacks);
  words.require("->");
  command.other = words.stack(scenario_.settings.stacks);
  if (command.verb == Verb::deliver && words.is_number())
    command.amount = static_cast<std::int64_t>(words.number(1, 1000, "a count"));
}

// weight S1 A S2 30 | default: at S1, of the target S2.
void ScenarioReader::weight(Words& words, Command& command) {
  command.verb = Verb::weight;
  command.stack = words.stack(scenario_.settings.stacks);
  command.address = dvipa_named(words);
  command.other = words.stack(scenario_.settings.stacks);
  command.amount = words.accept("default") ? -1 : static_cast<std::int64_t>(words.number(0, 255, "a weight"));
}

// S2 60 [on A]: without an address, on every address of both families.
void ScenarioReader::listener(Words& words, Command& command) {
  command.stack = words.stack(scenario_.settings.stacks);
  command.port = static_cast<Port>(words.number(1, 65'535, "a port"));
  if (words.accept("on")) command.address = dvipa_named(words);
}

// A connection, or a listener.
void ScenarioReader::close(Words& words, Command& command) {
  if (words.is_connection()) {
    command.verb = Verb::close;
    command.connection = words.connection();
  } else {
    command.verb = Verb::close_listener;
    listener(words, command);
  }
}

void ScenarioReader::connect(Words& words, Command& command) {
  command.verb = Verb::connect;
  command.connection = words.connection();
  words.require("to");
  command.address = dvipa_named(words);
  command.port = static_cast<Port>(words.number(1, 65'535, "a port"));
  if (words.accept("from")) command.client = words.client(scenario_.settings.clients);
}

// partition S1 S2 client1 | S3 S4 client2; whoever is not named is on the first side.
void ScenarioReader::partition(Words& words, Command& command) {
  command.verb = Verb::partition;
  command.sides.members.resize(1);
  command.sides.clients.resize(1);
  while (!words.empty() && !words.failed()) {
    if (words.accept("|")) {
      command.sides.members.push_back(0);
      command.sides.clients.push_back(0);
    } else if (words.peek().starts_with("client")) {
      command.sides.clients.back() |= std::uint64_t{1} << words.client(scenario_.settings.clients);
    } else {
      command.sides.members.back() |= std::uint64_t{1} << words.stack(scenario_.settings.stacks).value;
    }
  }
  if (command.sides.members.size() < 2) words.fail("only one side", "write the sides with | between them");
}

void ScenarioReader::isolate(Words& words, Command& command) {
  command.verb = Verb::partition;
  command.sides.members = {0, std::uint64_t{1} << words.stack(scenario_.settings.stacks).value};
  command.sides.clients = {0, 0};
}

// define S5 A primary [moveable whenidle] | backup [rank N] | none, then targets and ports for a distribution of its
// own.
void ScenarioReader::define(Words& words, Command& command) {
  command.verb = Verb::define;
  command.stack = words.stack(scenario_.settings.stacks);
  DvipaDefinition made;
  made.dvipa = dvipa_named(words);
  const std::string_view part = words.take("primary, backup or none");
  if (part == "primary") {
    made.part = Part::primary;
    moveable(words, made.moveable, of_definition);
  } else if (part == "backup") {
    made.part = Part::backup;
    made.rank = 1;
    if (words.accept("rank")) made.rank = static_cast<std::uint8_t>(words.number(1, rank_max, "a rank"));
  } else if (part != "none") {
    words.fail(fmt::format("\"{}\" is no part in a DVIPA", part), "write primary, backup or none");
  }
  if (!words.empty()) made.distribution = distribution_of(words);
  command.definition = std::move(made);
}

}  // namespace dvipa::world
