// What an operator changes while everything runs: the profile, whether a target takes new connections, whether a stack
// is in its group. Nothing unrelated is disturbed.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr double change_gap_ms_max = 5;  // every stack lives
constexpr auto settle_limit = 20s;
constexpr std::int64_t in_force_ns = 300'000'000;  // after the answer a change holds for every new connection
const std::string primary = "MVS1";                // of DVA1, the first of the example

const ExampleDvipa& changed(Context& context) { return context.cluster.dvipas().front(); }

// Does what the operator says; false, with a check, when the stack refuses or nobody can be told.
bool order(Context& context, const std::string& host, const std::vector<std::string>& words,
           const std::vector<std::string>& requirements) {
  const std::string what = fmt::format("{} obeys: {}", host, fmt::join(words, " "));
  const auto answer = context.cluster.operate(host, words);
  if (answer && *answer) return true;
  if (answer) {
    add_not_judged(context.result, requirements, what, "the implementation has no operator's command");
  } else {
    add_check(context.result, requirements, what, false, answer.error().what);
  }
  return false;
}

// Those of the first DVIPA that begin in the span, once the change is in force.
std::vector<const load::ConnectionAccount*> new_connections(const Trial& trial, const Span& span) {
  std::vector<const load::ConnectionAccount*> found;
  for (const load::ConnectionAccount& each : trial.account().connections)
    if (each.use == load::Use::churn && each.target == 0 && each.begun_ns > span.from_ns + in_force_ns &&
        each.begun_ns < span.to_ns && !each.server.empty())
      found.push_back(&each);
  return found;
}

std::set<std::string> servers_of_new(const Trial& trial, const Span& span) {
  std::set<std::string> servers;
  for (const load::ConnectionAccount* each : new_connections(trial, span)) servers.insert(each->server);
  return servers;
}

void check_servers(Context& context, const Trial& trial, const Span& span, const std::set<std::string>& expected,
                   const std::string& when, const std::vector<std::string>& requirements) {
  const auto used = servers_of_new(trial, span);
  add_check(context.result, requirements, fmt::format("new connections go where they should {}", when),
            used == expected, fmt::format("to {}; expected {}", fmt::join(used, ", "), fmt::join(expected, ", ")));
}

// A change of the profile, and the targets of DVA1 that it makes.
struct Change {
  std::string statements;
  std::set<std::string> servers;
};

std::vector<Change> changes(Context& context) {
  const std::string dvipa = to_string(changed(context).address);
  const bool v4 = changed(context).address.is_v4();
  const std::string other = v4 ? "10.77.3.1" : "fd77:0:0:3::1";
  const std::string distribute = "VIPADISTRIBUTE DEFINE ";
  const std::set<std::string> original = {"MVS1", "MVS2", "MVS4"};
  const std::set<std::string> few = {"MVS2", "MVS3"};
  return {
      {distribute + dvipa + " PORT 60 DESTIP 10.77.0.2, 10.77.0.3", few},
      {distribute + dvipa + " PORT 60 61 DESTIP 10.77.0.2, 10.77.0.3", few},
      {fmt::format("VIPADEFINE {} {} {}{} PORT 60 DESTIP ALL", v4 ? "255.255.255.0" : "/64", other, distribute, other),
       few},
      {"VIPADELETE " + other, few},
      {distribute + "DISTMETHOD WEIGHTED " + dvipa + " PORT 60 DESTIP 10.77.0.2 WEIGHT 3, 10.77.0.4 WEIGHT 1",
       {"MVS2", "MVS4"}},
      {distribute + dvipa + " PORT 60 DESTIP 10.77.0.1, 10.77.0.2, 10.77.0.4", original},
  };
}

