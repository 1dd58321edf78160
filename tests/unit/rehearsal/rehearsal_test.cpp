// Which scenarios of tests/scenarios are not for the lab, and why: the list beside this file, which DVIPA_UPDATE=1
// renews. The others are played by tests/live/scenarios.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "harness/conform/play/rehearsal.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::conform {
namespace {

constexpr const char* list = DVIPA_SOURCE_DIR "/tests/unit/rehearsal/not_for_the_lab.txt";

std::string listed() {
  std::stringstream text;
  text << std::ifstream(list).rdbuf();
  return text.str();
}

TEST(Rehearsal, SaysWhatIsNotForTheLab) {
  std::string found;
  for (const world::Scenario& scenario : world::sample::scenarios())
    if (const auto missing = not_for_lab(scenario)) found += fmt::format("{}: {}\n", scenario.name, text_of(*missing));
  if (std::getenv("DVIPA_UPDATE") != nullptr) std::ofstream(list) << found;
  EXPECT_EQ(found, listed()) << "if this is meant, renew the list with DVIPA_UPDATE=1";
}

std::string reason(const std::string& lines) {
  const auto scenario = world::read_scenario(
      "dvipa-scenario 1\ncluster 3\ndvipa A primary S1 backup S2 targets S2 S3 ports 60\nlisten S2 60\nlisten S3 60\n"
      "start S1\nstart S2\nstart S3\n" +
          lines,
      "lines");
  EXPECT_TRUE(scenario.has_value()) << lines;
  const auto missing = scenario ? not_for_lab(*scenario) : std::nullopt;
  return missing ? text_of(*missing) : "";
}

TEST(Rehearsal, LetsNobodyActWhileTheWorldMoves) {
  EXPECT_EQ(reason("run 2s\nkill S1\nrun 1s\nexpect owner A S2\n"), "");
  EXPECT_EQ(reason("run 2s\nkill S1\nrun 20ms\nstart S1\n"),
            "line 11: time orders things here: S2's state of A is about to go from backup to active");
  EXPECT_EQ(reason("run 2s\nkill S1\nexpect owner A S1\n"),
            "line 11: time orders things here: what is expected is about to change");
}

TEST(Rehearsal, LeavesNothingThatMattersToChance) {
  EXPECT_EQ(reason("run 2s\nconnect c1 to A 60\nconnect c2 to A 60\nrun 300ms\nkill S2\nsettle\n"), "");
  EXPECT_EQ(reason("run 2s\nconnect c1 to A 60\nconnect c2 to A 60\nkill S2\nsettle\n"),
            "line 12: where c1 goes is chance");
  EXPECT_EQ(reason("run 2s\nconnect c1 to A 60\nrun 300ms\npause S2\nrun 1s\nresume S2\nsettle\n"),
            "line 12: a live kernel serves its connections while its stack and its applications stand still");
}

// Clients and targets of a world have less patience than live ones.
TEST(Rehearsal, LetsNobodyLosePatience) {
  EXPECT_EQ(reason("run 2s\nconnect c1 to A 60\nrun 300ms\npartition S1 S2 S3 | client1 client2\nrun 3s\n"),
            "line 13: in a world client and target lose patience with each other sooner");
  EXPECT_EQ(reason("run 2s\nconnect c1 to A 60\nrun 300ms\nclose c1\nrun 1s\nconnect c1 to A 60\n"),
            "line 14: a client's kernel keeps the 4-tuple of a connection that it has closed for a minute");
}

}  // namespace
}  // namespace dvipa::conform
