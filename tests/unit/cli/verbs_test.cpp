// The command as a user runs it: what some verbs print, and their exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "harness/cli/verb.hpp"

namespace dvipa::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int exit_code = -1;
  std::string output;
};

// `arguments` go through the shell; with "2>&1" they show the errors, too.
Outcome dvipa(const std::string& arguments) {
  Outcome outcome;
  FILE* pipe = popen((DVIPA_COMMAND " " + arguments).c_str(), "r");
  if (pipe == nullptr) return outcome;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) outcome.output += static_cast<char>(c);
  const int status = pclose(pipe);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

const std::string mvs5 = DVIPA_SOURCE_DIR "/docs/examples/failover/mvs5.profile";

class BadProfile : public testing::Test {
 protected:
  void SetUp() override { std::ofstream(path_) << "VIPADYNAMIC\n  VIPABACKUP 255 10.1.1.1 ; \xff\nENDVIPADYNAMIC\n"; }
  void TearDown() override { std::remove(path_.c_str()); }

  std::string path_ = testing::TempDir() + "bad." + std::to_string(getpid()) + ".profile";
};

TEST(Command, TeachesAndNamesItsVersion) {
  const Outcome help = dvipa("--help");
  EXPECT_EQ(help.exit_code, exit_passed);
  for (const char* verb : {"profile", "requirements"}) {
    EXPECT_THAT(help.output, HasSubstr(verb));
    const Outcome verb_help = dvipa(std::string(verb) + " --help");
    EXPECT_EQ(verb_help.exit_code, exit_passed);
    EXPECT_THAT(verb_help.output, StartsWith("Usage: dvipa " + std::string(verb)));
  }
  EXPECT_THAT(dvipa("--version").output, StartsWith("dvipa "));
  EXPECT_EQ(dvipa("profil 2>&1").exit_code, exit_bad_usage);
  EXPECT_THAT(dvipa("profil 2>&1").output, HasSubstr("did you mean profile?"));
}

// covers: CFG-3, CFG-4
TEST(ProfileVerb, ShowsWhatWasUnderstood) {
  const Outcome shown = dvipa("profile " + mvs5);
  EXPECT_EQ(shown.exit_code, exit_passed);
  EXPECT_THAT(shown.output,
              HasSubstr("10.77.1.1     backup, rank 10     60     ROUNDROBIN to 10.77.0.2 10.77.0.3 10.77.0.4\n"));
  EXPECT_THAT(shown.output, HasSubstr("10.77.2.1/24  primary, IMMEDIATE  60     ROUNDROBIN to ALL\n"));
  const json dvipas = json::parse(dvipa("profile --json " + mvs5).output).at("dvipas");
  EXPECT_EQ(dvipas.at(0).at("rank"), 10);
  EXPECT_EQ(dvipas.at(0).at("distribution").at("targets"), json({"10.77.0.2", "10.77.0.3", "10.77.0.4"}));
  EXPECT_EQ(dvipas.at(1).at("distribution").at("all_targets"), true);
}

TEST(ProfileVerb, RefusesWhatItCannotRead) {
  for (const char* file : {"/nowhere/at.all", "/", ""}) {
    const Outcome refused = dvipa("profile '" + std::string(file) + "' 2>&1");
    EXPECT_EQ(refused.exit_code, exit_bad_usage) << file;
    EXPECT_THAT(refused.output, StartsWith("dvipa profile: cannot read")) << file;
  }
}

// covers: CFG-8
TEST_F(BadProfile, IsShownWithItsPlace) {
  const Outcome refused = dvipa("profile " + path_ + " 2>&1");
  EXPECT_EQ(refused.exit_code, exit_bad_usage);
  EXPECT_THAT(refused.output, StartsWith(path_ + ":2:14: VIPABACKUP: found '255', expected a rank of 1 to 254\n"));
  const json error = json::parse(dvipa("profile --json " + path_ + " 2>/dev/null").output).at("error");
  EXPECT_EQ(error.at("line"), 2);
  EXPECT_EQ(error.at("column"), 14);
  EXPECT_EQ(error.at("found"), "255");
  EXPECT_EQ(error.at("statement"), "VIPABACKUP 255 10.1.1.1");
}