// Has the primary obey the statements; empty when it did not.
std::optional<Span> apply(Context& context, Trial& trial, const Change& change, const std::string& doing) {
  const std::string file = context.folder + "/change.profile";
  std::ofstream(file) << "VIPADYNAMIC\n" << change.statements << "\nENDVIPADYNAMIC\n";
  trial.mark();
  const std::int64_t begun_ns = load::monotonic_ns();
  if (!order(context, primary, {"--obey", file}, {"CFG-7"})) return std::nullopt;
  trial.run_for(1200ms, doing);
  return Span{begun_ns, load::monotonic_ns()};
}

// The host looks busy to who asks its kernel: hardly anything of its processors is to be had.
lab::Result<void> keep_busy(Context& context, const std::string& host) {
  const std::string load = context.folder + "/loadavg";
  const std::string ticks = context.folder + "/stat";
  std::ofstream(load) << "200.00 200.00 200.00 200/400 1\n";
  std::ofstream(ticks) << "cpu  1000 0 0 0 0 0 0 0 0 0\ncpu0 1000 0 0 0 0 0 0 0 0 0\n";
  const auto mounted = context.cluster.lab().run(
      host, {"sh", "-c", fmt::format("mount --bind {} /proc/loadavg && mount --bind {} /proc/stat", load, ticks)});
  if (!mounted) return tl::unexpected(mounted.error());
  return {};
}

// How many connections of each server began in the span, once the change is in force; a map for each client address.
std::map<Address, std::map<std::string, std::size_t>> shares_of_new(const Trial& trial, const Span& span) {
  std::map<Address, std::map<std::string, std::size_t>> shares;
  for (const load::ConnectionAccount* each : new_connections(trial, span)) ++shares[each->local][each->server];
  return shares;
}

lab::Result<bool> finish(Trial& trial) {
  trial.run_for(500ms, "after the last command");
  trial.recover(15s);
  return trial.finish();
}

}  // namespace

lab::Result<void> profile_change(Context& context) {
  Trial trial(context);
  trial.options().churn_per_second = 60;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  const std::vector<Change> every = changes(context);
  const std::size_t rounds = std::max<std::size_t>(context.options.rounds, every.size());
  std::vector<Span> spans;
  while (spans.size() < rounds) {
    const auto span = apply(context, trial, every[spans.size() % every.size()],
                            fmt::format("change {} of {}", spans.size() + 1, rounds));
    if (!span) break;
    spans.push_back(*span);
  }
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || spans.size() < rounds) return {};
  trial.judge_connections({});
  for (std::size_t i = 0; i < rounds; ++i)
    check_servers(context, trial, spans[i], every[i % every.size()].servers, fmt::format("after change {}", i + 1),
                  {"CFG-7", "RTE-1"});
  judge_gaps(context.result, trial, spans, {}, change_gap_ms_max, "the path stays open through every change",
             {"CFG-7"});
  return {};
}

lab::Result<void> quiesced_target(Context& context) {
  const std::string target = "MVS2";
  Trial trial(context);
  trial.options().churn_per_second = 60;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  const std::int64_t quiesced_ns = load::monotonic_ns();
  const bool quiesced = order(context, target, {"sysplex", "quiesce,60"}, {"MOV-7"});
  trial.run_for(1500ms, target + " is quiesced");
  const std::int64_t resumed_ns = load::monotonic_ns();
  const bool resumed = quiesced && order(context, target, {"sysplex", "resume"}, {"MOV-7"});
  trial.run_for(1500ms, target + " has resumed");
  const std::int64_t end_ns = load::monotonic_ns();
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !resumed) return {};
  trial.judge_connections({});
  check_servers(context, trial, {quiesced_ns, resumed_ns}, {"MVS1", "MVS4"}, "while a target is quiesced",
                {"MOV-7", "TGT-2"});
  check_servers(context, trial, {resumed_ns, end_ns}, {"MVS1", "MVS2", "MVS4"}, "when it has resumed",
                {"MOV-7", "TGT-1"});
  return {};
}

