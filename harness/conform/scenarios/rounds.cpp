// Failover after failover, with connections opening and closing all the while.
#include <fmt/core.h>

#include <algorithm>

#include "harness/conform/statistics.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr auto settle_limit = 20s;
constexpr std::int64_t around_fault_ns = 1'500'000'000;

struct Round {
  std::size_t dvipa = 0;
  std::string successor;
  Death death;
};

// One round: the owner is killed, the others settle, it comes back, all settle. Empty with a failed check when they do
// not.
std::optional<Round> play(Context& context, Trial& trial, unsigned number, std::vector<Death>& deaths) {
  Cluster& cluster = context.cluster;
  Round round;
  round.dvipa = number % cluster.dvipas().size();
  const ExampleDvipa& dvipa = cluster.dvipas()[round.dvipa];
  const std::string victim = cluster.owner(dvipa);
  trial.mark();
  trial.run_for(300ms, fmt::format("round {} of {}: SIGKILL of {}, which owns {}", number + 1, context.options.rounds,
                                   victim, dvipa.label));
  round.death = cluster.kill_stack(victim);
  deaths.push_back(round.death);
  const auto missing = cluster.await_settled(settle_limit);
  round.successor = cluster.owner(dvipa);
  if (missing) {
    add_check(context.result, {"LIVE-1", "FLV-7"}, "the cluster settles after each failover", false,
              fmt::format("round {}: {}", number + 1, *missing));
    return std::nullopt;
  }
  trial.run_for(300ms, fmt::format("round {}: {} has taken over", number + 1, round.successor));
  if (auto restarted = cluster.start_stack(victim); !restarted) return std::nullopt;
  if (const auto absent = cluster.await_settled(settle_limit)) {
    add_check(context.result, {"LIVE-2", "TKB-2"}, "the killed stack comes back", false,
              fmt::format("round {}: {}", number + 1, *absent));
    return std::nullopt;
  }
  return round;
}

void measure(Context& context, const Trial& trial, const std::vector<Round>& rounds) {
  std::vector<double> gaps;
  std::size_t undecided = 0;  // the machine stood still
  std::vector<double> waits;
  TakeoverMeasures times;
  for (const Round& round : rounds) {
    const std::set<std::string> dead = {round.death.host};
    const PathGap gap = trial.forwarding_gap(round.dvipa, round.death.at_ns, round.death.at_ns + around_fault_ns, dead);
    if (gap.verdict(forwarding_gap_ms_max) == Verdict::not_judged) {
      ++undecided;
    } else {
      gaps.push_back(gap.ms);
    }
    for (const double wait : trial.application_gaps_ms(round.death.at_ns, dead)) waits.push_back(wait);
    times.add(takeover_times(context.cluster.events(), context.cluster.dvipas()[round.dvipa], round.death.host,
                             round.successor, trial.to_realtime(round.death.at_ns)));
  }
  const Percentiles percentiles = percentiles_of(gaps);
  const std::string evidence = fmt::format(
      "gap p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms over {} failovers, {} more in which the machine stood still; "
      "limit of p99 {:.0f} ms",
      percentiles.p50, percentiles.p99, percentiles.max, gaps.size(), undecided, forwarding_gap_ms_max);
  if (gaps.size() <= undecided) {
    add_not_judged(context.result, {"FLV-4"}, "the path is open again in time", evidence);
  } else {
    add_check(context.result, {"FLV-4"}, "the path is open again in time", percentiles.p99 <= forwarding_gap_ms_max,
              evidence);
  }
  context.result.measures.push_back({"forwarding gap of the moved DVIPA", "ms", gaps, forwarding_gap_ms_max});
  context.result.measures.push_back({"application gap", "ms", waits, {}});
  times.report(context.result);
}

}  // namespace

lab::Result<void> failover_rounds(Context& context) {
  Trial trial(context);
  trial.options().churn_per_second = 40;
  trial.options().probe_avoids = {"MVS1", "MVS5"};
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  std::vector<Round> rounds;
  std::vector<Death> deaths;
  for (unsigned number = 0; number < context.options.rounds; ++number) {
    const auto round = play(context, trial, number, deaths);
    if (!round) break;
    rounds.push_back(*round);
  }
  trial.run_for(1s, "after the last round");
  trial.recover(15s);
  const auto finished = trial.finish();
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  add_check(context.result, {"FLV-1", "LIVE-1"}, "each failover finds its successor",
            rounds.size() == context.options.rounds,
            fmt::format("{} of {} rounds", rounds.size(), context.options.rounds));
  trial.judge_connections(deaths);
  measure(context, trial, rounds);
  return {};
}

}  // namespace dvipa::conform
