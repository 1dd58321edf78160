// The report as JSON, as a table, and as files; and what becomes of it when the disk is full.
#include "harness/report/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/report/sample.hpp"

namespace dvipa::report {
namespace {

namespace fs = std::filesystem;
using conform::sample_suite;
using ::testing::HasSubstr;

std::string content(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class ReportFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "report-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

TEST(ReportJson, HoldsEveryFieldOfTheResult) {
  const auto json = json_of(sample_suite());
  EXPECT_EQ(json["suite"], "failover");
  EXPECT_EQ(json["verdict"], "failed");
  EXPECT_EQ(json["seed"], 42);
  const auto& scenario = json["scenarios"][0];
  EXPECT_EQ(scenario["verdict"], "failed");
  EXPECT_EQ(scenario["checks"][1]["verdict"], "failed");
  EXPECT_EQ(scenario["checks"][1]["requirements"][1], "RTE-2");
  EXPECT_EQ(scenario["checks"][2]["verdict"], "not judged");
  EXPECT_EQ(scenario["measures"][0]["p50"], 2);
  EXPECT_EQ(scenario["measures"][0]["max"], 3);
  EXPECT_EQ(scenario["measures"][0]["limit_p99"], 20);
  EXPECT_FALSE(scenario["measures"][1].contains("p50"));
  EXPECT_EQ(scenario["connections"]["kept"], 990);
  EXPECT_EQ(scenario["connections"]["corrupted"], 7);
  EXPECT_EQ(scenario["lost_with"]["MVS1"], 5);
}

TEST(ReportTable, SaysVerdictEvidenceConnectionsAndTimesBesideTheirLimits) {
  const std::string table = table_of(sample_suite());
  EXPECT_THAT(table, HasSubstr("FLV-1 RTE-2"));
  EXPECT_THAT(table, HasSubstr("FAILED"));
  EXPECT_THAT(table, HasSubstr("990 kept, 5 lost with their endpoint (5 with MVS1), 3 lost"));
  EXPECT_THAT(table, HasSubstr("forwarding gap (ms)"));
  EXPECT_THAT(table, HasSubstr("(1 of 1 scenarios failed)"));
}

TEST(Verdicts, ASuiteInWhichNothingWasJudgedHasNotPassed) {
  auto suite = sample_suite();
  suite.scenarios[0].checks[1].verdict = conform::Verdict::passed;
  EXPECT_FALSE(suite.failed());
  for (auto& check : suite.scenarios[0].checks) check.verdict = conform::Verdict::not_judged;
  EXPECT_TRUE(suite.failed());
  suite.scenarios.clear();
  EXPECT_TRUE(suite.failed());
}

TEST(Verdicts, AFailureOnAHostThatStoodStillIsInconclusive) {
  auto suite = sample_suite();
  EXPECT_FALSE(suite.inconclusive());
  suite.scenarios[0].standstill_ms = conform::standstill_ms_max + 1;
  EXPECT_TRUE(suite.failed());
  EXPECT_TRUE(suite.inconclusive());
  suite.scenarios.push_back(sample_suite().scenarios[0]);
  EXPECT_FALSE(suite.inconclusive());  // the other failed on its own
  suite.scenarios.pop_back();
  suite.scenarios[0].checks[1].verdict = conform::Verdict::passed;
  EXPECT_FALSE(suite.inconclusive());
}

TEST_F(ReportFolder, IsWrittenWhole) {
  const std::string folder = folder_ / "deep" / "er";
  ASSERT_TRUE(write_report(sample_suite(), folder));
  EXPECT_EQ(nlohmann::ordered_json::parse(content(fs::path(folder) / "report.json")), json_of(sample_suite()));
  EXPECT_EQ(content(fs::path(folder) / "junit.xml"), junit_of(sample_suite()));
  EXPECT_EQ(content(fs::path(folder) / "report.txt"), table_of(sample_suite()));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder), fs::directory_iterator()), 3);
}

TEST_F(ReportFolder, TextThatIsNotUtf8DoesNotStopIt) {
  auto suite = sample_suite();
  suite.scenarios[0].notes = {"\xff\xfe half a \xe2\x82"};
  suite.scenarios[0].checks[0].evidence = "\x80";
  EXPECT_TRUE(write_report(suite, folder_));
}

TEST_F(ReportFolder, AFileInTheWayIsAnErrorThatNamesIt) {
  std::ofstream(folder_ / "file") << "x";
  const auto written = write_report(sample_suite(), folder_ / "file");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().what, HasSubstr("file"));
}

TEST(ReportWrite, AFullDiskIsAnErrorAndLeavesNoHalfFile) {
  // Linux has a full disk in every host; a symbolic link puts the report's file there.
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  std::string name = (fs::temp_directory_path() / "report-full-XXXXXX").string();
  ASSERT_NE(::mkdtemp(name.data()), nullptr);
  fs::create_symlink("/dev/full", fs::path(name) / "report.json.new");
  const auto written = write_report(sample_suite(), name);
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().what, HasSubstr("No space left on device"));
  EXPECT_FALSE(fs::exists(fs::path(name) / "report.json"));
  EXPECT_TRUE(fs::exists("/dev/full"));
  fs::remove_all(name);
}

}  // namespace
}  // namespace dvipa::report
