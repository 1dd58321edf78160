// dvipa simulate: plays scenarios, or random schedules of faults, in a deterministic cluster around the real stacks.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <atomic>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/nearest.hpp"
#include "harness/cli/verbs.hpp"
#include "harness/refine/play/play.hpp"
#include "harness/world/campaign.hpp"
#include "harness/world/shrink.hpp"
#include "harness/world/story.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view description =
    "Runs the real stacks in a cluster made of values, in virtual time: hosts, kernels, bus, network, clients. What\n"
    "must hold is judged after every step, and more of it when the cluster has come to rest.\n"
    "\n"
    "With files: plays each scenario (docs/simulate.md has the language) and says whether all was as expected. One "
    "file\n"
    "alone is told as a story, or with --diagram as a Mermaid sequence.\n"
    "With --on model it is the model of the protocol that plays, and with --on both what world and model say is\n"
    "compared.\n"
    "With --seeds: plays a random schedule of traffic and faults for each seed. It stops at the first violation and\n"
    "prints that as a scenario, as short as it gets. The same seed is always the same run.\n"
    "\n"
    "Examples:\n"
    "  dvipa simulate tests/scenarios/flv-1-highest-rank.scn\n"
    "  dvipa simulate --on both tests/scenarios/*.scn\n"
    "  dvipa simulate --seeds 1-100000 --jobs 2\n"
    "  dvipa simulate --seeds 1-1000 --faults crash,partition,late\n"
    "  dvipa simulate --seeds 1-1000 --mutant skip-rebuild-barrier     # must fail\n"
    "  dvipa simulate --seeds 42 --print > 42.scn                      # the schedule as a scenario\n"
    "\n"
    "Exit code 0 when everything held, 1 when something did not, 2 for bad input.\n";

std::atomic<bool> interrupted{false};
void note_interrupt(int) { interrupted = true; }

void list_all() {
  fmt::print("Faults (--faults):\n");
  for (const world::FaultText& each : world::fault_texts) fmt::print("  {:<12} {}\n", each.name, each.meaning);
  fmt::print("\nMutants (--mutant):\n");
  for (const MutantName& each : mutant_names) fmt::print("  {}\n", each.name);
}

// --- scenarios -----------------------------------------------------------------------------------------------------

struct Telling {
  bool story = false;
  bool diagram = false;
  std::string on = "world";
  std::optional<Mutant> mutant;  // in place of the scenario's own
};

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

// What the model has no notion of is no failure; it is said, and where.
int play_on_model(const std::string& file, const world::Scenario& scenario, const Telling& telling) {
  const bool both = telling.on == "both";
  const refine::Performance performance = refine::perform_on_model(scenario);
  if (telling.story && !both) fmt::print("{}", performance.story);
  if (performance.not_for_model) {
    fmt::print("{}: not for the model: {}\n", file, refine::text_of(*performance.not_for_model));
    return exit_passed;
  }
  for (const refine::NotForModel& each : performance.left_out)
    fmt::print("{}:{}: left out: {}\n", file, each.line, each.reason);
  print_unmet(stdout, file, performance.unmet);
  if (performance.violation) fmt::print("{}: the model violates {}\n", file, *performance.violation);
  if (!both) {
    fmt::print("{}: {}\n", file, performance.passed() ? "passed" : "FAILED");
    return performance.passed() ? exit_passed : exit_failed;
  }
  for (const refine::Disagreement& each : performance.disagreements)
    fmt::print("{}: {}\n", file, refine::text_of(each));
  const bool good = performance.agrees() && performance.passed();
  fmt::print("{}: {}\n", file, good ? "agree" : performance.agrees() ? "agree, and FAILED" : "DISAGREE");
  return good ? exit_passed : exit_failed;
}

int play_file(const std::string& file, const Telling& telling) {
  std::ifstream in(file);
  if (!in) return complain("simulate", file + " cannot be read", "name a scenario file");
  std::stringstream text;
  text << in.rdbuf();
  auto scenario = world::read_scenario(text.str(), file);
  if (!scenario) {
    const world::ScenarioError& error = scenario.error();
    return complain("simulate", fmt::format("{}:{}:{}: {}", file, error.line, error.column, error.what), error.remedy);
  }
  if (telling.mutant) scenario->settings.mutant = *telling.mutant;
  return telling.on == "world" ? play_in_world(file, *scenario, telling) : play_on_model(file, *scenario, telling);
}

