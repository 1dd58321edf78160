// Every scenario of tests/scenarios comes out as it expects, with the properties of the world judged after every line.
// Each names the requirements that it covers; what the world cannot show is named here with the reason.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/world/story.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::world {
namespace {

TEST(Scenarios, ComeOutAsExpected) {
  std::map<std::string, std::vector<std::string>> covered;
  for (const Scenario& scenario : sample::scenarios()) {
    const Outcome outcome = play(scenario);
    std::string report;
    if (outcome.violation) report += fmt::format("{}: {}\n", outcome.violation->property, outcome.violation->what);
    for (const Unmet& unmet : outcome.unmet) report += fmt::format("line {}: {}\n", unmet.line, unmet.what);
    EXPECT_EQ(report, "") << scenario.name << "\ntell its story with: dvipa simulate tests/scenarios/" << scenario.name
                          << ".scn";
    EXPECT_FALSE(scenario.covers.empty()) << scenario.name;
    for (const std::string& requirement : scenario.covers) covered[requirement].push_back(scenario.name);
  }
  for (const auto& [requirement, names] : covered) fmt::print("{:<8} {}\n", requirement, fmt::join(names, " "));
}

TEST(Scenarios, CoverEveryRequirementThatAWorldCanShow) {
  const std::map<std::string, unsigned> sections{{"LST", 7},  {"TGT", 7}, {"RTE", 13},
                                                 {"FLV", 12}, {"TKB", 7}, {"MOV", 7}};
  const std::map<std::string, std::string> elsewhere{
      {"LST-6", "unknown messages exist as bytes only: the tests of impl/wire"},
      {"RTE-9", "packets are values here: the tests of pcap/packet and the live suites"},
      {"RTE-10", "no fragments and no ICMP here: the tests of pcap/packet and the live suites"},
  };
  std::set<std::string> covered;
  for (const Scenario& scenario : sample::scenarios()) covered.insert(scenario.covers.begin(), scenario.covers.end());
  for (const auto& [section, count] : sections)
    for (unsigned n = 1; n <= count; ++n) {
      const std::string requirement = fmt::format("{}-{}", section, n);
      EXPECT_TRUE(covered.contains(requirement) || elsewhere.contains(requirement)) << requirement;
    }
}

TEST(Scenarios, ReadBackAsTheyAreWritten) {
  for (const Scenario& scenario : sample::scenarios()) {
    const std::string text = write_scenario(scenario);
    const auto again = read_scenario(text, scenario.name);
    ASSERT_TRUE(again.has_value()) << scenario.name << ":" << again.error().line << ":" << again.error().column << ": "
                                   << again.error().what << "\n"
                                   << text;
    EXPECT_EQ(again->settings, scenario.settings) << scenario.name;
    EXPECT_EQ(again->profiles, scenario.profiles) << scenario.name << "\n" << text;
    ASSERT_EQ(again->lines.size(), scenario.lines.size()) << scenario.name;
    for (std::size_t i = 0; i < scenario.lines.size(); ++i)
      EXPECT_TRUE(again->lines[i].is_same_as(scenario.lines[i]))
          << scenario.name << ": line " << scenario.lines[i].number;
  }
}

TEST(Scenarios, AreToldAsAStoryAndAsADiagram) {
  for (const Scenario& scenario : sample::scenarios()) {
    if (scenario.name != "flv-1-highest-rank") continue;
    Story story;
    play(scenario, &story);
    EXPECT_NE(story.text().find("S3 backup -> rebuilding for 10.77.1.1 (FLV-1;"), std::string::npos);
    EXPECT_NE(story.mermaid(scenario.settings.stacks).find("S4->>S3: END_OF_REPORT"), std::string::npos);
  }
}

struct Mistake {
  const char* text;
  unsigned line;
  unsigned column;
  const char* what;
};

class ScenarioMistakes : public testing::TestWithParam<Mistake> {};

TEST_P(ScenarioMistakes, AreReportedWithPlaceAndRemedy) {
  const Mistake& mistake = GetParam();
  const auto read = read_scenario(mistake.text, "mistake");
  ASSERT_FALSE(read.has_value()) << mistake.text;
  EXPECT_EQ(read.error().line, mistake.line);
  EXPECT_EQ(read.error().column, mistake.column);
  EXPECT_EQ(read.error().what, mistake.what);
  EXPECT_NE(read.error().remedy, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, ScenarioMistakes,
    testing::Values(Mistake{"scenario 1\n", 1, 1, "this is no scenario"},
                    Mistake{"dvipa-scenario 2\n", 1, 16, "a version that is not known here"},
                    Mistake{"dvipa-scenario 1\n", 2, 1, "there is no cluster"},
                    Mistake{"dvipa-scenario 1\nkill S1\n", 2, 1, "there is no cluster yet"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nkill S4\n", 3, 6, "\"S4\" is no stack of this cluster"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nslow S1 5\n", 3, 9, "\"5\" is no time"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nnetwork loss 2\n", 3, 14, "\"2\" is no rate"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nkill\n", 3, 5, "the line ends too soon"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nexplode S1\n", 3, 1, "\"explode\" is no command"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nheal S1\n", 3, 6, "\"S1\" after the end of the command"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nconnect c1 to A 60\n", 3, 15, "\"A\" is no DVIPA"},
                    Mistake{"dvipa-scenario 1\ncluster 3\nmutant nobody\n", 3, 8, "\"nobody\" is no mutant"},
                    Mistake{"dvipa-scenario 1\ncluster 3\ndvipa A primary S1\nexpect state A S1 happy\n", 4, 19,
                            "\"happy\" is no state"},
                    Mistake{"dvipa-scenario 1\ncluster 3\ndvipa A\nrange A at S1 moveable whenidle\n", 4, 24,
                            "\"whenidle\""}));

}  // namespace
}  // namespace dvipa::world
