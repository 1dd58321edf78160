// One fault under load: the owner killed, cut off, stopped in good order; a target killed.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/conform/statistics.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr std::int64_t around_fault_ns = 5'000'000'000;

struct Fault {
  std::string victim;
  std::function<Death(Cluster&)> strike;
  std::string doing;
  std::optional<std::size_t> moved;  // the DVIPA whose owner it takes
  double gap_ms_max = forwarding_gap_ms_max;
  std::function<void(Cluster&)> relief{};  // some time after the fault, less than the detection time
};

// FLV-1, RTE-2: by the logs one stack, by ARP on the wire no other.
void check_successor(Context& context, const Trial& trial, const ExampleDvipa& dvipa, const Death& death) {
  const std::string address = to_string(dvipa.address);
  std::set<std::string> active;
  for (const LogEvent& event : context.cluster.events())
    if (event.time_ns >= trial.to_realtime(death.at_ns) && event.event == "ownership" &&
        event.text("dvipa") == address && event.text("to") == "active" && event.stack != death.host)
      active.insert(event.stack);
  if (active.empty()) {
    add_not_judged(context.result, {"FLV-1"}, "the backup with the highest rank takes over, and only it",
                   "no log tells of a takeover");
  } else {
    add_check(context.result, {"FLV-1"}, "the backup with the highest rank takes over, and only it",
              active == std::set<std::string>{dvipa.backup},
              fmt::format("{} took over {}", fmt::join(active, ", "), dvipa.label));
  }
  std::set<std::string> before;
  std::set<std::string> after;
  for (const Sightings::Announced& seen : trial.sightings().announced)
    if (seen.address == dvipa.address)
      (seen.time_ns < trial.to_realtime(death.at_ns) ? before : after).insert(seen.host);
  const bool only =
      std::ranges::includes(std::set<std::string>{dvipa.primary}, before) && after.contains(dvipa.backup) &&
      std::ranges::all_of(after, [&](const auto& host) { return host == dvipa.backup || host == death.host; });
  add_check(context.result, {"RTE-2"}, "only the owner says by ARP that the address is its own", only,
            fmt::format("before: {}; after: {}", fmt::join(before, ", "), fmt::join(after, ", ")));
}

// FLV-8, LST-3: the successor distributes by its own VIPADISTRIBUTE.
void check_own_distribution(Context& context, const Trial& trial, std::size_t moved, const Death& death) {
  const ExampleDvipa& dvipa = context.cluster.dvipas()[moved];
  std::set<std::string> used;
  const std::int64_t settled_ns = death.at_ns + 1'000'000'000;
  for (const load::ConnectionAccount& each : trial.account().connections)
    if (each.use == load::Use::churn && each.target == moved && each.begun_ns > settled_ns && !each.server.empty())
      used.insert(each.server);
  const auto& own = dvipa.candidates.at(dvipa.backup);
  const std::set<std::string> expected(own.begin(), own.end());
  add_check(context.result, {"FLV-8", "LST-3"}, "the successor uses the candidate targets of its own definition",
            used == expected, fmt::format("new connections of {} went to {}", dvipa.label, fmt::join(used, ", ")));
}

void measure(Context& context, const Trial& trial, const Fault& fault, const Death& death) {
  ScenarioResult& result = context.result;
  const std::set<std::string> dead = {fault.victim};
  const auto& dvipas = context.cluster.dvipas();
  const std::int64_t to_ns = death.at_ns + around_fault_ns;
  for (std::size_t i = 0; i < dvipas.size(); ++i) {
    const bool moved = fault.moved == i;
    const PathGap gap = trial.forwarding_gap(i, death.at_ns, to_ns, dead);
    const double limit = moved ? fault.gap_ms_max : forwarding_gap_ms_max;
    const std::string which = fmt::format("forwarding gap of {} ({})", dvipas[i].label, moved ? "moved" : "not moved");
    result.measures.push_back({which, "ms", {gap.ms}, limit});
    result.checks.push_back(
        {{"FLV-4"},
         fmt::format("the path to {} is open again in time", dvipas[i].label),
         gap.verdict(limit),
         fmt::format("no probe got through for {:.1f} ms (of which the machine stood still {:.1f}); limit {:.0f} ms",
                     gap.ms, gap.paused_ms, limit)});
    result.measures.push_back({fmt::format("longest hold of {}", dvipas[i].label),
                               "ms",
                               {trial.longest_hold_ms(i, death.at_ns, to_ns, dead)},
                               {}});
  }
  result.measures.push_back({"application gap", "ms", trial.application_gaps_ms(death.at_ns, dead), {}});
  if (!fault.moved) return;
  TakeoverMeasures times;
  times.add(takeover_times(context.cluster.events(), dvipas[*fault.moved], fault.victim, dvipas[*fault.moved].backup,
                           trial.to_realtime(death.at_ns)));
  times.report(result);
}

