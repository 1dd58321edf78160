// The common course of a scenario under load.
#include "harness/conform/trial.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <numeric>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/statistics.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;
constexpr auto settle_limit = 20s;
constexpr std::size_t incidents_max = 20;
constexpr double ms_ns = 1e6;

}  // namespace

void add_check(ScenarioResult& result, std::vector<std::string> requirements, std::string what, bool holds,
               std::string evidence) {
  result.checks.push_back(
      {std::move(requirements), std::move(what), holds ? Verdict::passed : Verdict::failed, std::move(evidence)});
}

void add_not_judged(ScenarioResult& result, std::vector<std::string> requirements, std::string what, std::string why) {
  result.checks.push_back({std::move(requirements), std::move(what), Verdict::not_judged, std::move(why)});
}

bool settles(Context& context, const std::vector<std::string>& requirements, const std::string& when) {
  const auto missing = context.cluster.await_settled(settle_limit);
  if (missing)
    add_check(context.result, requirements, "the cluster settles", false, fmt::format("{}: {}", when, *missing));
  return !missing;
}

Trial::Trial(Context& context) : context_(context) {
  for (const ExampleDvipa& dvipa : context.cluster.dvipas()) options_.targets.push_back({dvipa.address, dvipa.port});
  options_.steady_per_target = context.options.connections;
  options_.interval_ms = context.options.interval_ms;
  options_.seed = context.options.seed;
}

lab::Result<void> Trial::begin(Recorder::What what) {
  auto recorder = Recorder::start(context_.cluster.lab(), context_.folder, what);
  if (!recorder) return tl::unexpected(recorder.error());
  recorder_.emplace(std::move(*recorder));
  realtime_minus_monotonic_ns_ = load::realtime_ns() - load::monotonic_ns();
  for (const std::string& client : clients_)
    if (auto started = start_load(client); !started) return started;
  auto told = Clock::now();
  Load::Progress now = progress(0ms);
  while (running() && now.phase == "opening") {
    now = progress(100ms);
    if (Clock::now() - told < 2s) continue;
    context_.say(fmt::format("opening connections: {} of {}", now.open, now.of));
    told = Clock::now();
  }
  add_check(context_.result, {"RTE-4", "RTE-7"}, "every connection opens, and the routing stack is a target too",
            now.open == now.of && now.of > 0, fmt::format("{} of {} open", now.open, now.of));
  return {};
}

lab::Result<void> Trial::start_load(const std::string& client) {
  load::ClientOptions options = options_;
  for (const lab::HostPlan& host : context_.cluster.lab().hosts())
    if (host.name == client) options.sources = host.addresses;
  if (!loads_.empty()) options.probes_per_target = 0;
  auto load = Load::start(context_.cluster.lab(), client, options);
  if (!load) return tl::unexpected(load.error());
  loads_.push_back(std::move(*load));
  return {};
}

void Trial::mark() {
  for (Load& load : loads_) load.mark();
}

bool Trial::running() { return std::ranges::all_of(loads_, &Load::running); }

// Of all clients together; they are opening as long as one of them is.
Load::Progress Trial::progress(std::chrono::milliseconds limit) {
  Load::Progress all{"running", 0, 0, 0, 0};
  for (Load& load : loads_) {
    const Load::Progress& each = load.progress(limit / loads_.size());
    if (each.phase == "opening") all.phase = each.phase;
    all.open += each.open;
    all.of += each.of;
    all.lost += each.lost;
    all.waiting_ms = std::max(all.waiting_ms, each.waiting_ms);
  }
  return all;
}

void Trial::run_for(std::chrono::milliseconds time, const std::string& doing) {
  const auto until = Clock::now() + time;
  auto told = Clock::now();
  context_.say(doing);
  while (running() && Clock::now() < until) {
    const Load::Progress now = progress(50ms);
    if (Clock::now() - told < 2s) continue;
    context_.say(fmt::format("{}: {} open, {} lost, longest wait {} ms", doing, now.open, now.lost, now.waiting_ms));
    told = Clock::now();
  }
}

void Trial::recover(std::chrono::milliseconds limit) {
  const auto until = Clock::now() + limit;
  while (running() && Clock::now() < until) {
    if (progress(300ms).waiting_ms < 1000) return;
  }
}

