// From words to verbs: overview, version, unknown verbs.
#include "harness/cli/dispatch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace dvipa::cli {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

int fail_if_given_words(std::span<const std::string> arguments) {
  return arguments.empty() ? exit_passed : exit_failed;
}

const std::vector<Verb> verbs = {{"judge", "says whether words were given", fail_if_given_words}};

int run(std::vector<std::string> words) { return dispatch(verbs, words); }

TEST(Dispatch, RunsTheVerbWithTheWordsAfterIt) {
  EXPECT_EQ(run({"judge"}), exit_passed);
  EXPECT_EQ(run({"judge", "judge"}), exit_failed);
}

TEST(Dispatch, HelpNamesEveryVerbAndTwoExamples) {
  CaptureStdout();
  EXPECT_EQ(run({"--help"}), exit_passed);
  const std::string text = GetCapturedStdout();
  EXPECT_THAT(text, HasSubstr("judge  says whether words were given"));
  EXPECT_THAT(text, HasSubstr("Examples:"));
}

TEST(Dispatch, VersionIsOneLine) {
  CaptureStdout();
  EXPECT_EQ(run({"--version"}), exit_passed);
  EXPECT_THAT(GetCapturedStdout(), testing::MatchesRegex("dvipa [0-9.]+\n"));
}

TEST(Dispatch, AnUnknownVerbIsBadUsageAndTheNearestIsSuggested) {
  CaptureStderr();
  EXPECT_EQ(run({"juge"}), exit_bad_usage);
  EXPECT_EQ(GetCapturedStderr(), "dvipa: there is no verb 'juge' (did you mean judge? see dvipa --help)\n");
  CaptureStderr();
  EXPECT_EQ(run({"--frob"}), exit_bad_usage);
  EXPECT_EQ(GetCapturedStderr(), "dvipa: there is no verb '--frob' (see dvipa --help)\n");
  CaptureStderr();
  EXPECT_EQ(run({}), exit_bad_usage);
  EXPECT_EQ(GetCapturedStderr(), "dvipa: a verb is missing (see dvipa --help)\n");
}

}  // namespace
}  // namespace dvipa::cli
