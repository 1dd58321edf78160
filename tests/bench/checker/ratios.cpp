// Builds SPIN's verifier for a Promela rendering, runs it and the checker in turns, compares.
#include "tests/bench/checker/ratios.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <ostream>
#include <vector>

#include "spec/checker/check.hpp"
#include "tests/bench/checker/ring_election.hpp"
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

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double children_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double own_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double wall_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Standard output of a command; empty when it failed.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = fread(piece.data(), 1, piece.size(), pipe)) != 0;) text.append(piece.data(), got);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

// The number at the beginning of the line that contains `words`; 0 when there is none.
double number_before(const std::string& text, const std::string& words) {
  const std::size_t found = text.find(words);
  if (found == std::string::npos) return 0;
  const std::size_t line = text.rfind('\n', found);
  return std::strtod(text.c_str() + (line == std::string::npos ? 0 : line + 1), nullptr);
}

// SPIN's verifier for one model, in a folder of its own.
class Pan {
 public:
  explicit Pan(const RatioOptions& options) {
    std::string pattern = (std::filesystem::temp_directory_path() / "dvipa-spin-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) return;
    folder_ = pattern;
    const std::filesystem::path source = std::filesystem::path(options.promela_directory) / (options.model + ".pml");
    built_ = output_of(fmt::format("cd '{}' && spin -DN={} -a '{}'", folder_, options.size, source.string())) &&
             output_of(fmt::format("cd '{}' && gcc -O2 -w -DSAFETY -DMEMLIM=12000 -o dfs pan.c", folder_)) &&
             output_of(fmt::format("cd '{}' && gcc -O2 -w -DSAFETY -DBFS -DMEMLIM=12000 -o bfs pan.c", folder_));
  }
  Pan(const Pan&) = delete;
  Pan& operator=(const Pan&) = delete;
  ~Pan() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  bool built() const { return built_; }

  // A table of 2^24 slots, as many as the largest models need, so that SPIN is not slowed by collisions.
  Run run(const std::string& search) const {
    constexpr double kMebi = 1048576;
    const double wall = wall_s();
    const double cpu = children_cpu_s();
    const std::string text = output_of(fmt::format("cd '{}' && ./{} -m10000000 -w24", folder_, search)).value_or("");
    Run run{wall_s() - wall, children_cpu_s() - cpu, number_before(text, " states, stored"), 0};
    double mebi = number_before(text, "actual memory usage for states");
    if (mebi == 0) mebi = number_before(text, "equivalent memory usage for states");
    run.bytes_per_state =
        (mebi + number_before(text, "memory used for hash table")) * kMebi / std::max(run.states, 1.0);
    return run;
  }

 private:
  std::string folder_;
  bool built_ = false;
};

template <checker::Model M>
Run run_checker(const M& model, unsigned threads) {
  const double wall = wall_s();
  const double cpu = own_cpu_s();
  const auto result = checker::check(model, {.threads = threads, .symmetry = false});
  const auto states = static_cast<double>(result.counts.unique);
  return {wall_s() - wall, own_cpu_s() - cpu, states, static_cast<double>(result.counts.memory_bytes) / states};
}

Run run_checker(const RatioOptions& options, unsigned threads) {
  if (options.model == "ring_election") return run_checker(RingElection(options.size), threads);
  return run_checker(TwoPhaseCommit(options.size), threads);
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

}  // namespace

int print_checker_ratios(const RatioOptions& options, std::ostream& out) {
  const bool two_phase = options.model == "two_phase_commit" && options.size >= 1 && options.size <= 9;
  const bool ring = options.model == "ring_election" && options.size >= 2 && options.size <= 8;
  if ((!two_phase && !ring) || options.rounds == 0) {
    out << "no such model or size: two_phase_commit (1 to 9) or ring_election (2 to 8), at least one round\n";
    return 2;
  }
  const Pan pan(options);
  std::vector<Contender> contenders{{"checker, breadth first, 1 thread", {}},
                                    {"checker, breadth first, 2 threads", {}}};
  if (pan.built()) contenders.push_back({"SPIN, depth first", {}});
  if (pan.built() && options.spin_breadth_first) contenders.push_back({"SPIN, breadth first", {}});
  for (unsigned round = 0; round < options.rounds; ++round) {
    contenders[0].runs.push_back(run_checker(options, 1));
    if (pan.built()) contenders[2].runs.push_back(pan.run("dfs"));
    contenders[1].runs.push_back(run_checker(options, 2));
    if (contenders.size() > 3) contenders[3].runs.push_back(pan.run("bfs"));
  }
  out << fmt::format("{} of size {}, exact search, {} rounds in turns (medians)\n", options.model, options.size,
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

}  // namespace dvipa::bench