lab::Result<bool> Trial::finish() {
  context_.say("closing every connection in good order");
  bool complete = true;
  std::vector<load::Pause> pauses;  // of any client; what a probe missed is judged by those of its own
  for (Load& load : loads_) {
    auto account = load.finish();
    complete = complete && account;
    if (!complete) continue;
    std::ranges::copy(account->pauses, std::back_inserter(pauses));
    if (&load == &loads_.front()) {
      account_ = std::move(*account);
    } else {
      std::ranges::move(account->connections, std::back_inserter(account_.connections));
    }
  }
  for (auto& [host, server] : context_.cluster.servers())
    if (auto theirs = server.finish()) servers_.push_back(std::move(*theirs));
  for (const std::string& lack : recorder_->stop()) context_.result.notes.push_back(lack);
  if (!complete) {
    add_check(context_.result, {}, "the load tells what it saw", false, "its process died");
    return false;
  }
  for (const std::string& client : clients_) {
    auto sightings =
        read_sightings(fmt::format("{}/{}.pcapng", context_.folder, client), context_.cluster.lab().hosts());
    if (!sightings) return tl::unexpected(sightings.error());
    sightings_.opened.merge(sightings->opened);
    if (client == clients_.front()) sightings_.announced = std::move(sightings->announced);
  }
  std::int64_t longest_ns = 0;
  for (const load::Pause& pause : pauses) longest_ns = std::max(longest_ns, pause.to_ns - pause.from_ns);
  context_.result.standstill_ms = static_cast<double>(longest_ns) / ms_ns;
  context_.result.notes.push_back(
      fmt::format("the load itself was kept from running {} times, {:.1f} ms at the longest", pauses.size(),
                  static_cast<double>(longest_ns) / ms_ns));
  return true;
}

void Trial::judge_connections(const std::vector<Death>& deaths, JudgeOptions options) {
  options.realtime_minus_monotonic_ns = realtime_minus_monotonic_ns_;
  Judgement judgement = judge(account_, deaths, sightings_, options);
  std::uint64_t damaged_requests = 0;
  for (const Server::Account& server : servers_)
    for (const auto& [kind, count] : server.damage) damaged_requests += count;
  const Tally& tally = judgement.tally;
  ScenarioResult& result = context_.result;
  add_check(result, {"FLV-4"}, "every connection whose target lives goes on", tally.lost == 0,
            fmt::format("{} kept, {} lost, {} of these by a reset", tally.kept, tally.lost, tally.wrongly_reset));
  add_check(result, {"FLV-5", "RTE-5"}, "no new connection is refused or forgotten while listeners live",
            tally.not_opened == 0, fmt::format("{} not opened", tally.not_opened));
  add_check(result, {"FLV-4", "RTE-4"}, "no byte is lost, wrong or misdelivered",
            tally.misdelivered + tally.corrupted + damaged_requests == 0,
            fmt::format("{} misdelivered, {} damaged at the client; {} damaged at the servers", tally.misdelivered,
                        tally.corrupted, damaged_requests));
  add_check(result, {"FLV-4"}, "no connection stalls", tally.stalled == 0,
            fmt::format("{} waited longer than {} ms and went on", tally.stalled, options.stall_limit.count()));
  result.tally = tally;
  result.lost_with = judgement.lost_with;
  if (judgement.incidents.size() > incidents_max) {
    result.notes.push_back(
        fmt::format("{} incidents; the first {} are shown", judgement.incidents.size(), incidents_max));
    judgement.incidents.resize(incidents_max);
  }
  result.incidents = std::move(judgement.incidents);
}

std::vector<load::Probe> Trial::probes_of_living(std::size_t dvipa, const std::set<std::string>& dead) const {
  std::vector<load::Probe> probes;
  for (const load::Probe& probe : account_.probes.at(dvipa))
    if (!dead.contains(account_.probe_servers.at(probe.connection))) probes.push_back(probe);
  return probes;
}

PathGap Trial::forwarding_gap(std::size_t dvipa, std::int64_t from_ns, std::int64_t to_ns,
                              const std::set<std::string>& dead) const {
  const auto gap = load::widest_gap(probes_of_living(dvipa, dead), from_ns, to_ns);
  if (!gap) return {};
  return {static_cast<double>(gap->length_ns()) / ms_ns,
          static_cast<double>(load::paused_ns(*gap, account_.pauses)) / ms_ns};
}

