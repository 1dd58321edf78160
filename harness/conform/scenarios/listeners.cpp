// Ports without a listener, and listeners that end.
#include <fmt/core.h>
#include <fmt/ranges.h>
#include <poll.h>

#include <algorithm>
#include <map>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr unsigned tries = 20;                        // connections to each DVIPA
constexpr std::int64_t notice_ns = 200'000'000;       // for the news that a listener has ended
constexpr std::int64_t refusal_ns_max = 500'000'000;  // silence would take a second: the client's first retransmission

// Opens connections to `port` of each DVIPA and tells how they ended: outcome -> count, and the longest that one took
// to be refused.
struct Attempt {
  std::map<std::string, unsigned> outcomes;
  std::int64_t longest_ns = 0;
  bool all(load::Outcome outcome) const {
    return outcomes.size() == 1 && outcomes.contains(std::string(load::name_of(outcome)));
  }
  std::string text() const {
    std::vector<std::string> parts;
    for (const auto& [name, count] : outcomes) parts.push_back(fmt::format("{} {}", count, name));
    return fmt::format("{}; the slowest took {:.1f} ms", fmt::join(parts, ", "), static_cast<double>(longest_ns) / 1e6);
  }
};

lab::Result<Attempt> attempt(Context& context, Port port) {
  load::ClientOptions options;
  for (const ExampleDvipa& dvipa : context.cluster.dvipas()) options.targets.push_back({dvipa.address, port});
  options.steady_per_target = tries;
  options.probes_per_target = 0;
  options.open_limit_ms = 3000;
  options.finish_limit_ms = 3000;
  auto load = Load::start(context.cluster.lab(), "client", options);
  if (!load) return tl::unexpected(load.error());
  while (load->running() && load->progress(100ms).phase == "opening") {
  }
  Attempt made;
  const auto account = load->finish();
  if (!account) return tl::unexpected(lab::Failure{"the load died", "see its message"});
  for (const load::ConnectionAccount& each : account->connections) {
    ++made.outcomes[std::string(load::name_of(each.outcome))];
    const std::int64_t took_ns = (each.opened_ns != 0 ? each.opened_ns : each.ended_ns) - each.begun_ns;
    made.longest_ns = std::max(made.longest_ns, took_ns);
  }
  return made;
}

// Tries again until the outcome is as wanted, for as long as news may take.
lab::Result<Attempt> attempt_until(Context& context, Port port, load::Outcome wanted, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    auto made = attempt(context, port);
    if (!made || made->all(wanted) || std::chrono::steady_clock::now() > until) return made;
  }
}

void check_refused(Context& context, const std::string& what, const Attempt& made) {
  add_check(context.result, {"RTE-5"}, what, made.all(load::Outcome::refused) && made.longest_ns <= refusal_ns_max,
            made.text());
}

// TGT-2, RTE-6, after the listener of one host ended and the application of another was killed.
void check_elsewhere(Context& context, const Trial& trial, const std::string& host, std::int64_t ended_ns,
                     bool listener_only) {
  std::size_t late = 0;
  std::size_t lost = 0;
  std::size_t held = 0;
  for (const load::ConnectionAccount& each : trial.account().connections) {
    const std::string target = target_of(each, trial.sightings(), trial.to_realtime(0));
    if (target != host) continue;
    if (each.begun_ns > ended_ns + notice_ns) ++late;
    if (each.use != load::Use::steady) continue;
    ++held;
    if (each.outcome != load::Outcome::kept) ++lost;
  }
  const std::string how = listener_only ? "listener has ended" : "application was killed";
  add_check(context.result, {"TGT-2"}, fmt::format("new connections go elsewhere when a target's {}", how),
            late == 0 && held > 0,
            fmt::format("{} connections still went to {} later than {} ms after", late, host, notice_ns / 1'000'000));
  if (listener_only)
    add_check(context.result, {"RTE-6"}, "connections of an ended listener go on", lost == 0 && held > 0,
              fmt::format("{} of {} steady connections of {} were lost", lost, held, host));
}

}  // namespace

lab::Result<void> refused(Context& context) {
  const auto undefined = attempt(context, 61);
  if (!undefined) return tl::unexpected(undefined.error());
  check_refused(context, "a SYN to a port that is not distributed is refused", *undefined);
  for (auto& [host, server] : context.cluster.servers()) server.end_listener();
  const auto without = attempt_until(context, 60, load::Outcome::refused, 3s);
  if (!without) return tl::unexpected(without.error());
  check_refused(context, "a SYN is refused when no target has a listener", *without);
  for (auto& [host, server] : context.cluster.servers()) server.listen_again();
  const auto again = attempt_until(context, 60, load::Outcome::kept, 3s);
  if (!again) return tl::unexpected(again.error());
  add_check(context.result, {"TGT-1"}, "connections open when the listeners are back", again->all(load::Outcome::kept),
            again->text());
  return {};
}

lab::Result<void> listener_end(Context& context) {
  Trial trial(context);
  trial.options().steady_per_target = std::min(context.options.connections, 200U);
  trial.options().churn_per_second = 100;
  if (auto begun = trial.begin(); !begun) return begun;
  trial.run_for(1s, "all connections exchange data");
  trial.mark();
  const std::int64_t ended_ns = load::monotonic_ns();
  context.cluster.server("MVS2").end_listener();
  trial.run_for(1500ms, "the listener of MVS2 has ended");
  const Death killed{"MVS4", load::monotonic_ns(), {}, true};
  context.cluster.server("MVS4").process().signal(SIGKILL);
  trial.run_for(1500ms, "the application of MVS4 was killed");
  const auto finished = trial.finish();
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  // What the kernel of MVS2 had not yet given to the application when the listener ended, it resets: the application's
  // doing.
  JudgeOptions options;
  for (const std::int64_t at_ns : {ended_ns, killed.at_ns})
    options.refusals_expected.emplace_back(at_ns - notice_ns / 10, at_ns + notice_ns);
  trial.judge_connections({killed}, options);
  check_elsewhere(context, trial, "MVS2", ended_ns, true);
  check_elsewhere(context, trial, "MVS4", killed.at_ns, false);
  return {};
}

}  // namespace dvipa::conform
