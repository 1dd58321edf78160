// The example of docs/checker.md does what is said there, and is printed there as it is compiled here; and reports.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "spec/checker/check.hpp"
#include "spec/checker/report.hpp"
#include "tests/unit/checker/mutual_exclusion.hpp"

namespace dvipa::checker {
namespace {

using example::MutualExclusion;

std::string content(const std::string& path) {
  std::ifstream in(std::string(DVIPA_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Example, LookingFirstBreaksExclusion) {
  const MutualExclusion model(true);
  const auto result = check(model, {});
  ASSERT_EQ(result.verdict, Verdict::violated);
  ASSERT_EQ(result.find("exclusion")->outcome, Outcome::violated);
  const auto lines = sentences(model, *result.find("exclusion")->trace);
  EXPECT_EQ(lines.size(), 6U);
  for (const auto& line : lines) EXPECT_NE(content("docs/checker.md").find(line), std::string::npos) << line;
}

TEST(Example, RaisingFirstMayStandStill) {
  const MutualExclusion model(false);
  const auto result = check(model, {});
  EXPECT_EQ(result.find("exclusion")->outcome, Outcome::holds);
  EXPECT_EQ(result.find("the first enters")->outcome, Outcome::reached);
  ASSERT_EQ(result.find("who tries enters")->outcome, Outcome::violated);
  const auto& trace = *result.find("who tries enters")->trace;
  ASSERT_TRUE(trace.loop_from);
  for (const auto& line : sentences(model, trace))
    EXPECT_NE(content("docs/checker.md").find(line), std::string::npos) << line;
}

TEST(Example, IsPrintedInTheDocument) {
  const std::string source = content("tests/unit/checker/mutual_exclusion.hpp");
  const auto begin = source.find("// [model]\n") + 11;
  const std::string model = source.substr(begin, source.find("// [end]") - begin);
  ASSERT_GT(model.size(), 1000U);
  EXPECT_NE(content("docs/checker.md").find(model), std::string::npos);
}

TEST(Report, AsMermaidAndJson) {
  const MutualExclusion model(true);
  const auto result = check(model, {.config = "example"});
  const std::string diagram = mermaid(model, *result.counterexample()->trace);
  EXPECT_EQ(diagram.find("sequenceDiagram\n  participant first\n"), 0U);
  EXPECT_NE(diagram.find("  first->>second: The first process raises its flag\n"), std::string::npos);
  const std::string text = json(model, result);
  EXPECT_NE(text.find("\"config\":\"example\",\"verdict\":\"violated\""), std::string::npos);
  EXPECT_NE(text.find("\"sentence\":\"The first process wants to enter\""), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '{'), std::count(text.begin(), text.end(), '}'));
  EXPECT_EQ(json_string("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
}

TEST(Report, MarksALoop) {
  const std::vector<Arrow> arrows{{"a", "b", "one"}, {"b", "b", "two; three"}};
  EXPECT_EQ(mermaid_of(arrows, 1),
            "sequenceDiagram\n  participant a\n  participant b\n  a->>b: one\n  loop for ever\n"
            "  Note over b: two, three\n  end\n");
}

}  // namespace
}  // namespace dvipa::checker
