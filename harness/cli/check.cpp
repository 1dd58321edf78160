// dvipa check: proves the protocol in a bounded configuration of the model, or shows how it fails.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>
#include <type_traits>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "harness/refine/implementation_model.hpp"
#include "spec/checker/check.hpp"
#include "spec/checker/report.hpp"
#include "spec/model/needed.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::cli {
namespace {

using model::DeviationText;
using model::Rules;
using model::TakeoverModel;

std::atomic<bool> interrupted{false};

void note_interrupt(int) { interrupted = true; }

void list_all() {
  fmt::print("Configurations (--config):\n");
  for (const Rules& rules : model::configurations()) fmt::print("  {:<15} {}\n", rules.name, rules.purpose);
  for (const bool decisions : {true, false}) {
    fmt::print("\n{}\n",
               decisions ? "Decisions that can be dropped (--without):" : "Faults that can be seeded (--mutant):");
    for (const DeviationText& each : model::deviations())
      if (each.is_decision == decisions) fmt::print("  {:<26} {} [{}]\n", each.name, each.meaning, each.config);
  }
}

struct Wanted {
  Rules rules;
  checker::Options options;
  std::string format;
};

// Empty: `name` is unknown. Deviations are found in the smallest configuration known to show them, unless one is asked
// for.
bool deviate(const std::string& name, bool decision, bool choose_config, Rules& rules) {
  const DeviationText* deviation = model::find_deviation(name);
  if (deviation == nullptr || deviation->is_decision != decision) return false;
  if (choose_config && !deviation->config.empty()) {
    const auto deviations = rules.deviations;
    rules = *model::find_configuration(deviation->config);
    rules.deviations = deviations;
  }
  rules.deviations.set(static_cast<std::size_t>(deviation->deviation));
  return true;
}

template <class Model>
void print_text(const Model& model, const checker::Result<Model>& result) {
  for (const auto& property : result.properties)
    fmt::print("{:<12} {}\n", checker::to_string(property.outcome), property.name);
  if (const auto* found = result.counterexample()) {
    fmt::print("\nA shortest way to break \"{}\":\n", found->name);
    for (const std::string& line : checker::sentences(model, *found->trace)) fmt::print("{}\n", line);
  }
  for (const std::string& note : result.notes) fmt::print("{}\n", note);
}

template <class Model>
int judge(const Wanted& wanted, const Model& model) {
  const auto result = checker::check(model, wanted.options);
  const auto* found = result.counterexample();
  if (wanted.format == "json") {
    fmt::print("{}\n", checker::json(model, result));
  } else if (wanted.format == "mermaid" && found != nullptr) {
    fmt::print("{}", checker::mermaid(model, *found->trace));
  } else if (wanted.format == "scenario" && found != nullptr) {
    if constexpr (std::is_same_v<Model, TakeoverModel>)
      fmt::print("{}", model::scenario_of(model, found->name, *found->trace));
  } else {
    print_text(model, result);
  }
  std::FILE* const last_line = wanted.format == "text" ? stdout : stderr;
  fmt::print(last_line, "{}\n", checker::done_line(result.config, result.counts, result.verdict));
  return result.verdict == checker::Verdict::holds ? exit_passed : exit_failed;
}

using Text = TCLAP::ValueArg<std::string>;
using Texts = TCLAP::MultiArg<std::string>;
using Count = TCLAP::ValueArg<std::uint64_t>;
using Switch = TCLAP::SwitchArg;

struct Arguments {
  explicit Arguments(TCLAP::CmdLine& all) : line(all) {}
  TCLAP::CmdLine& line;
  Text config{"", "config", "the configuration", false, "smoke", "NAME", line};
  Texts without{"", "without", "drop this decision", false, "ID", line};
  Texts mutant{"", "mutant", "seed this fault", false, "NAME", line};
  Count threads{"", "threads", "threads (2)", false, 2, "N", line};
  Text format{"",       "format", "text, json, mermaid or scenario (the last two of a counterexample)", false, "text",
              "FORMAT", line};
  Switch as_json{"", "json", "the same as --format json", line};
  Switch quiet{"", "quiet", "no line of progress", line};
  Switch compressed{"", "compressed", "store states compressed: slower, a fraction of the memory", line};
  Text symmetry{"",       "symmetry", "on or off: visit states that differ by a renaming only once (on)", false, "on",
                "SWITCH", line};
  Text partial_order{"",
                     "partial-order",
                     "on or off: where a delivery changes nothing, look at no other step (on)",
                     false,
                     "on",
                     "SWITCH",
                     line};
  Count memory{"", "memory", "end when states need that many MiB (most of what is free)", false, 0, "MIB", line};
  Text checkpoint{"",     "checkpoint", "save the search there every ten minutes, and when it ends early", false, "",
                  "FILE", line};
  Switch resume{"", "resume", "go on from the file of --checkpoint", line};
  Switch implementation{"", "implementation", "explore the real stacks; --mutant is then one of dvipa run", line};
  Switch list{"", "list", "list configurations, decisions and faults", line};
  Switch table{"", "table", "print which decisions are needed, and why, as docs/decisions-needed.md", line};
};

// What is wrong with the arguments; empty: nothing.
std::string wrong_with(Arguments& arguments) {
  constexpr std::array<std::string_view, 4> formats = {"text", "json", "mermaid", "scenario"};
  if (std::ranges::find(formats, arguments.format.getValue()) == formats.end())
    return "unknown format " + arguments.format.getValue();
  if (arguments.symmetry.getValue() != "on" && arguments.symmetry.getValue() != "off")
    return "--symmetry takes on or off";
  if (arguments.partial_order.getValue() != "on" && arguments.partial_order.getValue() != "off")
    return "--partial-order takes on or off";
  if (arguments.resume.getValue() && arguments.checkpoint.getValue().empty()) return "--resume needs --checkpoint";
  if (arguments.threads.getValue() == 0) return "--threads takes 1 or more";
  return {};
}

checker::Options options_of(Arguments& arguments, const Rules& rules) {
  checker::Options options;
  options.config = rules.name;
  options.threads = static_cast<unsigned>(arguments.threads.getValue());
  options.symmetry = arguments.symmetry.getValue() == "on";
  options.partial_order = arguments.partial_order.getValue() == "on";
  options.memory_bytes_max = arguments.memory.getValue() << 20U;
  options.checkpoint_file = arguments.checkpoint.getValue();
  options.resume = arguments.resume.getValue();
  options.interrupt = &interrupted;
  if (!arguments.quiet.getValue()) options.progress = &std::cerr;
  if (arguments.compressed.getValue()) options.storage = checker::Storage::compressed;
  return options;
}

}  // namespace

