// The recovered primary takes its DVIPA back under load: the moment at which packets arrive before state is back. And
// what may fail in that moment.
#include <fmt/core.h>
#include <poll.h>

#include <algorithm>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
// Both stacks live: nobody needs to be without an owner.
constexpr double takeback_gap_ms_max = 5;
constexpr auto begin_limit = 5s;  // from the start of the primary to its first claim

const std::string primary = "MVS1";  // of DVA1, the first of the example

const ExampleDvipa& taken_back(Context& context) { return context.cluster.dvipas().front(); }

// As soon as the primary's log says that it collects reports, or has done so already; false when neither comes.
bool await_claim(Context& context) {
  const std::int64_t until = load::monotonic_ns() + std::chrono::nanoseconds(begin_limit).count();
  while (load::monotonic_ns() < until) {
    const std::string state = context.cluster.state(primary, taken_back(context));
    if (state == "taking_back" || state == "active") return true;
    ::poll(nullptr, 0, 1);
  }
  return false;
}

// Kills the primary and waits until its backup has taken over; empty, with a failed check, when it does not.
std::optional<Death> lose_primary(Context& context, Trial& trial, const std::string& doing) {
  trial.run_for(300ms, doing);
  const Death death = context.cluster.kill_stack(primary);
  if (!settles(context, {"LIVE-1"}, doing)) return std::nullopt;
  trial.run_for(300ms, "its backup has taken over");
  return death;
}

// How long each takeback took, by the primary's log.
void measure_takebacks(Context& context) {
  std::vector<double> times;
  std::optional<std::int64_t> begun_ns;
  for (const LogEvent& event : context.cluster.events()) {
    if (event.stack != primary || event.event != "ownership") continue;
    if (event.text("dvipa") != to_string(taken_back(context).address)) continue;
    if (event.text("to") == "taking_back") begun_ns = event.time_ns;
    if (event.text("to") == "active" && begun_ns) times.push_back(static_cast<double>(event.time_ns - *begun_ns) / 1e6);
    if (event.text("to") != "taking_back") begun_ns.reset();
  }
  context.result.measures.push_back({"takeback, from claim to owner", "ms", times, {}});
}

// One takeback: the primary starts again and takes the DVIPA back. Empty when it does not.
std::optional<Span> take_back(Context& context, Trial& trial, const std::string& doing) {
  const std::int64_t begun_ns = load::monotonic_ns();
  if (!context.cluster.start_stack(primary)) return std::nullopt;
  if (!settles(context, {"LIVE-2", "TKB-2"}, doing)) return std::nullopt;
  trial.run_for(500ms, doing);
  return Span{begun_ns, load::monotonic_ns()};
}

// How long a stack that nobody has stopped stood still, by its own word: that excuses nothing, but whoever is silent
// for longer than the detection time is taken for dead, and then this host gives no verdict.
double longest_pause_ms(Context& context, const std::string& stopped) {
  double longest_ms = 0;
  for (const LogEvent& event : context.cluster.events())
    if (event.event == "paused" && event.stack != stopped)
      longest_ms = std::max(longest_ms, event.fields.value("ms", 0.0));
  return longest_ms;
}

// Empties the load, and says whether it can be judged. `stopped`: the stack that the scenario has made stand still.
lab::Result<bool> finish(Context& context, Trial& trial, const std::string& stopped = "") {
  trial.run_for(1s, "after the last fault");
  trial.recover(15s);
  auto finished = trial.finish();
  context.result.standstill_ms = std::max(context.result.standstill_ms, longest_pause_ms(context, stopped));
  return finished;
}

void begin_options(Trial& trial) {
  trial.options().churn_per_second = 40;
  trial.options().probe_avoids = {primary};
}