// FLV-12: what the victim held is lost with it, and is told to the client at once, not by silence.
void check_own_half(Context& context, const Trial& trial, const Fault& fault) {
  std::size_t held = 0;
  for (const load::ConnectionAccount& each : trial.account().connections)
    if (each.use == load::Use::steady && each.server == fault.victim) ++held;
  const auto& lost_with = context.result.lost_with;
  const bool others = std::ranges::any_of(lost_with, [&](const auto& entry) { return entry.first != fault.victim; });
  const std::uint64_t lost = lost_with.contains(fault.victim) ? lost_with.at(fault.victim) : 0;
  add_check(context.result, {"FLV-12"}, "the connections of the failed stack are lost and no other",
            !others && held > 0 && lost >= held,
            fmt::format("{} were lost with {}, which held {} of those that stay", lost, fault.victim, held));
}

lab::Result<void> run(Context& context, const Fault& fault) {
  Trial trial(context);
  trial.options().churn_per_second = 20;
  trial.options().probe_avoids = {fault.victim};
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(2s, "all connections exchange data");
  trial.mark();
  trial.run_for(300ms, fault.doing);
  const Death death = fault.strike(context.cluster);
  if (fault.relief) {
    trial.run_for(120ms, "after the fault");
    fault.relief(context.cluster);
  }
  trial.run_for(3s, "after the fault");
  trial.recover(15s);
  const auto finished = trial.finish();
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  trial.judge_connections({death});
  measure(context, trial, fault, death);
  check_own_half(context, trial, fault);
  if (fault.moved) {
    const ExampleDvipa& dvipa = context.cluster.dvipas()[*fault.moved];
    check_successor(context, trial, dvipa, death);
    check_own_distribution(context, trial, *fault.moved, death);
  }
  if (const auto ended = context.cluster.unexpected_end())
    add_check(context.result, {}, "no other stack ends", false, *ended);
  return {};
}

}  // namespace

lab::Result<void> kill_owner(Context& context) {
  return run(context, {"MVS1", [](Cluster& cluster) { return cluster.kill_stack("MVS1"); }, "SIGKILL of MVS1", 0});
}

lab::Result<void> link_down(Context& context) {
  const double limit = forwarding_gap_ms_max + static_cast<double>(example_detection.count());
  return run(context, {"MVS1", [](Cluster& cluster) { return cluster.pull_cable("MVS1"); }, "the cable of MVS1 pulled",
                       0, limit});
}

// The connections of MVS2 are known to nobody but MVS2 until it goes on: their packets have to wait for it.
lab::Result<void> slow_report(Context& context) {
  const auto strike = [](Cluster& cluster) {
    cluster.pause_stack("MVS2");
    return cluster.kill_stack("MVS1");
  };
  const double limit = forwarding_gap_ms_max + static_cast<double>(example_detection.count());
  return run(context, {"MVS1", strike, "SIGKILL of MVS1 while MVS2 stands still", 0, limit,
                       [](Cluster& cluster) { cluster.continue_stack("MVS2"); }});
}

lab::Result<void> kill_target(Context& context) {
  return run(context, {"MVS4", [](Cluster& cluster) { return cluster.kill_stack("MVS4"); }, "SIGKILL of MVS4", {}});
}

lab::Result<void> clean_stop(Context& context) {
  auto ran = run(context, {"MVS1", [](Cluster& cluster) { return cluster.begin_stop("MVS1"); }, "SIGTERM to MVS1", 0});
  if (!ran) return ran;
  const auto status = context.cluster.stack("MVS1").wait(5s);
  add_check(context.result, {"MOV-7"}, "the stopped stack ends by itself", status && status->passed(),
            status ? to_string(*status) : "still running 5 s after the run");
  const std::string traces =
      "ip -o addr show dev lo | grep -v -e ' 127.0.0.1/' -e ' ::1/'; ip -o link | grep -v -e ' lo:' -e ' e0@'; nft "
      "list tables; true";
  const auto left = context.cluster.lab().run("MVS1", {"sh", "-c", traces});
  if (!left) return tl::unexpected(left.error());
  add_check(context.result, {"MOV-7"}, "it leaves nothing on its host", left->empty(),
            left->empty() ? "no address, device or table" : *left);
  return {};
}

}  // namespace dvipa::conform