int play_files(const std::vector<std::string>& files, Telling telling) {
  int worst = exit_passed;
  telling.story = telling.story && files.size() == 1;
  for (const std::string& file : files) worst = std::max(worst, play_file(file, telling));
  return worst;
}

// --- schedules -----------------------------------------------------------------------------------------------------

bool read_seeds(std::string_view text, world::CampaignOptions& options) {
  const auto number = [](std::string_view digits, std::uint64_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return !digits.empty() && error == std::errc() && end == digits.data() + digits.size();
  };
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos) return number(text, options.first) && number(text, options.last);
  return number(text.substr(0, dash), options.first) && number(text.substr(dash + 1), options.last) &&
         options.first <= options.last;
}

// Empty when all are known; else the one that is not.
std::string read_faults(std::string_view text, world::Faults& faults) {
  faults.reset();
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(','), text.size());
    const std::string_view name = text.substr(0, end);
    const auto* known = std::ranges::find(world::fault_texts, name, &world::FaultText::name);
    if (known == world::fault_texts.end() && name != "none") return std::string(name);
    if (name != "none") faults.set(static_cast<std::size_t>(known->fault));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return {};
}

std::string command_for(std::uint64_t seed, const world::ScheduleLimits& limits) {
  std::string text = fmt::format("dvipa simulate --seeds {}", seed);
  if (limits.commands != world::ScheduleLimits{}.commands) text += fmt::format(" --steps {}", limits.commands);
  if (!limits.faults.all()) {
    std::vector<std::string_view> names;
    for (const world::FaultText& each : world::fault_texts)
      if (limits.faults.test(static_cast<std::size_t>(each.fault))) names.push_back(each.name);
    text += fmt::format(" --faults {}", names.empty() ? "none" : fmt::format("{}", fmt::join(names, ",")));
  }
  for (const MutantName& each : mutant_names)
    if (each.mutant == limits.mutant) text += fmt::format(" --mutant {}", each.name);
  return text;
}

struct Finding {
  std::string repeat;
  std::size_t lines_before = 0;
  world::Shrunk shrunk;
};

void print_json(const world::CampaignOptions& options, const world::CampaignResult& result,
                const std::optional<Finding>& finding) {
  nlohmann::ordered_json json = {{"first_seed", options.first},
                                 {"last_seed", options.last},
                                 {"seeds_run", result.seeds},
                                 {"steps", result.steps},
                                 {"digest", result.digest}};
  json["verdict"] = finding ? "violated" : result.seeds == options.last - options.first + 1 ? "holds" : "unknown";
  if (finding)
    json["violation"] = {
        {"seed", *result.broken},         {"property", result.violation->property},
        {"what", result.violation->what}, {"at_us", result.violation->at},
        {"repeat", finding->repeat},      {"scenario", world::write_scenario(finding->shrunk.scenario)}};
  fmt::print("{}\n", json.dump(2));
}

void print_text(const world::CampaignOptions& options, const world::CampaignResult& result,
                const std::optional<Finding>& finding) {
  if (finding) {
    fmt::print("seed {} violates \"{}\" at {:.3f} ms: {}\n", *result.broken, result.violation->property,
               static_cast<double>(result.violation->at) / 1000, result.violation->what);
    fmt::print("repeat it with: {}\n", finding->repeat);
    fmt::print("{} lines of {} are enough (found in {} runs); as a scenario:\n\n",
               finding->shrunk.scenario.lines.size(), finding->lines_before, finding->shrunk.runs);
    fmt::print("{}\n", world::write_scenario(finding->shrunk.scenario));
    fmt::print("# {}: {}\n", finding->shrunk.violation.property, finding->shrunk.violation.what);
  }
  const bool all = result.seeds == options.last - options.first + 1;
  fmt::print("seeds={}-{} run={} steps={} digest={:016x} verdict={}\n", options.first, options.last, result.seeds,
             result.steps, result.digest,
             finding ? "violated"
             : all   ? "holds"
                     : "unknown");
}