// RTE-8: by what targets report of their hosts, and by what the operator orders.
lab::Result<void> capacity(Context& context) {
  const std::string busy = "MVS4";
  const std::string dvipa = to_string(changed(context).address);
  if (auto kept = keep_busy(context, busy); !kept) return kept;
  Trial trial(context);
  trial.options().churn_per_second = 60;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(2500ms, "every stack has measured its host");
  const auto reported =
      apply(context, trial,
            {fmt::format("VIPADISTRIBUTE DEFINE DISTMETHOD BASEWLM {} PORT 60 DESTIP 10.77.0.2, 10.77.0.4", dvipa), {}},
            "the targets' reports decide");
  const std::int64_t ordered_ns = load::monotonic_ns();
  const bool ordered =
      reported && order(context, primary, {"sysplex", fmt::format("weight,{},{},0", dvipa, busy)}, {"RTE-8"});
  trial.run_for(1200ms, busy + " gets nothing, the operator says");
  const Span ordered_span{ordered_ns, load::monotonic_ns()};
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !ordered) return {};
  trial.judge_connections({});
  std::map<std::string, std::size_t> share;
  for (const load::ConnectionAccount* each : new_connections(trial, *reported)) ++share[each->server];
  const std::size_t of_busy = share[busy];
  const std::size_t all = of_busy + share["MVS2"];
  add_check(context.result, {"RTE-8"}, "a target whose host is busy gets few of the new connections",
            share["MVS2"] > 0 && of_busy * 4 < all, fmt::format("{} of {} go to {}", of_busy, all, busy));
  check_servers(context, trial, ordered_span, {"MVS2"}, "when the operator has given one the weight 0", {"RTE-8"});
  return {};
}

lab::Result<void> affinity(Context& context) {
  Trial trial(context);
  trial.options().churn_per_second = 60;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  const auto span = apply(context, trial,
                          {fmt::format("VIPADISTRIBUTE DEFINE TIMEDAFFINITY 30 {} PORT 60 DESTIP 10.77.0.1, 10.77.0.2, "
                                       "10.77.0.4",
                                       to_string(changed(context).address)),
                           {}},
                          "clients keep their targets");
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !span) return {};
  trial.judge_connections({});
  std::size_t connections = 0;
  std::size_t strayed = 0;
  const auto shares = shares_of_new(trial, *span);
  for (const auto& [client, servers] : shares) {
    std::size_t most = 0;
    std::size_t all = 0;
    for (const auto& [server, count] : servers) all += count, most = std::max(most, count);
    connections += all;
    strayed += all - most;
  }
  add_check(context.result, {"RTE-8"}, "each client's new connections go to one target, for the time of its affinity",
            connections > shares.size() && strayed == 0,
            fmt::format("{} connections of {} clients, {} of them elsewhere", connections, shares.size(), strayed));
  return {};
}

lab::Result<void> group_left(Context& context) {
  Trial trial(context);
  trial.options().churn_per_second = 40;
  trial.options().probe_avoids = {primary};
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const Death left{primary, load::monotonic_ns()};
  context.cluster.count_out(primary);
  const bool away = order(context, primary, {"sysplex", "leavegroup"}, {"MOV-7"});
  const auto missing = away ? context.cluster.await_settled(settle_limit) : std::nullopt;
  trial.run_for(1s, primary + " has left its group");
  const bool back = away && !missing && order(context, primary, {"sysplex", "joingroup"}, {"MOV-7"});
  context.cluster.count_in(primary);
  const auto absent = back ? context.cluster.await_settled(settle_limit) : std::nullopt;
  trial.run_for(1s, primary + " is back");
  const Span span{left.at_ns, load::monotonic_ns()};
  const auto finished = finish(trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !away) return {};
  add_check(context.result, {"MOV-7", "LIVE-2"}, "the group settles without the stack, and with it again",
            back && !absent,
            missing  ? *missing
            : absent ? *absent
                     : "a backup took over, and the primary took back");
  trial.judge_connections({left});
  judge_gaps(context.result, trial, {span}, {primary}, change_gap_ms_max, "the path stays open", {"MOV-7", "TKB-6"});
  return {};
}

}  // namespace dvipa::conform
