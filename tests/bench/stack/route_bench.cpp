// Stack::route on a CRT of 1,000,000 connections, beside a bare look-up of the same keys in a
// boost::unordered_flat_map. Both are run in turns over the same random packets, so that the ratio holds when the
// machine's speed drifts. The limit of the ratio is 2.
#include <benchmark/benchmark.h>

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <random>

#include "impl/stack/stack.hpp"

namespace dvipa {
namespace {

constexpr std::size_t connections = 1'000'000;
constexpr std::size_t packets_per_turn = 65'536;
const Address dva1 = *parse_address("10.77.1.1");

Remote remote_of(std::mt19937_64& random) {
  const std::uint64_t drawn = random();
  return {Address::v4(static_cast<std::uint32_t>(drawn >> 32)), static_cast<Port>(drawn >> 16), 60};
}

// An owner of DVA1 alone with four targets, whose reports filled its CRT.
struct Owner {
  Owner() : stack(settings()) {
    Effects effects;
    DvipaDefinition definition;
    definition.dvipa = dva1;
    definition.part = Part::primary;
    definition.distribution = Distribution{};
    stack.step(input::DefinitionsSet{Definitions{{definition}, {}}}, effects);
    stack.step(input::Started{}, effects);
    for (std::uint8_t target = 2; target <= 5; ++target) stack.step(input::MemberUp{{target}, 1}, effects);
    for (std::uint8_t target = 2; target <= 5; ++target) stack.step(input::Received{{target}, VipaList{}}, effects);
    stack.step(input::TimerFired{{Timer::Kind::join, {}}}, effects);
    const Epoch epoch = stack.dvipa(dva1)->owner.facts.mine;
    std::mt19937_64 random(1);
    for (std::uint8_t target = 2; target <= 5; ++target) {
      NewConn report{dva1, epoch, {target}, {}};
      for (std::size_t i = 0; i < connections / 4; ++i) report.remotes.push_back(remote_of(random));
      remotes.insert(remotes.end(), report.remotes.begin(), report.remotes.end());
      stack.step(input::Received{{target}, std::move(report)}, effects);
      stack.step(input::Received{{target}, EndOfReport{dva1, epoch}}, effects);
    }
    stack.step(input::Received{{1}, EndOfReport{dva1, epoch}}, effects);
    for (const Remote& remote : remotes) map.emplace(tables::key_v4(remote).packed, std::uint8_t{1});
  }
  static StackSettings settings() {
    StackSettings settings;
    settings.self = {1};
    for (std::uint32_t n = 1; n <= 5; ++n) settings.xcf_addresses.push_back(Address::v4(0x0a4d0000U + n));
    settings.hash_key = 0x1234567;
    return settings;
  }
  Stack stack;
  std::vector<Remote> remotes;
  boost::unordered_flat_map<std::uint64_t, std::uint8_t> map;
};

void route_beside_bare_look_up(benchmark::State& state) {
  static Owner owner;
  const auto ahead = static_cast<std::size_t>(state.range(0));
  std::mt19937_64 random(2);
  std::vector<Segment> segments(packets_per_turn);
  for (Segment& segment : segments) segment.connection = {dva1, owner.remotes[random() % owner.remotes.size()]};
  std::chrono::nanoseconds routing{0};
  std::chrono::nanoseconds looking_up{0};
  std::uint64_t turns = 0;
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < segments.size(); ++i) {
      if (ahead != 0) owner.stack.prefetch(segments[(i + ahead) % packets_per_turn]);
      benchmark::DoNotOptimize(owner.stack.route(segments[i]));
    }
    const auto between = std::chrono::steady_clock::now();
    for (const Segment& segment : segments)
      benchmark::DoNotOptimize(owner.map.find(tables::key_v4(segment.connection.remote).packed));
    looking_up += std::chrono::steady_clock::now() - between;
    routing += between - start;
    state.SetIterationTime(std::chrono::duration<double>(between - start).count());
    ++turns;
  }
  const auto packets = static_cast<double>(turns * packets_per_turn);
  state.counters["route_ns"] = static_cast<double>(routing.count()) / packets;
  state.counters["look_up_ns"] = static_cast<double>(looking_up.count()) / packets;
  state.counters["ratio"] = static_cast<double>(routing.count()) / static_cast<double>(looking_up.count());
  state.counters["bytes_per_connection"] =
      static_cast<double>(owner.stack.dvipa(dva1)->routes.memory_bytes()) / static_cast<double>(owner.remotes.size());
}
// The argument: so many packets ahead the packet path asks for the CRT's cache line; 0 = not at all.
BENCHMARK(route_beside_bare_look_up)->ArgName("ahead")->Arg(0)->Arg(16)->UseManualTime();

}  // namespace
}  // namespace dvipa