int run_schedules(world::CampaignOptions& options, bool as_json, bool quiet) {
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - begun).count(); };
  if (!quiet)
    options.progress = [&](std::uint64_t seeds, std::uint64_t steps) {
      fmt::print(stderr, "{:7.1f} s  {} seeds, {} steps, {:.0f} steps/s\n", seconds(), seeds, steps,
                 static_cast<double>(steps) / seconds());
    };
  const world::CampaignResult result = world::run_campaign(options);
  std::optional<Finding> finding;
  if (result.broken) {
    if (!quiet) fmt::print(stderr, "{:7.1f} s  seed {} breaks a property; shrinking\n", seconds(), *result.broken);
    const world::Scenario scenario = world::make_schedule(*result.broken, options.limits);
    finding = {command_for(*result.broken, options.limits), scenario.lines.size(),
               world::shrink(scenario, *result.violation)};
  }
  if (as_json) {
    print_json(options, result, finding);
  } else {
    print_text(options, result, finding);
  }
  if (!quiet)
    fmt::print(stderr, "{:7.1f} s  {} seeds, {:.0f} steps/s\n", seconds(), result.seeds,
               static_cast<double>(result.steps) / seconds());
  return result.broken ? exit_failed : exit_passed;
}

}  // namespace

int run_simulate(std::span<const std::string> words) {
  CommandLine line("simulate", description);
  auto& arguments = line.arguments();
  TCLAP::ValueArg<std::string> seeds("", "seeds", "the seeds of random schedules", false, "", "A-B", arguments);
  TCLAP::ValueArg<unsigned> jobs("", "jobs", "threads (1)", false, 1, "N", arguments);
  TCLAP::ValueArg<unsigned> steps("", "steps", "commands a schedule, about (60)", false, 60, "N", arguments);
  TCLAP::ValueArg<std::string> faults("", "faults", "only these, separated by commas; none for traffic alone", false,
                                      "", "LIST", arguments);
  TCLAP::ValueArg<std::string> mutant("", "mutant", "seed this fault in every stack", false, "none", "NAME", arguments);
  TCLAP::SwitchArg as_json("", "json", "print the result of --seeds as JSON", arguments);
  TCLAP::SwitchArg print("", "print", "print the schedule of the first seed as a scenario instead of running it",
                         arguments);
  TCLAP::SwitchArg diagram("", "diagram", "print a scenario as a Mermaid sequence", arguments);
  TCLAP::ValueArg<std::string> on("", "on", "what plays files: world, model, or both and compares (world)", false,
                                  "world", "WHAT", arguments);
  TCLAP::SwitchArg quiet("", "quiet", "no story of a file, no progress of seeds", arguments);
  TCLAP::SwitchArg list("", "list", "list faults and mutants", arguments);
  TCLAP::UnlabeledMultiArg<std::string> files("FILE", "scenarios", false, "FILE", arguments);
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (list.getValue()) return list_all(), exit_passed;
  if (files.getValue().empty() == seeds.getValue().empty())
    return line.bad_usage("either scenario files or --seeds is needed");
  if (on.getValue() != "world" && on.getValue() != "model" && on.getValue() != "both")
    return line.bad_usage("--on is world, model or both");
  if (on.getValue() != "world" && (diagram.getValue() || files.getValue().empty()))
    return line.bad_usage("--on model and --on both are for scenario files, and draw no diagram");
  const auto seeded = mutant_of(mutant.getValue());
  if (!seeded && mutant.getValue() != "none")
    return complain("simulate", "unknown mutant " + mutant.getValue(), "dvipa simulate --list names them");
  if (!files.getValue().empty())
    return play_files(files.getValue(), {!quiet.getValue(), diagram.getValue(), on.getValue(), seeded});

  world::CampaignOptions options;
  if (!read_seeds(seeds.getValue(), options)) return line.bad_usage("--seeds is A-B, with A not above B, or one seed");
  options.jobs = std::max(jobs.getValue(), 1U);
  options.limits.commands = steps.getValue();
  if (const std::string unknown = faults.isSet() ? read_faults(faults.getValue(), options.limits.faults) : "";
      !unknown.empty())
    return complain("simulate", "unknown fault " + unknown, "dvipa simulate --list names them");
  options.limits.mutant = seeded.value_or(Mutant::none);
  if (print.getValue()) {
    fmt::print("{}", world::write_scenario(world::make_schedule(options.first, options.limits)));
    return exit_passed;
  }
  options.interrupt = &interrupted;
  std::signal(SIGINT, note_interrupt);
  return run_schedules(options, as_json.getValue(), quiet.getValue());
}

}  // namespace dvipa::cli
