// The arguments of a verb: every bad usage is one line and exit code 2; nothing ends the process.
#include "harness/cli/command_line.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/cli/verb.hpp"

namespace dvipa::cli {
namespace {

using testing::HasSubstr;
using testing::internal::CaptureStderr;
using testing::internal::CaptureStdout;
using testing::internal::GetCapturedStderr;
using testing::internal::GetCapturedStdout;

struct Demo {
  CommandLine line{"demo", "Shows arguments.\n"};
  TCLAP::ValueArg<int> count{"n", "count", "how many", false, 1, "N", line.arguments()};
  TCLAP::SwitchArg json{"", "json", "print JSON", line.arguments()};
  TCLAP::UnlabeledValueArg<std::string> file{"FILE", "what to read", true, "", "FILE", line.arguments()};

  std::optional<int> parse(const std::vector<std::string>& words) { return line.parse(words); }
};

std::string complaint(const std::vector<std::string>& words) {
  Demo demo;
  CaptureStderr();
  EXPECT_EQ(demo.parse(words), exit_bad_usage);
  return GetCapturedStderr();
}

TEST(CommandLine, UnderstandsBothFormsOfAnOption) {
  for (const auto& words : std::vector<std::vector<std::string>>{
           {"--count", "3", "--json", "a b"}, {"--json", "--count=3", "a b"}, {"a b", "-n", "3", "--json"}}) {
    Demo demo;
    ASSERT_EQ(demo.parse(words), std::nullopt);
    EXPECT_EQ(demo.count.getValue(), 3);
    EXPECT_TRUE(demo.json.getValue());
    EXPECT_EQ(demo.file.getValue(), "a b");
  }
}

TEST(CommandLine, ASingleDashIsAFileName) {
  Demo demo;
  ASSERT_EQ(demo.parse({"-"}), std::nullopt);
  EXPECT_EQ(demo.file.getValue(), "-");
}

TEST(CommandLine, SaysInOneLineWhatIsWrong) {
  EXPECT_EQ(complaint({}), "dvipa demo: required argument missing: FILE (see dvipa demo --help)\n");
  EXPECT_EQ(complaint({"--jsno"}),
            "dvipa demo: there is no option --jsno; did you mean --json? (see dvipa demo --help)\n");
  EXPECT_EQ(complaint({"-x", "file"}), "dvipa demo: there is no option -x (see dvipa demo --help)\n");
  EXPECT_EQ(complaint({"--json=yes", "file"}), "dvipa demo: --json takes no value (see dvipa demo --help)\n");
  EXPECT_THAT(complaint({"--count", "many", "file"}), HasSubstr("couldn't read argument value from string 'many'"));
  EXPECT_THAT(complaint({"file", "--count"}), HasSubstr("missing a value for this argument"));
  EXPECT_THAT(complaint({"--count=1", "--count=2", "file"}), HasSubstr("argument already set"));
  EXPECT_THAT(complaint({"file", "another"}), HasSubstr("another"));
}

TEST(CommandLine, HelpListsArgumentsInOrderOfDeclaration) {
  Demo demo;
  CaptureStdout();
  EXPECT_EQ(demo.parse({"--help", "--nonsense"}), exit_passed);
  EXPECT_EQ(GetCapturedStdout(),
            "Usage: dvipa demo [-n <N>] [--json] <FILE>\n"
            "\n"
            "Shows arguments.\n"
            "\n"
            "  -n <N>,  --count <N>       how many\n"
            "  --json                     print JSON\n"
            "  <FILE>                     (required)  what to read\n"
            "  -h,  --help                show this text\n");
}

}  // namespace
}  // namespace dvipa::cli
