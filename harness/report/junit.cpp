// JUnit XML has no standard; this is the part that its readers agree on: testsuites, testsuite, testcase, failure,
// skipped, properties, system-out.
#include <fmt/chrono.h>
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ctime>

#include "harness/report/report.hpp"

namespace dvipa::report {
namespace {

using conform::Verdict;

std::size_t count(const conform::ScenarioResult& scenario, Verdict verdict) {
  return static_cast<std::size_t>(std::ranges::count(scenario.checks, verdict, &conform::Check::verdict));
}

std::string testcase_of(const conform::ScenarioResult& scenario, const conform::Check& check) {
  const std::string name =
      check.requirements.empty() ? check.what : fmt::format("{}: {}", fmt::join(check.requirements, " "), check.what);
  const std::string head = fmt::format("    <testcase classname=\"dvipa.{}\" name=\"{}\" time=\"0\"",
                                       xml_text(scenario.name), xml_text(name));
  if (check.verdict == Verdict::failed)
    return fmt::format("{}>\n      <failure message=\"{}\"/>\n    </testcase>\n", head, xml_text(check.evidence));
  if (check.verdict == Verdict::not_judged)
    return fmt::format("{}>\n      <skipped message=\"{}\"/>\n    </testcase>\n", head, xml_text(check.evidence));
  return fmt::format("{}>\n      <system-out>{}</system-out>\n    </testcase>\n", head, xml_text(check.evidence));
}

std::string testsuite_of(const conform::SuiteResult& suite, const conform::ScenarioResult& scenario) {
  const std::time_t started = suite.started_ns / 1'000'000'000;
  std::string text = fmt::format(
      "  <testsuite name=\"{}.{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.3f}\" "
      "timestamp=\"{:%Y-%m-%dT%H:%M:%S}\">\n",
      xml_text(suite.suite), xml_text(scenario.name), scenario.checks.size(), count(scenario, Verdict::failed),
      count(scenario, Verdict::not_judged), scenario.seconds, fmt::gmtime(started));
  text += fmt::format(
      "    <properties>\n      <property name=\"seed\" value=\"{}\"/>\n      <property name=\"implementation\" "
      "value=\"{}\"/>\n    </properties>\n",
      suite.seed, xml_text(suite.implementation));
  for (const conform::Check& check : scenario.checks) text += testcase_of(scenario, check);
  return text + "  </testsuite>\n";
}

// The bytes of the UTF-8 sequence that begins `text`, 0 when none does.
std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const std::size_t length = first < 0x80                    ? 1
                             : first >= 0xC2 && first < 0xE0 ? 2
                             : first >= 0xE0 && first < 0xF0 ? 3
                             : first >= 0xF0 && first < 0xF5 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; };
  if (!std::ranges::all_of(text.substr(1, length - 1), continues)) return 0;
  const auto second = length > 1 ? static_cast<unsigned char>(text[1]) : 0U;
  const bool overlong = (first == 0xE0 && second < 0xA0) || (first == 0xF0 && second < 0x90);
  const bool outside = (first == 0xED && second > 0x9F) || (first == 0xF4 && second > 0x8F);
  const bool not_a_character = text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF");
  return overlong || outside || not_a_character ? 0 : length;
}

}  // namespace

std::string xml_text(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    const std::size_t length = utf8_length(text);
    if (length != 1) {
      out += length == 0 ? "?" : std::string(text.substr(0, length));
      text.remove_prefix(std::max<std::size_t>(length, 1));
      continue;
    }
    text.remove_prefix(1);
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (c == '\n' || c == '\t' || c == '\r')
      out += fmt::format("&#{};", static_cast<int>(c));
    else
      out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? '?' : c;
  }
  return out;
}

std::string junit_of(const conform::SuiteResult& suite) {
  std::size_t tests = 0;
  std::size_t failures = 0;
  std::size_t skipped = 0;
  double seconds = 0;
  for (const auto& scenario : suite.scenarios) {
    tests += scenario.checks.size();
    failures += count(scenario, Verdict::failed);
    skipped += count(scenario, Verdict::not_judged);
    seconds += scenario.seconds;
  }
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"dvipa {}\" tests=\"{}\" failures=\"{}\" "
      "errors=\"0\" skipped=\"{}\" time=\"{:.3f}\">\n",
      xml_text(suite.suite), tests, failures, skipped, seconds);
  for (const auto& scenario : suite.scenarios) text += testsuite_of(suite, scenario);
  return text + "</testsuites>\n";
}

}  // namespace dvipa::report
