// The DPT: who is a target, and whose turn it is (RTE-1, RTE-5, RTE-8, FLV-12).
#include <gtest/gtest.h>

#include <map>

#include "impl/tables/destination_port_table.hpp"

namespace dvipa::tables {
namespace {

const RoutingTable none;

TEST(DestinationPortTable, HoldsExactlyWhatWasAddedAndNotRemoved) {
  DestinationPortTable table;
  EXPECT_TRUE(table.add(60, {2}, 1));
  EXPECT_TRUE(table.add(60, {1}, 1));
  EXPECT_FALSE(table.add(60, {1}, 1));
  EXPECT_TRUE(table.add(80, {1}, 1));
  EXPECT_EQ(table.size(), 3U);
  EXPECT_TRUE(table.remove(60, {2}));
  EXPECT_FALSE(table.remove(60, {2}));
  EXPECT_FALSE(table.contains(60, {2}));
  EXPECT_EQ(table.remove_stack({1}), 2U);
  EXPECT_EQ(table, DestinationPortTable{});
}

TEST(DestinationPortTable, RoundRobinGivesEveryTargetItsTurn) {
  DestinationPortTable table;
  for (const StackId stack : {StackId{1}, StackId{2}, StackId{4}}) table.add(60, stack, 9);
  std::vector<int> turns;
  for (int i = 0; i < 6; ++i) turns.push_back(table.select(60, DistMethod::round_robin, none).value);
  EXPECT_EQ(turns, (std::vector<int>{1, 2, 4, 1, 2, 4}));
  table.remove(60, {1});
  EXPECT_EQ(table.select(60, DistMethod::round_robin, none).value, 2);
}

TEST(DestinationPortTable, WeightedIsInProportionAndSpread) {
  DestinationPortTable table;
  table.add(60, {1}, 3);
  table.add(60, {2}, 1);
  table.add(60, {3}, 0);
  std::map<int, int> counts;
  int longest_run = 0;
  int run = 0;
  int last = 0;
  for (int i = 0; i < 400; ++i) {
    const int chosen = table.select(60, DistMethod::weighted, none).value;
    ++counts[chosen];
    run = chosen == last ? run + 1 : 1;
    last = chosen;
    longest_run = std::max(longest_run, run);
  }
  EXPECT_EQ(counts, (std::map<int, int>{{1, 300}, {2, 100}}));
  EXPECT_LE(longest_run, 3);
}

TEST(DestinationPortTable, AWeightOfZeroServesWhenNobodyElseIsReady) {
  DestinationPortTable table;
  table.add(60, {3}, 0);
  EXPECT_EQ(table.select(60, DistMethod::weighted, none).value, 3);
}

Remote remote(std::uint32_t n) { return {Address::v4(n), 1000, 60}; }

// covers: RTE-8
TEST(DestinationPortTable, WeightedActiveEvensOutTheConnectionsThatThereAre) {
  DestinationPortTable table;
  table.add(60, {1}, 1);
  table.add(60, {2}, 2);
  table.add(60, {3}, 0);
  RoutingTable routes;
  for (std::uint32_t n = 0; n < 30; ++n)
    routes.insert(remote(n), {.target = table.select(60, DistMethod::weighted_active, routes)});
  EXPECT_EQ(routes.routed_to({1}), 10U);
  EXPECT_EQ(routes.routed_to({2}), 20U);
  routes.erase_target({2});
  for (std::uint32_t n = 100; n < 120; ++n) {
    const StackId chosen = table.select(60, DistMethod::weighted_active, routes);
    EXPECT_EQ(chosen.value, 2);  // it has lost all of its connections
    routes.insert(remote(n), {.target = chosen});
  }
}

// covers: RTE-8
TEST(DestinationPortTable, OfEquallyLoadedTargetsEveryOneHasItsTurn) {
  DestinationPortTable table;
  for (const StackId stack : {StackId{1}, StackId{2}, StackId{4}}) table.add(60, stack, 1);
  std::vector<int> turns;
  for (int i = 0; i < 6; ++i) turns.push_back(table.select(60, DistMethod::weighted_active, none).value);
  EXPECT_EQ(turns, (std::vector<int>{1, 2, 4, 1, 2, 4}));
}

// covers: RTE-8
TEST(DestinationPortTable, AHotStandbyServesOnlyWhileThePreferredOneDoesNot) {
  DestinationPortTable table;
  table.add(60, {1}, 1);
  table.add(60, {2}, 9);
  table.add(60, {3}, 5);
  EXPECT_EQ(table.select(60, DistMethod::hot_standby, none).value, 2);
  EXPECT_EQ(table.select(60, DistMethod::hot_standby, none).value, 2);
  table.remove(60, {2});
  EXPECT_EQ(table.select(60, DistMethod::hot_standby, none).value, 3);
  table.set_weight({1}, 6);
  EXPECT_EQ(table.select(60, DistMethod::hot_standby, none).value, 1);
}

TEST(DestinationPortTable, NobodyListensNobodyIsSelected) {
  DestinationPortTable table;
  table.add(60, {1}, 1);
  EXPECT_EQ(table.select(61, DistMethod::round_robin, none), nobody);
}

}  // namespace
}  // namespace dvipa::tables
