#pragma once
// Which connections were lost, and whether that is excused: only by the death of their own target.
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "harness/conform/cluster.hpp"
#include "harness/conform/load/account.hpp"
#include "harness/conform/recorder.hpp"
#include "harness/conform/result.hpp"

namespace dvipa::conform {

struct Judgement {
  Tally tally;
  std::map<std::string, std::uint64_t> lost_with;
  std::vector<std::string> incidents;  // every connection that is not excused
};

struct JudgeOptions {
  std::chrono::milliseconds stall_limit{5000};
  // A stack that died is still chosen as a target for this long: until its death is noticed.
  std::chrono::milliseconds notice_limit{1000};
  // Refusals that are the applications' own doing: connections that began in [first, second], CLOCK_MONOTONIC.
  std::vector<std::pair<std::int64_t, std::int64_t>> refusals_expected;
  std::int64_t realtime_minus_monotonic_ns = 0;
};

// The target of a connection: who answered it; if nobody has, who sent the SYN-ACK.
std::string target_of(const load::ConnectionAccount& connection, const Sightings& sightings,
                      std::int64_t realtime_minus_monotonic_ns);

Judgement judge(const load::Account& account, const std::vector<Death>& deaths, const Sightings& sightings,
                const JudgeOptions& options);

}  // namespace dvipa::conform
