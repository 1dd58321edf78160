// docs/guide.md, done as a new user would with nothing but the guide: its files are written, its commands are run on
// the hosts that it names, and what it says that they print is what they print.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/live/run/stacks.hpp"

namespace dvipa::test {
namespace {

struct Command {
  std::string host;  // empty: this machine
  std::string text;
  bool stays = false;                 // in the background
  std::vector<std::string> expected;  // lines, in this order, others between them
  unsigned line = 0;
};

struct Guide {
  std::map<std::string, std::string> files;
  std::vector<Command> commands;
};

// A file is a block behind a line that begins with its name in backquotes; a block `console` has commands.
Guide read_guide() {
  Guide guide;
  std::ifstream file(std::string(DVIPA_SOURCE_DIR) + "/docs/guide.md");
  const std::regex names_file("`([a-z0-9]+\\.(?:toml|profile))`.*:?.*");
  const std::regex prompt("(?:(MVS[0-9]|client)#|\\$) (.*)");
  std::string name;
  std::string block;  // the language of the block that the line is in
  bool inside = false;
  unsigned number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    std::smatch found;
    if (line.starts_with("```")) {
      inside = !inside;
      block = inside ? line.substr(3) : "";
      if (inside && block != "console" && !name.empty()) guide.files[name].clear();
      if (!inside) name.clear();
    } else if (!inside) {
      if (std::regex_match(line, found, names_file)) name = found[1];
    } else if (block == "console") {
      if (std::regex_match(line, found, prompt)) {
        Command command{found[1], found[2], false, {}, number};
        command.stays = command.text.ends_with(" &");
        if (command.stays) command.text.resize(command.text.size() - 2);
        guide.commands.push_back(std::move(command));
      } else {
        guide.commands.back().expected.push_back(line);
      }
    } else if (!name.empty()) {
      guide.files[name] += line + "\n";
    }
  }
  return guide;
}

// Blanks are one blank; `...` is anything.
std::regex pattern_of(const std::string& line) {
  std::string pattern;
  std::istringstream words(line);
  for (std::string word; words >> word;) {
    if (!pattern.empty()) pattern += word == "..." ? "" : "\\s+";
    for (std::size_t at = 0; at < word.size(); ++at) {
      if (word.compare(at, 3, "...") == 0) {
        pattern += ".*?";
        at += 2;
      } else {
        if (std::string("\\^$.|?*+()[]{}").find(word[at]) != std::string::npos) pattern += '\\';
        pattern += word[at];
      }
    }
  }
  return std::regex("\\s*" + pattern + "(\\s.*)?");
}

// Empty when the output has the lines; else the one that is missing.
std::string missing_in(const std::string& output, const std::vector<std::string>& expected) {
  std::istringstream lines(output);
  std::string line;
  for (const std::string& each : expected) {
    if (each == "...") continue;
    const std::regex pattern = pattern_of(each);
    bool found = false;
    while (!found && std::getline(lines, line)) found = std::regex_match(line, pattern);
    if (!found) return each;
  }
  return "";
}

class Guided : public testing::Test {
 protected:
  Guided() {
    std::filesystem::create_symlink(DVIPA_COMMAND, folder_ / "dvipa");
    std::filesystem::current_path(folder_ / "");
  }
  ~Guided() override {
    run("", fmt::format("dvipa lab down --name {}", lab_));
    std::filesystem::current_path("/");
  }
  struct Ran {
    int status = -1;
    std::string output;
  };
  Ran run(const std::string& host, std::string text) {
    text = std::regex_replace(text, std::regex("^dvipa lab (up|down)"), "dvipa lab $1 --name " + lab_);
    std::ofstream(folder_ / "script") << text << "\n";
    std::string command =
        host.empty() ? "sh ./script" : fmt::format("dvipa lab exec --name {} {} -- sh ./script", lab_, host);
    command = fmt::format("PATH={}:$PATH; {} 2>&1 </dev/null", (folder_ / "").string(), command);
    FILE* const pipe = ::popen(command.c_str(), "r");
    Ran ran;
    std::array<char, 4096> buffer{};
    while (const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), pipe))
      ran.output.append(buffer.data(), got);
    ran.status = ::pclose(pipe);
    return ran;
  }
  // What only asks may be asked again until the cluster is there; what changes something is done once.
  static bool may_repeat(const std::string& text) {
    return text.starts_with("dvipa netstat") || text.starts_with("curl");
  }
  void follow(const Command& command) {
    const std::string text = command.stays ? fmt::format("{} >>background.log 2>&1 &", command.text) : command.text;
    Ran ran;
    const auto succeeds = [&] {
      ran = run(command.host, text);
      return ran.status == 0 && missing_in(ran.output, command.expected).empty();
    };
    const bool done = may_repeat(command.text) ? wait_for(succeeds, std::chrono::seconds(30)) : succeeds();
    EXPECT_TRUE(done) << fmt::format("docs/guide.md:{}: {}# {}\nends with {}, and lacks \"{}\" in\n{}", command.line,
                                     command.host, command.text, ran.status, missing_in(ran.output, command.expected),
                                     ran.output);
  }

  Folder folder_;
  const std::string lab_ = fmt::format("guide-{}", ::getpid());
};

// covers: LST-5, FLV-1, TKB-1, MOV-7, CFG-7: as a reader meets them
TEST_F(Guided, EverythingInItIsTrue) {
  const Guide guide = read_guide();
  ASSERT_EQ(guide.files.size(), 4U);
  ASSERT_GT(guide.commands.size(), 25U);
  for (const auto& [name, text] : guide.files) std::ofstream(folder_ / name) << text;
  for (const Command& command : guide.commands) {
    follow(command);
    if (HasFailure()) break;
  }
  if (HasFailure()) {
    std::stringstream log;
    log << std::ifstream(folder_ / "background.log").rdbuf();
    ADD_FAILURE() << "in the background:\n" << log.str();
  }
}

}  // namespace
}  // namespace dvipa::test
