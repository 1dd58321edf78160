// How many steps a world takes a second on one core: five stacks, 200 connections that send all the time, with the
// owner crashing and coming back. `steps_per_second` is to be at least 20,000.
#include <benchmark/benchmark.h>

#include "tests/unit/world/sample.hpp"

namespace dvipa::world {
namespace {

using namespace sample;

constexpr std::uint32_t connections = 200;

World loaded_world() {
  Settings settings;
  settings.stacks = 5;
  settings.clients = 4;
  World world = running_world(settings);
  for (std::uint32_t c = 1; c <= connections; ++c) world.perform(connecting(c, c % settings.clients));
  world.perform(running(500 * ms));
  return world;
}

void keep_sending(World& world) {
  for (std::uint32_t c = 1; c <= connections; ++c) world.perform(sending(c, 20));
}

void steps_under_load(benchmark::State& state) {
  const World start = loaded_world();
  std::uint64_t steps = 0;
  for (auto _ : state) {
    World world = start;
    keep_sending(world);
    world.perform(of(Verb::kill, 1));
    world.perform(running(1000 * ms));
    keep_sending(world);
    world.perform(of(Verb::start, 1));
    world.perform(running(2000 * ms));
    if (world.violation()) state.SkipWithError(world.violation()->what.c_str());
    steps += world.steps() - start.steps();
  }
  state.counters["steps_per_second"] = benchmark::Counter(static_cast<double>(steps), benchmark::Counter::kIsRate);
}
BENCHMARK(steps_under_load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace dvipa::world
