// The world keeps its own promises: it is deterministic, a copy goes on as the original does, the bus is FIFO, and the
// judge sees what is wrong.
#include <gtest/gtest.h>

#include "tests/unit/world/sample.hpp"

namespace dvipa::world {
namespace {

using namespace sample;

struct Story final : Observer {
  std::string text;
  void saw(Micros at, const std::string& from, const std::string& to, const std::string& what) override {
    text += std::to_string(at) + " " + from + (to.empty() ? "" : " -> " + to) + ": " + what + "\n";
  }
};

std::string violation_of(const World& world) {
  return world.violation() ? world.violation()->property + ": " + world.violation()->what : "none";
}

Settings small() {
  Settings settings;
  settings.stacks = 3;
  return settings;
}

// covers: FLV-1, FLV-4, TKB-1, TKB-6
TEST(World, ConnectionsOutliveTheOwnerAndItsReturn) {
  World world = running_world(small());
  Story story;
  world.observe(&story);
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(connecting(c));
  world.perform(running(500 * ms));
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(sending(c, 5));
  world.perform(of(Verb::kill, 1));
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(sending(c, 5));
  world.perform(of(Verb::settle));
  EXPECT_EQ(violation_of(world), "none") << story.text;
  world.perform(of(Verb::start, 1));
  for (std::uint32_t c = 1; c <= 9; ++c) world.perform(sending(c, 5));
  world.perform(of(Verb::settle));
  EXPECT_EQ(violation_of(world), "none") << story.text;
  unsigned alive = 0;
  for (std::uint32_t c = 1; c <= 9; ++c) alive += world.find_connection(c)->acknowledged == 15 ? 1U : 0U;
  EXPECT_EQ(alive, 6U);  // three had S1 for their target
}

TEST(World, ACopyGoesOnAsTheOriginal) {
  Settings settings = small();
  settings.frame_loss = 5 * percent;
  World world = running_world(settings);
  for (std::uint32_t c = 1; c <= 20; ++c) world.perform(connecting(c));
  World copy = world;
  for (World* each : {&world, &copy}) {
    each->perform(of(Verb::kill, 1));
    each->perform(running(2000 * ms));
  }
  EXPECT_EQ(world.history(), copy.history());
  EXPECT_EQ(world.digest(), copy.digest());
  EXPECT_EQ(world.steps(), copy.steps());
}

TEST(World, AnotherSeedIsAnotherRun) {
  Settings settings = small();
  const std::uint64_t first = running_world(settings).history();
  settings.seed = 2;
  EXPECT_NE(running_world(settings).history(), first);
}

TEST(World, WhatCannotBeAskedChangesNothing) {
  World world = running_world(small());
  const std::uint64_t before = world.digest();
  for (const Verb verb : {Verb::start, Verb::resume, Verb::heal}) world.perform(of(verb, 2));
  world.perform(sending(99, 1));
  EXPECT_EQ(world.digest(), before);
  EXPECT_TRUE(world.is_up(stack(2)));
}

// The control of the judge: each of these worlds is wrong in one way, and is found to be.
TEST(World, JudgesWhatIsWrong) {
  const std::pair<Mutant, const char*> wrong[] = {
      {Mutant::advertise_as_backup, "one advertiser of a DVIPA in a view (RTE-2)"},
      {Mutant::never_advertise, "at rest the owner advertises and nobody else does (RTE-2)"},
      {Mutant::ignore_rank, "only the best candidate claims (FLV-1)"},
      {Mutant::forget_connections, "no live connection is reset by the cluster (FLV-4, FLV-5, TKB-6)"},
  };
  for (const auto& [mutant, property] : wrong) {
    Settings settings = small();
    settings.mutant = mutant;
    World world = running_world(settings);
    for (std::uint32_t c = 1; c <= 9; ++c) world.perform(connecting(c));
    world.perform(running(500 * ms));
    world.perform(of(Verb::kill, 1));
    world.perform(of(Verb::settle));
    EXPECT_EQ(violation_of(world).substr(0, violation_of(world).find(": ")), property);
  }
}

}  // namespace
}  // namespace dvipa::world
