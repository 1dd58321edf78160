// Runs SPIN's verifier of a Promela rendering and the checker in turns, and compares.
#include "tests/bench/checker/ratios.hpp"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <vector>

#include "spec/checker/check.hpp"
#include "tests/bench/checker/pan.hpp"
#include "tests/bench/checker/ring_election.hpp"
#include "tests/bench/checker/takeover_core.hpp"
#include "tests/bench/checker/two_phase_commit.hpp"

namespace dvipa::bench {
namespace {

struct Run {
  double wall_s = 0;
  double cpu_s = 0;
  double states = 0;
  double bytes_per_state = 0;
};

struct Contender {
  std::string name;
  std::vector<Run> runs;
};

double own_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

template <checker::Model M>
Run run_checker(unsigned size, unsigned threads) {
  const double wall = now_s();
  const double cpu = own_cpu_s();
  const auto result = checker::check(M(size), checker::Options{.threads = threads, .symmetry = false});
  const auto states = static_cast<double>(result.counts.unique);
  return {now_s() - wall, own_cpu_s() - cpu, states, static_cast<double>(result.counts.memory_bytes) / states};
}

struct Subject {
  std::string_view name;
  std::string_view meaning;  // of its size
  unsigned size_min;
  unsigned size_max;
  unsigned size_usual;
  Run (*run)(unsigned size, unsigned threads);
};
constexpr std::array subjects = {
    Subject{"two_phase_commit", "resource managers", 1, 9, 9, run_checker<TwoPhaseCommit>},
    Subject{"ring_election", "nodes", 2, 8, 8, run_checker<RingElection>},
    Subject{"takeover", "targets", 1, 4, 3, run_checker<TakeoverCore>},
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class Of>
double median_of(const Contender& contender, Of&& of) {
  std::vector<double> values;
  for (const Run& run : contender.runs) values.push_back(of(run));
  return median(values);
}

// A table of 2^24 slots, as many as the largest models need, so that SPIN is not slowed by collisions.
Run run_pan(const Pan& pan) {
  const PanRun run = pan.run(24);
  return {run.wall_s, run.cpu_s, run.states, run.bytes_per_state};
}

void print_table(const std::vector<Contender>& contenders, std::ostream& out) {
  out << fmt::format("{:<34}{:>12}{:>10}{:>10}{:>14}{:>14}\n", "", "states", "wall s", "cpu s", "states/cpu s",
                     "bytes/state");
  for (const Contender& contender : contenders) {
    const double cpu = median_of(contender, [](const Run& run) { return run.cpu_s; });
    out << fmt::format("{:<34}{:>12.0f}{:>10.2f}{:>10.2f}{:>14.0f}{:>14.1f}\n", contender.name,
                       contender.runs.front().states, median_of(contender, [](const Run& run) { return run.wall_s; }),
                       cpu, contender.runs.front().states / std::max(cpu, 1e-9),
                       contender.runs.front().bytes_per_state);
  }
}

// Of runs of the same round, so that what slowed both does not count.
template <class Of>
double ratio(const Contender& above, const Contender& below, Of&& of) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < above.runs.size(); ++i)
    ratios.push_back(of(above.runs[i]) / std::max(of(below.runs[i]), 1e-9));
  return median(ratios);
}

void print_ratios(const std::vector<Contender>& contenders, std::ostream& out) {
  const auto wall = [](const Run& run) { return run.wall_s; };
  const auto cpu = [](const Run& run) { return run.cpu_s; };
  out << fmt::format("two threads are {:.2f} x as fast as one (wall; cpu time of two / one: {:.2f})\n",
                     ratio(contenders[0], contenders[1], wall), ratio(contenders[1], contenders[0], cpu));
  for (std::size_t i = 2; i < contenders.size(); ++i)
    out << fmt::format("one thread is {:.2f} x as fast as {} by wall, {:.2f} x by cpu time\n",
                       ratio(contenders[i], contenders[0], wall), contenders[i].name,
                       ratio(contenders[i], contenders[0], cpu));
}

int compare(const Subject& subject, unsigned size, const RatioOptions& options, std::ostream& out) {
  const std::string definitions = fmt::format("-DN={}", size);
  const Pan pan(promela_of(subject.name), definitions, PanSearch::depth_first);
  const Pan wide(promela_of(subject.name), definitions, PanSearch::breadth_first);
  std::vector<Contender> contenders{{"checker, breadth first, 1 thread", {}},
                                    {"checker, breadth first, 2 threads", {}}};
  if (pan.built()) contenders.push_back({"SPIN, depth first", {}});
  if (pan.built() && options.spin_breadth_first) contenders.push_back({"SPIN, breadth first", {}});
  for (unsigned round = 0; round < options.rounds; ++round) {
    contenders[0].runs.push_back(subject.run(size, 1));
    if (pan.built()) contenders[2].runs.push_back(run_pan(pan));
    contenders[1].runs.push_back(subject.run(size, 2));
    if (contenders.size() > 3) contenders[3].runs.push_back(run_pan(wide));
  }
  out << fmt::format("{} of {} {}, exact search, {} rounds in turns (medians)\n", subject.name, size, subject.meaning,
                     options.rounds);
  print_table(contenders, out);
  print_ratios(contenders, out);
  if (!pan.built()) {
    out << "SPIN was not run: its verifier could not be built (apt install spin gcc)\n";
    return 3;
  }
  for (const Contender& contender : contenders) {
    if (contender.runs.front().states == contenders[0].runs.front().states) continue;
    out << "the numbers of states differ\n";
    return 1;
  }
  return 0;
}

}  // namespace

std::string checker_models_text() {
  std::string text;
  for (const Subject& subject : subjects)
    text += fmt::format("{}{} ({} to {} {})", text.empty() ? "" : ", ", subject.name, subject.size_min,
                        subject.size_max, subject.meaning);
  return text + "; all of them if none is named";
}

int print_checker_ratios(const RatioOptions& options, std::ostream& out) {
  int worst = 2;
  for (const Subject& subject : subjects) {
    const unsigned size = options.size == 0 ? subject.size_usual : options.size;
    const bool wanted = options.model == subject.name || (options.model.empty() && options.size == 0);
    if (!wanted || size < subject.size_min || size > subject.size_max || options.rounds == 0) continue;
    const int exit_code = compare(subject, size, options, out);
    worst = worst == 2 ? exit_code : std::max(worst, exit_code);
    out << '\n' << std::flush;
  }
  if (worst == 2) out << "no such model or size, or no round: " << checker_models_text() << '\n';
  return worst;
}

}  // namespace dvipa::bench
