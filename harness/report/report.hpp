#pragma once
// What a suite found, for people (a table), for programs (JSON), and for continuous integration (JUnit XML).
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "harness/conform/result.hpp"

namespace dvipa::report {

// One table a scenario: requirements, verdict, what, evidence; then connections and times beside their limits.
std::string table_of(const conform::SuiteResult& suite);

// Every field of the result; of each measure its p50, p99 and max too. Never text that is not UTF-8.
nlohmann::ordered_json json_of(const conform::SuiteResult& suite);

// One testsuite a scenario, one testcase a check, as Jenkins and GitLab read it.
std::string junit_of(const conform::SuiteResult& suite);
// For the text and attributes of XML 1.0: escaped, and without the characters that XML cannot hold at all.
std::string xml_text(std::string_view text);

struct WriteError {
  std::string what;  // "write report/report.json: No space left on device"
};
// Makes the folder if need be and shows that files can be written there; to be called before the work is done.
tl::expected<void, WriteError> prepare_folder(const std::string& folder);
// Writes report.json, junit.xml and report.txt into the folder.
tl::expected<void, WriteError> write_report(const conform::SuiteResult& suite, const std::string& folder);

}  // namespace dvipa::report
