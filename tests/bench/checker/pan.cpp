// Makes, runs and reads SPIN's verifier.
#include "tests/bench/checker/pan.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

namespace dvipa::bench {
namespace {

double children_cpu_s() {
  rusage usage{};
  getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double now_s() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

// Standard output and error of a command; nothing when it failed.
std::optional<std::string> output_of(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return std::nullopt;
  std::string text;
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = fread(piece.data(), 1, piece.size(), pipe)) != 0;) text.append(piece.data(), got);
  return pclose(pipe) == 0 ? std::optional(text) : std::nullopt;
}

// The number at the beginning of the line that contains `words`; 0 when there is none.
double number_before(const std::string& text, std::string_view words) {
  const std::size_t found = text.find(words);
  if (found == std::string::npos) return 0;
  const std::size_t line = text.rfind('\n', found);
  return std::strtod(text.c_str() + (line == std::string::npos ? 0 : line + 1), nullptr);
}

double number_after(const std::string& text, std::string_view words) {
  const std::size_t found = text.find(words);
  return found == std::string::npos ? 0 : std::strtod(text.c_str() + found + words.size(), nullptr);
}

}  // namespace

Pan::Pan(std::string_view promela, std::string_view definitions, PanSearch search) {
  std::string pattern = (std::filesystem::temp_directory_path() / "dvipa-spin-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) return;
  folder_ = pattern;
  std::ofstream(folder_ + "/model.pml") << promela;
  const auto in_folder = [&](const std::string& command) {
    return output_of(fmt::format("cd '{}' && {}", folder_, command)).has_value();
  };
  built_ = in_folder(fmt::format("spin {} -a model.pml", definitions)) &&
           in_folder(fmt::format("gcc -O2 -w -DSAFETY {} -DMEMLIM=12000 -o pan pan.c",
                                 search == PanSearch::breadth_first ? "-DBFS" : ""));
}

Pan::~Pan() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

PanRun Pan::run(unsigned table_bits) const {
  constexpr double kMebi = 1048576;
  const double wall = now_s();
  const double cpu = children_cpu_s();
  const auto text = output_of(fmt::format("cd '{}' && ./pan -m10000000 -w{}", folder_, table_bits));
  if (!text || text->find(" states, stored") == std::string::npos) return {};
  PanRun run{true,
             number_after(*text, "errors: ") != 0,
             number_before(*text, " states, stored"),
             number_before(*text, " transitions"),
             number_after(*text, "depth reached "),
             0,
             now_s() - wall,
             children_cpu_s() - cpu};
  double mebi = number_before(*text, "actual memory usage for states");
  if (mebi == 0) mebi = number_before(*text, "equivalent memory usage for states");
  run.bytes_per_state = (mebi + number_before(*text, "memory used for hash table")) * kMebi / std::max(run.states, 1.0);
  return run;
}

}  // namespace dvipa::bench