Verdict PathGap::verdict(double limit_ms) const {
  if (ms <= limit_ms) return Verdict::passed;
  return ms - paused_ms > limit_ms ? Verdict::failed : Verdict::not_judged;
}

double Trial::longest_hold_ms(std::size_t dvipa, std::int64_t from_ns, std::int64_t to_ns,
                              const std::set<std::string>& dead) const {
  return static_cast<double>(load::longest_hold_ns(probes_of_living(dvipa, dead), from_ns, to_ns)) / ms_ns;
}

std::vector<double> Trial::application_gaps_ms(std::int64_t from_ns, const std::set<std::string>& dead) const {
  std::vector<double> gaps;
  const load::Window* window = nullptr;
  for (const load::Window& each : account_.windows)
    if (each.from_ns <= from_ns) window = &each;
  if (window == nullptr) return gaps;
  for (const load::Window::Wait& wait : window->waits)
    if (!dead.contains(wait.server)) gaps.push_back(static_cast<double>(wait.longest_ns) / ms_ns);
  return gaps;
}

void judge_gaps(ScenarioResult& result, const Trial& trial, const std::vector<Span>& spans,
                const std::set<std::string>& dead, double limit_ms, const std::string& what,
                const std::vector<std::string>& requirements) {
  std::vector<double> gaps;
  std::size_t undecided = 0;
  for (const Span& span : spans) {
    const PathGap gap = trial.forwarding_gap(0, span.from_ns, span.to_ns, dead);
    if (gap.verdict(limit_ms) == Verdict::not_judged) {
      ++undecided;
    } else {
      gaps.push_back(gap.ms);
    }
  }
  const Percentiles percentiles = percentiles_of(gaps);
  const std::string evidence = fmt::format(
      "gap p50 {:.1f} ms, p99 {:.1f} ms, max {:.1f} ms over {}; in {} more this host stood still; limit of "
      "p99 {:.0f} ms",
      percentiles.p50, percentiles.p99, percentiles.max, gaps.size(), undecided, limit_ms);
  if (gaps.size() <= undecided) {
    add_not_judged(result, requirements, what, evidence);
  } else {
    add_check(result, requirements, what, percentiles.p99 <= limit_ms, evidence);
  }
  result.measures.push_back({"forwarding gap of DVA1", "ms", gaps, limit_ms});
}

TakeoverTimes takeover_times(const std::vector<LogEvent>& events, const ExampleDvipa& dvipa, const std::string& victim,
                             const std::string& successor, std::int64_t fault_realtime_ns) {
  TakeoverTimes times;
  const std::string address = to_string(dvipa.address);
  for (const LogEvent& event : events) {
    if (event.stack != successor || event.time_ns < fault_realtime_ns) continue;
    const double after_ms = static_cast<double>(event.time_ns - fault_realtime_ns) / ms_ns;
    if (event.event == "member_down" && event.text("member") == victim && !times.detection) times.detection = after_ms;
    if (event.text("dvipa") != address) continue;
    if (event.event == "advertised" && !times.advertised) times.advertised = after_ms;
    if (event.event == "ownership" && event.text("to") == "active" && !times.active) times.active = after_ms;
    if (event.event == "rebuilt" && !times.rebuild) times.rebuild = event.fields.value("elapsed_us", 0.0) / 1000;
  }
  return times;
}

void TakeoverMeasures::add(const TakeoverTimes& times) {
  if (times.detection) detection_.push_back(*times.detection);
  if (times.advertised) advertised_.push_back(*times.advertised);
  if (times.active) active_.push_back(*times.active);
  if (times.rebuild) rebuild_.push_back(*times.rebuild);
}

void TakeoverMeasures::report(ScenarioResult& result) const {
  result.measures.push_back({"fault to detection", "ms", detection_, {}});
  result.measures.push_back({"fault to advertisement", "ms", advertised_, {}});
  result.measures.push_back({"fault to active owner", "ms", active_, {}});
  result.measures.push_back({"rebuild of the tables", "ms", rebuild_, {}});
}

}  // namespace dvipa::conform
