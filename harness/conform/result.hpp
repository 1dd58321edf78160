#pragma once
// What a suite found: verdicts with their evidence, counts of connections, measured times.
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace dvipa::conform {

enum class Verdict : std::uint8_t {
  passed,
  failed,
  not_judged,  // this run could not show it; the evidence says why
};
std::string_view name_of(Verdict verdict);

// One thing that had to hold.
struct Check {
  std::vector<std::string> requirements;  // identifiers of the catalogue
  std::string what;
  Verdict verdict = Verdict::not_judged;
  std::string evidence;
};

// Something that was timed, beside its limit.
struct Measure {
  std::string name;
  std::string unit;
  std::vector<double> samples;
  std::optional<double> limit;  // of the 99th percentile
};

// The connections of a run. Each is counted in one of the first four, and besides in what else befell it.
struct Tally {
  std::uint64_t kept = 0;
  std::uint64_t lost_with_endpoint = 0;  // their target was killed
  std::uint64_t lost = 0;                // though their target lives
  std::uint64_t not_opened = 0;
  std::uint64_t wrongly_reset = 0;  // of `lost`: by a reset
  std::uint64_t stalled = 0;        // waited longer than the limit, and went on
  std::uint64_t misdelivered = 0;   // records of another connection or from another server
  std::uint64_t corrupted = 0;      // records corrupted, lost, duplicated or reordered in the stream
};

inline constexpr double standstill_ms_max = 250;

struct ScenarioResult {
  std::string name;
  std::string description;
  std::vector<std::string> requirements;
  std::vector<Check> checks;
  std::vector<Measure> measures;
  std::optional<Tally> tally;
  std::map<std::string, std::uint64_t> lost_with;  // endpoint -> connections
  std::vector<std::string> incidents;              // what went wrong, one line each; the first few
  std::vector<std::string> notes;
  double seconds = 0;
  double standstill_ms = 0;  // the longest time in which the load was kept from running: this host was too busy
  bool failed() const;
  // A stack that is kept from running for longer than the group's detection time has failed as far as the others can
  // know.
  bool disturbed() const { return standstill_ms > standstill_ms_max; }
};

struct SuiteResult {
  std::string suite;
  std::string implementation;  // what was tested
  std::uint64_t seed = 0;
  std::int64_t started_ns = 0;  // CLOCK_REALTIME
  std::map<std::string, std::string> environment;
  std::vector<ScenarioResult> scenarios;
  bool failed() const;
  // It failed, but only where the host was too busy for a verdict: no verdict about the implementation.
  bool inconclusive() const;
};

}  // namespace dvipa::conform
