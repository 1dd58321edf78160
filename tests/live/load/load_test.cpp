// The load over real TCP in a lab without any forwarder: it tells the truth about connections that are kept, and about
// those that are not.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <functional>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/load/gap.hpp"
#include "harness/conform/workload.hpp"
#include "harness/lab/sandbox.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using load::Outcome;
using load::Use;

#define REQUIRE(condition)                                                 \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition); \
      return 1;                                                            \
    }                                                                      \
  } while (false)

// A lab with a server on each of two hosts, which the client reaches by the hosts' own addresses.
struct Bench {
  lab::Lab lab;
  std::vector<Server> servers;
  load::ClientOptions options;
};

std::optional<Bench> make_bench(unsigned hosts) {
  auto lab = lab::Lab::build(lab::standard_plan(hosts));
  if (!lab) return std::nullopt;
  Bench bench{std::move(*lab), {}, {}};
  for (const lab::HostPlan& host : bench.lab.hosts()) {
    if (host.name == "client") {
      bench.options.sources = host.addresses;
      continue;
    }
    auto server = Server::start(bench.lab, host.name, {});
    if (!server) return std::nullopt;
    bench.servers.push_back(std::move(*server));
    bench.options.targets.push_back({host.addresses.front(), 60});
  }
  bench.options.steady_per_target = 50;
  bench.options.probes_per_target = 50;
  bench.options.interval_ms = 20;
  bench.options.finish_limit_ms = 3000;
  return bench;
}

bool becomes(Load& load, const std::function<bool(const Load::Progress&)>& condition) {
  const auto until = std::chrono::steady_clock::now() + 20s;
  while (!condition(load.progress(100ms)))
    if (std::chrono::steady_clock::now() > until || !load.running()) return false;
  return true;
}
bool runs(const Load::Progress& progress) { return progress.phase == "running"; }

// Returns when the load has run for another while, by its own count of progress reports.
void let_run(Load& load, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) load.progress(50ms);
}

template <typename Matches>
auto count(const load::Account& account, Matches matches) {
  return std::ranges::count_if(account.connections, matches);
}

bool all_kept(const load::Account& account) {
  bool all = true;
  for (const load::ConnectionAccount& each : account.connections) {
    if (each.outcome == Outcome::kept) continue;
    all = false;
    std::fprintf(
        stderr,
        "%s connection of port %u to %s: %s after %llu exchanges, %.1f ms after its begin, longest wait %.1f ms\n",
        std::string(name_of(each.use)).c_str(), each.local_port, each.server.c_str(),
        std::string(name_of(each.outcome)).c_str(), static_cast<unsigned long long>(each.exchanges),
        static_cast<double>(each.ended_ns - each.begun_ns) / 1e6, static_cast<double>(each.longest_wait_ns) / 1e6);
  }
  return all;
}

int healthy() {
  auto bench = make_bench(2);
  REQUIRE(bench);
  bench->options.churn_per_second = 50;
  auto load = Load::start(bench->lab, "client", bench->options);
  REQUIRE(load && becomes(*load, runs));
  let_run(*load, 600ms);
  load->mark();
  let_run(*load, 300ms);
  const auto account = load->finish();
  REQUIRE(account);
  REQUIRE(all_kept(*account));
  REQUIRE(count(*account, [](const auto& c) { return c.damages != load::DamageCounts{}; }) == 0);
  REQUIRE(count(*account, [](const auto& c) { return c.use == Use::steady && c.exchanges >= 5; }) == 100);
  REQUIRE(count(*account, [](const auto& c) { return c.use == Use::churn; }) >= 40);
  REQUIRE(account->probes.size() == 2 && account->probes[0].size() > 50);
  REQUIRE(account->windows.size() == 2 && account->windows[0].waits.size() == 100);
  std::uint64_t requests = 0;
  for (Server& server : bench->servers) {
    const auto theirs = server.finish();
    REQUIRE(theirs && !theirs->accepted.empty());
    requests += theirs->requests;
  }
  std::uint64_t exchanges = 0;
  for (const auto& connection : account->connections) exchanges += connection.exchanges;
  REQUIRE(requests == exchanges);
  return 0;
}

