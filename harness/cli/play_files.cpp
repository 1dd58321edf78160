#include "harness/cli/play_files.hpp"

#include <fmt/core.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness/cli/complain.hpp"
#include "harness/cli/own_executable.hpp"
#include "harness/conform/play/play.hpp"
#include "harness/lab/sandbox.hpp"
#include "harness/refine/play/play.hpp"
#include "harness/world/story.hpp"

namespace dvipa::cli {
namespace {

void print_unmet(std::FILE* out, const std::string& file, const std::vector<world::Unmet>& all) {
  for (const world::Unmet& unmet : all) fmt::print(out, "{}:{}: not as expected: {}\n", file, unmet.line, unmet.what);
}

int play_in_world(const std::string& file, const world::Scenario& scenario, const Telling& telling) {
  world::Story story;
  const world::Outcome outcome = world::play(scenario, telling.story || telling.diagram ? &story : nullptr);
  if (telling.diagram) {
    fmt::print("{}", story.mermaid(scenario.settings.stacks));
  } else {
    fmt::print("{}", story.text());
  }
  std::FILE* const out = telling.diagram ? stderr : stdout;
  print_unmet(out, file, outcome.unmet);
  if (outcome.violation)
    fmt::print(out, "{}: violates \"{}\" at {:.3f} ms: {}\n", file, outcome.violation->property,
               static_cast<double>(outcome.violation->at) / 1000, outcome.violation->what);
  fmt::print(out, "{}: {} (digest {:016x})\n", file, outcome.passed() ? "passed" : "FAILED", outcome.digest);
  return outcome.passed() ? exit_passed : exit_failed;
}

// What a stage has no notion of is no failure; it is said, and where.
int say_not_playable(const std::string& file, std::string_view stage, const world::NotPlayable& missing) {
  fmt::print("{}: not for the {}: {}\n", file, stage, text_of(missing));
  return exit_passed;
}

int tell_comparison(const std::string& file, std::string_view stage, const std::vector<world::Disagreement>& all,
                    bool passed) {
  for (const world::Disagreement& each : all) fmt::print("{}: {}\n", file, text_of(each, stage));
  const bool agrees = all.empty();
  const std::string verdict = agrees && passed ? "agree" : agrees ? "agree, and FAILED" : "DISAGREE";
  fmt::print("{}: world and {} {}\n", file, stage, verdict);
  return agrees && passed ? exit_passed : exit_failed;
}

int play_on_model(const std::string& file, const world::Scenario& scenario, const Telling& telling) {
  const refine::Performance performance = refine::perform_on_model(scenario);
  if (telling.story && !telling.on.compared) fmt::print("{}", performance.story);
  if (performance.not_for_model) return say_not_playable(file, "model", *performance.not_for_model);
  for (const world::NotPlayable& each : performance.left_out)
    fmt::print("{}:{}: left out: {}\n", file, each.line, each.reason);
  print_unmet(stdout, file, performance.unmet);
  if (performance.violation) fmt::print("{}: the model violates {}\n", file, *performance.violation);
  if (telling.on.compared) return tell_comparison(file, "model", performance.disagreements, performance.passed());
  fmt::print("{}: {}\n", file, performance.passed() ? "passed" : "FAILED");
  return performance.passed() ? exit_passed : exit_failed;
}

// Inside the sandbox.
int play_in_lab(const std::string& file, const world::Scenario& scenario, const std::string& folder) {
  const auto performance = conform::perform_in_lab(scenario, own_executable(), folder);
  if (!performance)
    return complain("simulate", performance.error().what, performance.error().remedy, exit_environment_lacking);
  if (performance->not_for_lab) return say_not_playable(file, "lab", *performance->not_for_lab);
  print_unmet(stdout, file, performance->unmet);
  return tell_comparison(file, "lab", performance->disagreements, performance->passed());
}

// Each with its file; the exit code when one cannot be read.
tl::expected<std::vector<world::Scenario>, int> read_files(const std::vector<std::string>& files,
                                                           const std::optional<Mutant>& mutant) {
  std::vector<world::Scenario> all;
  for (const std::string& file : files) {
    std::ifstream in(file);
    if (!in) return tl::unexpected(complain("simulate", file + " cannot be read", "name a scenario file"));
    std::stringstream text;
    text << in.rdbuf();
    auto scenario = world::read_scenario(text.str(), file);
    if (!scenario) {
      const world::ScenarioError& error = scenario.error();
      return tl::unexpected(
          complain("simulate", fmt::format("{}:{}:{}: {}", file, error.line, error.column, error.what), error.remedy));
    }
    if (mutant) scenario->settings.mutant = *mutant;
    all.push_back(std::move(*scenario));
  }
  return all;
}

// The stacks' files and logs stay when something was not as it should be.
int play_all_in_lab(const std::vector<world::Scenario>& scenarios) {
  std::string folder = (std::filesystem::temp_directory_path() / "dvipa-lab-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr)
    return complain("simulate", folder + " cannot be made", "make room there, or set TMPDIR", exit_environment_lacking);
  const auto sandbox = lab::run_in_sandbox(lab::Lifetime::of_caller, [&] {
    int worst = exit_passed;
    for (std::size_t n = 0; n < scenarios.size(); ++n) {
      const std::string own = fmt::format("{}/{}", folder, n + 1);
      const int code = play_in_lab(scenarios[n].name, scenarios[n], own);
      std::fflush(stdout);
      if (code == exit_passed) std::filesystem::remove_all(own);
      if (code == exit_failed) fmt::print("{}: the logs of its stacks are in {}\n", scenarios[n].name, own);
      if (code == exit_environment_lacking) return code;
      worst = std::max(worst, code);
    }
    return worst;
  });
  if (!sandbox) return complain("simulate", sandbox.error().what, sandbox.error().remedy, exit_environment_lacking);
  if (sandbox->exit_code == exit_passed) std::filesystem::remove_all(folder);
  return sandbox->exit_code;
}

}  // namespace

std::optional<Stages> stages_of(std::string_view word) {
  if (word == "world") return Stages{};
  if (word == "model") return Stages{.model = true};
  if (word == "both") return Stages{.model = true, .compared = true};
  if (word == "lab") return Stages{.lab = true};
  if (word == "all") return Stages{.model = true, .lab = true, .compared = true};
  return std::nullopt;
}

int play_files(const std::vector<std::string>& files, Telling telling) {
  const auto scenarios = read_files(files, telling.mutant);
  if (!scenarios) return scenarios.error();
  telling.story = telling.story && files.size() == 1;
  int worst = exit_passed;
  for (const world::Scenario& scenario : *scenarios) {
    if (telling.on.model) worst = std::max(worst, play_on_model(scenario.name, scenario, telling));
    if (!telling.on.model && !telling.on.lab) worst = std::max(worst, play_in_world(scenario.name, scenario, telling));
  }
  if (telling.on.lab) worst = std::max(worst, play_all_in_lab(*scenarios));
  return worst;
}

}  // namespace dvipa::cli
