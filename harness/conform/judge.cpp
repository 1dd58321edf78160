// The excuse is narrow on purpose: the target by name, and its death within the connection's life; or an end of the
// very same 4-tuple that was left beyond a cut, or by an application.
#include "harness/conform/judge.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace dvipa::conform {
namespace {

using load::ConnectionAccount;
using load::Damage;
using load::Outcome;

std::int64_t ns(std::chrono::milliseconds time) { return std::chrono::nanoseconds(time).count(); }

// Null when nothing excuses it.
const Death* excuse(const ConnectionAccount& connection, const std::string& target, const std::vector<Death>& deaths,
                    const JudgeOptions& options) {
  const auto found = std::ranges::find_if(deaths, [&](const Death& death) {
    const bool lost_to_it =
        death.for_clients.empty() || std::ranges::find(death.for_clients, connection.local) != death.for_clients.end();
    return death.host == target && lost_to_it && connection.begun_ns <= death.at_ns + ns(options.notice_limit) &&
           connection.ended_ns >= death.at_ns;
  });
  return found == deaths.end() || target.empty() ? nullptr : &*found;
}

// When the parts of the group meet again there are two ends of the connection, and nothing on the bus tells which of
// them the client has (docs/simulate.md, what the fault model excuses). And a target whose application was killed has
// its end in TIME_WAIT for a minute, where a client that uses the 4-tuple again is sent to (RTE-3).
using Tuple = std::tuple<Address, Port, std::uint16_t>;
Tuple tuple_of(const ConnectionAccount& connection) {
  return {connection.local, connection.local_port, connection.target};
}

bool refusal_expected(const ConnectionAccount& connection, const JudgeOptions& options) {
  return connection.outcome == Outcome::refused &&
         std::ranges::any_of(options.refusals_expected, [&](const auto& span) {
           return connection.begun_ns >= span.first && connection.begun_ns <= span.second;
         });
}

std::uint64_t sum(const load::DamageCounts& counts, std::initializer_list<Damage> kinds) {
  std::uint64_t total = 0;
  for (const Damage kind : kinds) total += counts.at(static_cast<std::size_t>(kind));
  return total;
}

std::string describe(const ConnectionAccount& connection, const std::string& target) {
  return fmt::format(
      "{} connection {:016x} from {} port {} to target {}: {} after {} exchanges, {:.3f} s after its begin, longest "
      "wait {:.0f} ms",
      name_of(connection.use), connection.id, to_string(connection.local), connection.local_port,
      target.empty() ? "unknown" : target, name_of(connection.outcome), connection.exchanges,
      static_cast<double>(connection.ended_ns - connection.begun_ns) / 1e9,
      static_cast<double>(connection.longest_wait_ns) / 1e6);
}

void count_damage(const ConnectionAccount& connection, const std::string& target, Judgement& judgement) {
  const auto misdelivered =
      sum(connection.damages, {Damage::wrong_connection, Damage::wrong_server, Damage::wrong_echo});
  const auto corrupted =
      sum(connection.damages, {Damage::corrupted, Damage::lost, Damage::duplicated, Damage::reordered});
  judgement.tally.misdelivered += misdelivered;
  judgement.tally.corrupted += corrupted;
  if (misdelivered + corrupted > 0)
    judgement.incidents.push_back(
        fmt::format("{}: {} records misdelivered, {} damaged", describe(connection, target), misdelivered, corrupted));
}

}  // namespace

std::string target_of(const ConnectionAccount& connection, const Sightings& sightings,
                      std::int64_t realtime_minus_monotonic_ns) {
  if (!connection.server.empty()) return connection.server;
  const auto seen = sightings.opened.find({connection.local, connection.local_port});
  if (seen == sightings.opened.end()) return "";
  // A port is used again by later connections: the first SYN-ACK after this one began is its own.
  for (const Sightings::Opened& opened : seen->second) {
    const std::int64_t at_ns = opened.time_ns - realtime_minus_monotonic_ns;
    if (at_ns >= connection.begun_ns && at_ns <= connection.ended_ns) return opened.host;
  }
  return "";
}

Judgement judge(const load::Account& account, const std::vector<Death>& deaths, const Sightings& sightings,
                const JudgeOptions& options) {
  Judgement judgement;
  Tally& tally = judgement.tally;
  std::set<Tuple> left_behind;
  for (const ConnectionAccount& connection : account.connections) {
    const Death* death =
        excuse(connection, target_of(connection, sightings, options.realtime_minus_monotonic_ns), deaths, options);
    if (death != nullptr && death->ends_remain && connection.outcome != Outcome::kept)
      left_behind.insert(tuple_of(connection));
  }
  for (const ConnectionAccount& connection : account.connections) {
    const std::string target = target_of(connection, sightings, options.realtime_minus_monotonic_ns);
    count_damage(connection, target, judgement);
    if (connection.outcome == Outcome::kept) {
      ++tally.kept;
      if (connection.longest_wait_ns <= ns(options.stall_limit)) continue;
      ++tally.stalled;
      judgement.incidents.push_back(describe(connection, target) + ": stalled");
      continue;
    }
    if (refusal_expected(connection, options)) {
      ++tally.lost_with_endpoint;
      ++judgement.lost_with["a listener that ended"];
      continue;
    }
    if (excuse(connection, target, deaths, options) != nullptr) {
      ++tally.lost_with_endpoint;
      ++judgement.lost_with[target];
      continue;
    }
    if (left_behind.contains(tuple_of(connection))) {
      ++tally.lost_with_endpoint;
      ++judgement.lost_with["a 4-tuple that another host still had"];
      continue;
    }
    const bool opened = connection.opened_ns != 0;
    ++(opened ? tally.lost : tally.not_opened);
    if (connection.outcome == Outcome::reset) ++tally.wrongly_reset;
    judgement.incidents.push_back(describe(connection, target));
  }
  return judgement;
}

}  // namespace dvipa::conform
