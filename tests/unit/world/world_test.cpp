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

}  // namespace
}  // namespace dvipa::world
