// dvipa bench: how fast the parts are, each beside a peer in interleaved runs, so that a busy machine slows both.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iostream>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verb.hpp"
#include "harness/cli/verbs.hpp"
#include "tests/bench/checker/ratios.hpp"

namespace dvipa::cli {
namespace {

int bench_checker(std::span<const std::string> words) {
  CommandLine line("bench checker",
                   "Runs the model checker and SPIN in turns on the same transition systems, prints states, time and\n"
                   "memory of each, and the ratios. SPIN's verifier is built with gcc in a temporary folder.\n");
  bench::RatioOptions options;
  TCLAP::ValueArg<std::string> model("", "model", bench::checker_models_text(), false, "", "MODEL", line.arguments());
  TCLAP::ValueArg<unsigned> size("", "size", "the size of that model (its usual one)", false, 0, "N", line.arguments());
  TCLAP::ValueArg<unsigned> rounds("", "rounds", "rounds of one run each, of which the median counts (3)", false,
                                   options.rounds, "N", line.arguments());
  TCLAP::SwitchArg depth_only("", "depth-first-only", "leave SPIN's breadth-first search out", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  options.model = model.getValue();
  options.size = size.getValue();
  options.rounds = rounds.getValue();
  options.spin_breadth_first = !depth_only.getValue();
  return bench::print_checker_ratios(options, std::cout);
}

// One line a subject; `run` gets the words after the subject's name.
constexpr std::array subjects = {
    Verb{"checker", "the model checker beside SPIN", bench_checker},
};

int explain() {
  fmt::print("Usage: dvipa bench SUBJECT [ARGUMENTS]\n       dvipa bench SUBJECT --help\n\nSubjects:\n");
  for (const Verb& subject : subjects) fmt::print("  {:<9} {}\n", subject.name, subject.summary);
  return exit_passed;
}

}  // namespace

int run_bench(std::span<const std::string> words) {
  if (words.empty()) return complain("bench", "a subject is missing", "see dvipa bench --help");
  if (words.front() == "--help" || words.front() == "-h") return explain();
  const auto subject = std::ranges::find(subjects, words.front(), &Verb::name);
  if (subject == subjects.end())
    return complain("bench", fmt::format("there is no subject '{}'", words.front()), "see dvipa bench --help");
  return subject->run(words.subspan(1));
}

}  // namespace dvipa::cli
