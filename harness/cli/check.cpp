// dvipa check: proves the protocol in a bounded configuration of the model, or shows how it fails.
#include <fmt/core.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <iostream>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
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

void print_text(const TakeoverModel& model, const checker::Result<TakeoverModel>& result) {
  for (const auto& property : result.properties)
    fmt::print("{:<12} {}\n", checker::to_string(property.outcome), property.name);
  if (const auto* found = result.counterexample()) {
    fmt::print("\nA shortest way to break \"{}\":\n", found->name);
    for (const std::string& line : checker::sentences(model, *found->trace)) fmt::print("{}\n", line);
  }
  for (const std::string& note : result.notes) fmt::print("{}\n", note);
}

int judge(const Wanted& wanted) {
  const TakeoverModel model(wanted.rules);
  const auto result = checker::check(model, wanted.options);
  const auto* found = result.counterexample();
  if (wanted.format == "json") {
    fmt::print("{}\n", checker::json(model, result));
  } else if (wanted.format == "mermaid" && found != nullptr) {
    fmt::print("{}", checker::mermaid(model, *found->trace));
  } else if (wanted.format == "scenario" && found != nullptr) {
    fmt::print("{}", model::scenario_of(model, found->name, *found->trace));
  } else {
    print_text(model, result);
  }
  std::FILE* const last_line = wanted.format == "text" ? stdout : stderr;
  fmt::print(last_line, "{}\n", checker::done_line(result.config, result.counts, result.verdict));
  return result.verdict == checker::Verdict::holds ? exit_passed : exit_failed;
}

}  // namespace

int run_check(std::span<const std::string> words) {
  CommandLine line(
      "check",
      "Explores every state of the abstract cluster within the bounds of a configuration, and prints what\n"
      "holds of the protocol, or a shortest way in which it fails. With --without or --mutant the\n"
      "configuration is the one that shows the fault, unless --config says otherwise.\n"
      "The last line says states=, unique=, depth=, sec= and verdict=holds|violated|unknown.\n");
  auto& arguments = line.arguments();
  TCLAP::ValueArg<std::string> config("", "config", "the configuration", false, "smoke", "NAME", arguments);
  TCLAP::MultiArg<std::string> without("", "without", "drop this decision", false, "ID", arguments);
  TCLAP::MultiArg<std::string> mutant("", "mutant", "seed this fault", false, "NAME", arguments);
  TCLAP::ValueArg<unsigned> threads("", "threads", "threads (2)", false, 2, "N", arguments);
  TCLAP::ValueArg<std::string> format("", "format",
                                      "text, json, mermaid or scenario (the last two of a counterexample)", false,
                                      "text", "FORMAT", arguments);
  TCLAP::SwitchArg as_json("", "json", "the same as --format json", arguments);
  TCLAP::SwitchArg quiet("", "quiet", "no line of progress", arguments);
  TCLAP::SwitchArg compressed("", "compressed", "store states compressed: slower, a fraction of the memory", arguments);
  TCLAP::SwitchArg list("", "list", "list configurations, decisions and faults", arguments);
  TCLAP::SwitchArg table("", "table", "print which decisions are needed, and why, as docs/decisions-needed.md",
                         arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (list.getValue()) return list_all(), exit_passed;
  if (table.getValue()) {
    fmt::print("{}", model::needed_table(threads.getValue()));
    return exit_passed;
  }
  const auto rules = model::find_configuration(config.getValue());
  if (!rules) return complain("check", "unknown configuration " + config.getValue(), "dvipa check --list names them");
  Wanted wanted{*rules, {}, as_json.getValue() ? "json" : format.getValue()};
  if (wanted.format != "text" && wanted.format != "json" && wanted.format != "mermaid" && wanted.format != "scenario")
    return line.bad_usage("unknown format " + wanted.format);
  for (const bool decision : {true, false})
    for (const std::string& name : (decision ? without : mutant).getValue())
      if (!deviate(name, decision, !config.isSet(), wanted.rules))
        return complain("check", fmt::format("unknown {} {}", decision ? "decision" : "mutant", name),
                        "dvipa check --list names them");
  wanted.options.config = wanted.rules.name;
  wanted.options.threads = threads.getValue();
  wanted.options.interrupt = &interrupted;
  if (!quiet.getValue()) wanted.options.progress = &std::cerr;
  if (compressed.getValue()) wanted.options.storage = checker::Storage::compressed;
  std::signal(SIGINT, note_interrupt);
  return judge(wanted);
}

}  // namespace dvipa::cli