int run_check(std::span<const std::string> words) {
  CommandLine line(
      "check",
      "Explores every state of the abstract cluster within the bounds of a configuration, and prints what\n"
      "holds of the protocol, or a shortest way in which it fails. With --without or --mutant the\n"
      "configuration is the one that shows the fault, unless --config says otherwise.\n"
      "The last line says states=, unique=, depth=, sec= and verdict=holds|violated|unknown.\n");
  Arguments arguments(line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (const std::string wrong = wrong_with(arguments); !wrong.empty()) return line.bad_usage(wrong);
  if (arguments.list.getValue()) return list_all(), exit_passed;
  if (arguments.table.getValue()) {
    fmt::print("{}", model::needed_table(static_cast<unsigned>(arguments.threads.getValue())));
    return exit_passed;
  }
  const std::string& config = arguments.config.getValue();
  auto rules = model::find_configuration(config);
  if (!rules) return complain("check", "unknown configuration " + config, "dvipa check --list names them");
  const std::string format = arguments.as_json.getValue() ? "json" : arguments.format.getValue();
  if (arguments.implementation.getValue()) {
    const auto playable = refine::implementation_configurations();
    const auto& mutants = arguments.mutant.getValue();
    const auto mutant = mutants.empty() ? std::optional(Mutant::none) : mutant_of(mutants.front());
    if (std::ranges::find(playable, config, &Rules::name) == playable.end())
      return complain("check", config + " is not for the implementation", "docs/refinement.md says what is");
    if (!mutant || mutants.size() > 1 || !arguments.without.getValue().empty())
      return line.bad_usage("--implementation takes one mutant of dvipa run, and no --without");
    if (format == "scenario") return line.bad_usage("--implementation prints text, json or mermaid");
    std::signal(SIGINT, note_interrupt);
    return judge(Wanted{*rules, options_of(arguments, *rules), format}, refine::ImplementationModel(*rules, *mutant));
  }
  for (const bool decision : {true, false})
    for (const std::string& name : (decision ? arguments.without : arguments.mutant).getValue())
      if (!deviate(name, decision, !arguments.config.isSet(), *rules))
        return complain("check", fmt::format("unknown {} {}", decision ? "decision" : "mutant", name),
                        "dvipa check --list names them");
  std::signal(SIGINT, note_interrupt);
  return judge(Wanted{*rules, options_of(arguments, *rules), format}, TakeoverModel(*rules));
}

}  // namespace dvipa::cli