int server_killed() {
  auto bench = make_bench(2);
  REQUIRE(bench);
  auto load = Load::start(bench->lab, "client", bench->options);
  REQUIRE(load && becomes(*load, runs));
  bench->servers[0].process().signal(SIGKILL);
  REQUIRE(becomes(*load, [](const auto& progress) { return progress.lost == 100; }));
  const auto account = load->finish();
  REQUIRE(account);
  const auto lost = [](const auto& c) { return c.outcome == Outcome::closed || c.outcome == Outcome::reset; };
  REQUIRE(count(*account, [&](const auto& c) { return c.server == "MVS1" && lost(c); }) == 100);
  REQUIRE(count(*account, [&](const auto& c) { return c.server == "MVS2" && c.outcome == Outcome::kept; }) == 100);
  REQUIRE(!bench->servers[0].finish());
  return 0;
}

int cable_pulled() {
  auto bench = make_bench(2);
  REQUIRE(bench);
  bench->options.probes_per_target = 300;
  auto load = Load::start(bench->lab, "client", bench->options);
  REQUIRE(load && becomes(*load, runs));
  let_run(*load, 200ms);
  const auto down_ns = load::monotonic_ns();
  REQUIRE(bench->lab.set_link("MVS1", false));
  let_run(*load, 100ms);
  REQUIRE(bench->lab.set_link("MVS1", true));
  const auto up_ns = load::monotonic_ns();
  REQUIRE(becomes(*load, [](const auto& progress) { return progress.waiting_ms < 50; }));
  let_run(*load, 300ms);
  const auto account = load->finish();
  REQUIRE(account);
  // Everything survives 100 ms without a cable, and the gap is found as long as it was.
  REQUIRE(all_kept(*account));
  const auto gap = load::widest_gap(account->probes[0], down_ns, up_ns);
  REQUIRE(gap && gap->closed);
  const auto pulled_ns = up_ns - down_ns;
  const auto paused_ns = load::paused_ns(*gap, account->pauses);
  std::fprintf(stderr, "pulled for %.1f ms, gap %.1f ms, of which the load did not run %.1f ms\n",
               static_cast<double>(pulled_ns) / 1e6, static_cast<double>(gap->length_ns()) / 1e6,
               static_cast<double>(paused_ns) / 1e6);
  REQUIRE(gap->length_ns() > pulled_ns - 10'000'000);
  // Upwards there is room for a busy machine: what is not run in time is not answered in time either.
  REQUIRE(gap->length_ns() < pulled_ns + 100'000'000 + paused_ns);
  REQUIRE(!load::widest_gap(account->probes[1], down_ns, up_ns));
  return 0;
}

int nobody_listens() {
  auto bench = make_bench(1);
  REQUIRE(bench);
  bench->servers.clear();
  auto load = Load::start(bench->lab, "client", bench->options);
  REQUIRE(load && becomes(*load, runs));
  const auto account = load->finish();
  REQUIRE(account && account->connections.size() == 100);
  REQUIRE(count(*account, [](const auto& c) { return c.outcome == Outcome::refused; }) == 100);
  return 0;
}

int listener_ended() {
  auto bench = make_bench(1);
  REQUIRE(bench);
  auto load = Load::start(bench->lab, "client", bench->options);
  REQUIRE(load && becomes(*load, runs));
  bench->servers[0].end_listener();
  auto second = Load::start(bench->lab, "client", bench->options);
  REQUIRE(second &&
          becomes(*second, [](const auto& progress) { return progress.phase == "running" && progress.lost == 100; }));
  const auto account = load->finish();
  REQUIRE(account && count(*account, [](const auto& c) { return c.outcome == Outcome::kept; }) == 100);
  REQUIRE(second->finish());
  return 0;
}

int in_sandbox(const std::function<int()>& body) {
  const auto sandbox = lab::run_in_sandbox(lab::Lifetime::of_caller, body);
  if (!sandbox) std::fprintf(stderr, "%s (%s)\n", sandbox.error().what.c_str(), sandbox.error().remedy.c_str());
  return sandbox ? sandbox->exit_code : 97;
}

TEST(LoadLive, KeepsEverythingOnAHealthyNetwork) { EXPECT_EQ(in_sandbox(healthy), 0); }
TEST(LoadLive, TellsTheConnectionsOfAKilledServerAndNoOther) { EXPECT_EQ(in_sandbox(server_killed), 0); }
TEST(LoadLive, MeasuresTheGapOfAPulledCable) { EXPECT_EQ(in_sandbox(cable_pulled), 0); }
TEST(LoadLive, TellsRefusedFromLost) { EXPECT_EQ(in_sandbox(nobody_listens), 0); }
TEST(LoadLive, OpenConnectionsOutliveTheListener) { EXPECT_EQ(in_sandbox(listener_ended), 0); }

}  // namespace
}  // namespace dvipa::conform
