// A log that grows while it is read, with half lines and lines of others in it.
#include "harness/conform/stack_log.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace dvipa::conform {
namespace {

class StackLogFile : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = (std::filesystem::temp_directory_path() / ("stack-log-" + std::to_string(::getpid()))).string();
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }
  void append(const std::string& text) const { std::ofstream(path_, std::ios::app) << text; }
  std::string path_;
};

TEST_F(StackLogFile, IsReadAsItGrows) {
  StackLog log(path_);
  EXPECT_TRUE(log.read_new().empty());
  append(R"({"time_ns":5,"stack":"MVS1","event":"start"})"
         "\n"
         R"({"time_ns":6,"stack":"MV)");
  auto events = log.read_new();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].event, "start");
  append(R"(S1","event":"member_up","member":"MVS2"})"
         "\n");
  events = log.read_new();
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].time_ns, 6);
  EXPECT_EQ(events[0].text("member"), "MVS2");
  EXPECT_EQ(events[0].text("absent"), "");
  EXPECT_TRUE(log.read_new().empty());
}

TEST_F(StackLogFile, SkipsAndCountsWhatIsNoEvent) {
  StackLog log(path_);
  append("garbage\n[]\n{\"time_ns\":\"late\"}\n{\"time_ns\":1,\"stack\":\"MVS1\",\"event\":\"ready\"}\n");
  EXPECT_EQ(log.read_new().size(), 1U);
  EXPECT_EQ(log.lines_unknown(), 3U);
}

}  // namespace
}  // namespace dvipa::conform
