// JUnit XML: escaped, well-formed, and its counts agree with what it holds.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <boost/property_tree/ptree.hpp>
#include <boost/property_tree/xml_parser.hpp>
#include <sstream>

#include "harness/report/report.hpp"
#include "tests/unit/report/sample.hpp"

namespace dvipa::report {
namespace {

using boost::property_tree::ptree;
using conform::sample_suite;

ptree parse(const std::string& text) {
  std::istringstream stream(text);
  ptree tree;
  boost::property_tree::read_xml(stream, tree);
  return tree;
}

std::size_t count(const ptree& tree, const std::string& name) { return tree.count(name); }

TEST(Junit, HasTheShapeThatItsReadersAgreeOn) {
  const ptree tree = parse(junit_of(sample_suite()));
  const ptree& suites = tree.get_child("testsuites");
  EXPECT_EQ(suites.get<int>("<xmlattr>.tests"), 3);
  EXPECT_EQ(suites.get<int>("<xmlattr>.failures"), 1);
  EXPECT_EQ(suites.get<int>("<xmlattr>.skipped"), 1);
  const ptree& suite = suites.get_child("testsuite");
  EXPECT_EQ(suite.get<std::string>("<xmlattr>.name"), "failover.kill-owner");
  EXPECT_EQ(suite.get<std::string>("<xmlattr>.timestamp"), "2023-11-14T22:13:20");
  EXPECT_EQ(suite.get<double>("<xmlattr>.time"), 1.5);
  EXPECT_EQ(count(suite, "testcase"), 3U);
  std::size_t failures = 0;
  std::size_t skipped = 0;
  for (const auto& [name, child] : suite) {
    if (name != "testcase") continue;
    EXPECT_EQ(child.get<std::string>("<xmlattr>.classname"), "dvipa.kill-owner");
    failures += count(child, "failure");
    skipped += count(child, "skipped");
  }
  EXPECT_EQ(failures, 1U);
  EXPECT_EQ(skipped, 1U);
}

TEST(Junit, TextComesBackAsItWas) {
  const ptree tree = parse(junit_of(sample_suite()));
  std::vector<std::string> messages;
  for (const auto& [name, child] : tree.get_child("testsuites.testsuite"))
    if (name == "testcase")
      if (const auto failure = child.get_child_optional("failure"))
        messages.push_back(failure->get<std::string>("<xmlattr>.message"));
  EXPECT_EQ(messages, (std::vector<std::string>{"two: MVS2 & MVS5 <both>"}));
}

TEST(Junit, EscapesWhatXmlReserves) {
  EXPECT_EQ(xml_text("a<b>&\"c'"), "a&lt;b&gt;&amp;&quot;c'");
  EXPECT_EQ(xml_text("line\nnext\ttab"), "line&#10;next&#9;tab");
}

TEST(Junit, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(xml_text(std::string_view("a\0b\x1b[31m", 8)), "a?b?[31m");
  EXPECT_EQ(xml_text("\xff\xc0\x80"), "???");
  EXPECT_EQ(xml_text("\xed\xa0\x80"), "???");       // a surrogate
  EXPECT_EQ(xml_text("\xef\xbf\xbe"), "???");       // U+FFFE
  EXPECT_EQ(xml_text("\xf4\x90\x80\x80"), "????");  // beyond U+10FFFF
  EXPECT_EQ(xml_text("\xe2\x82\xac \xf0\x9f\x8c\x8d"), "\xe2\x82\xac \xf0\x9f\x8c\x8d");
}

TEST(Junit, IsWellFormedWhateverTheTexts) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    auto suite = sample_suite();
    suite.implementation = text;
    for (auto& check : suite.scenarios[0].checks) check.evidence = check.what = text;
    RC_ASSERT(parse(junit_of(suite)).count("testsuites") == 1U);
  }));
}

}  // namespace
}  // namespace dvipa::report
