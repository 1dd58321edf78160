// The digest of a world: the same for a copy and for the same seed at every step, and another one for every difference.
#include "harness/world/digest.hpp"

#include <gtest/gtest.h>

#include <map>

#include "harness/world/schedule.hpp"
#include "tests/unit/world/sample.hpp"

namespace dvipa::world {
namespace {

using namespace sample;

World busy_world(std::uint64_t seed = 1) {
  Settings settings;
  settings.stacks = 3;
  settings.seed = seed;
  settings.frame_loss = settings.frame_twice = settings.frame_late = 5 * percent;
  World world = running_world(settings);
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(connecting(c));
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(sending(c, 3));
  world.perform(running(30 * ms));
  return world;
}

TEST(Digest, ACopyHasTheSameAtEveryStep) {
  World world = busy_world();
  world.perform(of(Verb::kill, 1));
  World copy = world;
  for (unsigned steps = 0; steps < 3000; ++steps) {
    const std::uint64_t before = world.digest();
    ASSERT_EQ(copy.digest(), before) << "after " << steps << " steps";
    ASSERT_TRUE(world.step());
    ASSERT_EQ(copy.digest(), before) << "the copy has changed with the original";
    ASSERT_NE(world.digest(), before) << "after " << steps << " steps";
    copy.step();
  }
}

TEST(Digest, TheSameSeedHasTheSameAtEveryStep) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World one = busy_world(seed);
    World other = busy_world(seed);
    for (World* each : {&one, &other}) each->perform(of(Verb::pause, 1));
    for (unsigned steps = 0; steps < 1000; ++steps) {
      ASSERT_EQ(one.digest(), other.digest()) << "seed " << seed << " after " << steps << " steps";
      one.step(), other.step();
    }
  }
}

Command with(Command command, unsigned other, std::int64_t amount = 0) {
  command.other = stack(other);
  command.address = dvipa_a;
  command.port = port;
  command.amount = amount;
  return command;
}

std::vector<Command> differences() {
  Command closing = of(Verb::close);
  Command aborting = of(Verb::abort);
  closing.connection = aborting.connection = 3;
  Command defined = of(Verb::define, 3);
  defined.definition = profiles(3)[2].dvipas.front();
  defined.definition->rank = 77;
  Command parted = of(Verb::partition);
  parted.sides = {{0b0010, 0b1100}, {0b01, 0b10}};
  std::vector<Command> all = {connecting(10), connecting(10, 1), sending(3, 1), sending(3, 2), sending(4, 1),
                              closing,        aborting,          defined,       parted,        running(1)};
  for (const Verb verb : {Verb::kill, Verb::stop, Verb::pause, Verb::kill_process, Verb::close_listener,
                          Verb::abort_application, Verb::stale})
    for (const unsigned n : {2U, 3U}) all.push_back(with(of(verb, n), 0));
  for (const Verb verb : {Verb::one_way, Verb::keep_back}) all.push_back(with(of(verb, 1), 2));
  for (const Verb verb : {Verb::slow, Verb::jump, Verb::capacity}) all.push_back(with(of(verb, 2), 0, 100));
  all.push_back(with(of(Verb::weight, 1), 2, 7));
  all.push_back(with(of(Verb::weight, 1), 3, 7));
  all.push_back(with(of(Verb::drop), 0));
  for (Command& each : all)  // listeners are bound to the wildcard
    if (each.verb == Verb::close_listener || each.verb == Verb::abort_application) each.address = wildcard_of(dvipa_a);
  return all;
}

TEST(Digest, WhateverIsDoneShows) {
  const World world = busy_world();
  std::map<std::uint64_t, unsigned> seen = {{world.digest(), 0}};
  unsigned place = 0;
  for (const Command& command : differences()) {
    World changed = world;
    changed.perform(command);
    const auto [at, is_new] = seen.emplace(changed.digest(), ++place);
    EXPECT_TRUE(is_new) << "command " << place << " comes to the same as " << at->second;
  }
}

TEST(Digest, SettingsShow) {
  Settings settings;
  const std::uint64_t before = World(settings, profiles(3)).digest();
  EXPECT_EQ(World(settings, profiles(3)).digest(), before);
  EXPECT_NE(World(settings, profiles(2)).digest(), before);
  settings.mutant = Mutant::ignore_rank;
  EXPECT_NE(World(settings, profiles(3)).digest(), before);
}

Remote remote(std::uint32_t client) { return {Address::v4(client), 1000, port}; }

TEST(Digest, ATableIsTheSameInWhateverOrderItWasFilled) {
  tables::RoutingTable ascending;
  tables::RoutingTable descending;
  for (std::uint32_t n = 0; n < 1000; ++n) {
    ascending.insert(remote(n), {stack(1 + n % 3)});
    descending.insert(remote(999 - n), {stack(1 + (999 - n) % 3)});
  }
  EXPECT_EQ(ascending, descending);
  EXPECT_EQ(digest_of(ascending), digest_of(descending));
}

// Every part of a route counts, down to single bits.
TEST(Digest, EveryPartOfARouteShows) {
  std::vector<tables::Route> routes(8);
  routes[1].target = stack(1);
  routes[2].in_question = 1;
  routes[3].touched = 1;
  routes[4].touched_at = 1;
  routes[5].confirmed = 1;
  routes[6].ended = 1;
  routes[7].used_at = 1;
  std::set<std::uint64_t> digests;
  for (const tables::Route& route : routes) {
    tables::RoutingTable table;
    table.insert(remote(1), route);
    digests.insert(digest_of(table));
  }
  EXPECT_EQ(digests.size(), routes.size());
}

// Two machines compare runs by it: it may change with the code, and with nothing else.
TEST(Digest, IsTheSameOnEveryMachine) {
  EXPECT_EQ(digest_of(std::pair{remote(0x0a000001), Epoch{3, stack(2)}}), 1285749836625604386U);
  EXPECT_EQ(digest_of(std::optional<Message>(SrvStat{dvipa_a, {1, stack(1)}, port, true})), 8284899606642544503U);
}

}  // namespace
}  // namespace dvipa::world