TEST(RequirementsVerb, ListsAllOrThoseAskedFor) {
  const Outcome one = dvipa("requirements FLV-5");
  EXPECT_EQ(one.exit_code, exit_passed);
  EXPECT_THAT(one.output, HasSubstr("  FLV-5  [D]\n"));
  EXPECT_THAT(one.output, testing::Not(HasSubstr("  FLV-4")));
  const json all = json::parse(dvipa("requirements --json").output);
  EXPECT_EQ(all.at("sections").size(), 13U);
  const json takeback = json::parse(dvipa("requirements --json tkb RTE-1").output).at("sections");
  ASSERT_EQ(takeback.size(), 2U);
  EXPECT_EQ(takeback.at(0).at("requirements").size(), 1U);
  EXPECT_EQ(takeback.at(1).at("requirements").size(), 7U);
}

TEST(RequirementsVerb, RefusesANameThatThereIsNot) {
  const Outcome refused = dvipa("requirements NONE-1 2>&1");
  EXPECT_EQ(refused.exit_code, exit_bad_usage);
  EXPECT_EQ(refused.output,
            "dvipa requirements: there is no requirement or section NONE-1 (see dvipa requirements --help)\n");
}

TEST(Command, PlaysAScenarioOnTheModelAndCompares) {
  const std::string scenarios = DVIPA_SOURCE_DIR "/tests/scenarios/";
  const Outcome story = dvipa("simulate --on model " + scenarios + "flv-1-highest-rank.scn");
  EXPECT_EQ(story.exit_code, exit_passed);
  EXPECT_THAT(story.output, HasSubstr("S3 claims the DVIPA, epoch 2 of S3"));
  EXPECT_THAT(story.output, HasSubstr("flv-1-highest-rank.scn: passed"));
  const Outcome both = dvipa("simulate --on both " + scenarios + "flv-1-*.scn " + scenarios + "flv-8-*.scn");
  EXPECT_EQ(both.exit_code, exit_passed);
  EXPECT_THAT(both.output, HasSubstr("flv-1-equal-ranks.scn: world and model agree"));
  EXPECT_THAT(both.output,
              HasSubstr("flv-8-other-candidates.scn: not for the model: S2 has a distribution of its own"));
  EXPECT_EQ(dvipa("simulate --quiet --mutant ignore-rank " + scenarios + "flv-1-highest-rank.scn").exit_code,
            exit_failed);
  EXPECT_EQ(dvipa("simulate --on paper " + scenarios + "flv-1-equal-ranks.scn 2>&1").exit_code, exit_bad_usage);
}

TEST(CheckVerb, ShowsHowModelAndImplementationFail) {
  const std::string faulty = "check --quiet --implementation --config failover --mutant forget-connections ";
  const Outcome words = dvipa(faulty);
  EXPECT_EQ(words.exit_code, exit_failed);
  EXPECT_THAT(words.output, HasSubstr("The model does not allow it."));
  EXPECT_THAT(words.output, HasSubstr("verdict=violated"));
  const Outcome lanes = dvipa(faulty + "--format mermaid 2>/dev/null");
  EXPECT_THAT(lanes.output, StartsWith("sequenceDiagram"));
  EXPECT_EQ(json::parse(dvipa(faulty + "--json 2>/dev/null").output)["verdict"], "violated");
  EXPECT_EQ(dvipa(faulty + "--format scenario 2>&1").exit_code, exit_bad_usage);
  const Outcome scenario = dvipa("check --quiet --config failover --without FLV-5 --format scenario 2>/dev/null");
  EXPECT_THAT(scenario.output, HasSubstr("Breaks: "));
  EXPECT_EQ(dvipa("check --quiet --config smoke").exit_code, exit_passed);
}

}  // namespace
}  // namespace dvipa::cli