// What `strike` does in the moment of the claim; a round in which that came too late still counts for the connections.
lab::Result<void> disturbed_takebacks(Context& context, const std::vector<std::string>& requirements,
                                      const std::string& victim) {
  Trial trial(context);
  begin_options(trial);
  trial.options().probe_avoids = {primary, victim};
  if (auto begun = trial.begin(); !begun) return begun;
  std::vector<Death> deaths;
  unsigned in_time = 0;
  const unsigned rounds = context.options.rounds;
  for (unsigned number = 0; number < rounds; ++number) {
    const std::string round = fmt::format("round {} of {}", number + 1, rounds);
    trial.mark();
    const auto lost = lose_primary(context, trial, round + ": SIGKILL of " + primary);
    if (!lost) break;
    deaths.push_back(*lost);
    if (!context.cluster.start_stack(primary) || !await_claim(context)) break;
    if (context.cluster.state(primary, taken_back(context)) == "taking_back") ++in_time;
    deaths.push_back(context.cluster.kill_stack(victim));
    if (!settles(context, requirements, round + ": " + victim + " died in the takeback")) break;
    if (!context.cluster.start_stack(victim)) break;
    if (!settles(context, requirements, round + ": " + victim + " is back")) break;
    trial.run_for(300ms, round + ": all are back");
  }
  const auto finished = finish(context, trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  add_check(
      context.result, requirements, "every round ends with every stack back", deaths.size() == 2UL * rounds,
      fmt::format("{} of {} rounds; in {} the death came within the takeback", deaths.size() / 2, rounds, in_time));
  trial.judge_connections(deaths);
  measure_takebacks(context);
  return {};
}

// RTE-2, FLV-9: from `from_ns` on the host does not say that the address is its own before its log says that it owns
// it.
void check_silence(Context& context, const Trial& trial, std::int64_t from_ns) {
  const ExampleDvipa& dvipa = taken_back(context);
  const std::int64_t from_realtime_ns = trial.to_realtime(from_ns);
  std::int64_t owns_ns = std::numeric_limits<std::int64_t>::max();
  for (const LogEvent& event : context.cluster.events())
    if (event.stack == primary && event.time_ns >= from_realtime_ns && event.event == "ownership" &&
        event.text("dvipa") == to_string(dvipa.address) && event.text("to") == "active")
      owns_ns = std::min(owns_ns, event.time_ns);
  constexpr std::int64_t log_delay_ns = 5'000'000;  // a line is written after what it tells
  const auto early = std::ranges::count_if(trial.sightings().announced, [&](const Sightings::Announced& seen) {
    return seen.address == dvipa.address && seen.host == primary && seen.time_ns >= from_realtime_ns &&
           seen.time_ns < owns_ns - log_delay_ns;
  });
  add_check(context.result, {"FLV-9", "RTE-2"}, "who comes back says nothing of the address before it owns it again",
            early == 0, fmt::format("{} answers or announcements of {} too early", early, primary));
}

}  // namespace

lab::Result<void> takeback_rounds(Context& context) {
  Trial trial(context);
  begin_options(trial);
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  std::vector<Death> deaths;
  std::vector<Span> spans;
  for (unsigned number = 0; number < context.options.rounds; ++number) {
    const std::string round = fmt::format("round {} of {}", number + 1, context.options.rounds);
    const auto death = lose_primary(context, trial, round + ": SIGKILL of " + primary);
    if (!death) break;
    deaths.push_back(*death);
    trial.mark();
    const auto span = take_back(context, trial, round + ": " + primary + " takes back");
    if (!span) break;
    spans.push_back(*span);
  }
  const auto finished = finish(context, trial);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  add_check(context.result, {"LIVE-2"}, "each takeback succeeds", spans.size() == context.options.rounds,
            fmt::format("{} of {} rounds", spans.size(), context.options.rounds));
  trial.judge_connections(deaths);
  judge_gaps(context.result, trial, spans, {primary}, takeback_gap_ms_max, "the path stays open through the takeback",
             {"TKB-2", "TKB-6"});
  measure_takebacks(context);
  return {};
}

lab::Result<void> takeback_owner_dies(Context& context) {
  return disturbed_takebacks(context, {"TKB-7", "LIVE-1"}, taken_back(context).backup);
}

lab::Result<void> takeback_primary_dies(Context& context) {
  return disturbed_takebacks(context, {"TKB-7", "LIVE-1"}, primary);
}

lab::Result<void> paused_owner(Context& context) {
  Trial trial(context);
  begin_options(trial);
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const Death pause = context.cluster.pause_stack(primary);
  const bool succeeded = settles(context, {"FLV-1"}, primary + " stands still");
  trial.run_for(1500ms, primary + " stands still");
  const std::int64_t continued_ns = load::monotonic_ns();
  context.cluster.continue_stack(primary);
  const bool settled = succeeded && settles(context, {"FLV-9", "LIVE-2"}, primary + " goes on");
  trial.run_for(500ms, primary + " has gone on");
  const Span span{continued_ns, load::monotonic_ns()};
  const auto finished = finish(context, trial, primary);
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished || !settled) return {};
  trial.judge_connections({pause});
  judge_gaps(context.result, trial, {span}, {primary}, forwarding_gap_ms_max,
             "the path stays open when the former owner goes on", {"FLV-9"});
  check_silence(context, trial, continued_ns);
  measure_takebacks(context);
  return {};
}

}  // namespace dvipa::conform
