// What dvipa netstat shows is what the stack has.
#include <gtest/gtest.h>

#include "tests/unit/shell/small_stack.hpp"

namespace dvipa::test {
namespace {

using request::Report;

TEST(Displays, ConfigShowsWhatTheProfileDefines) {
  SmallStack small;
  auto rows = small.rows(Report::vipadcfg);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["statement"], "VIPADEFINE");
  EXPECT_EQ(rows[0]["prefix_bits"], 24);
  EXPECT_EQ(rows[0]["deactivated"], false);
  EXPECT_EQ(rows[1]["statement"], "VIPADISTRIBUTE");
  EXPECT_EQ(rows[1]["port"], "60");
  EXPECT_EQ(rows[1]["dest_xcf"], "ALL");
  small.orders.deactivate(dva1);
  EXPECT_EQ(small.rows(Report::vipadcfg)[0]["deactivated"], true);
}

TEST(Displays, AnOwnerIsActiveAndDistributes) {
  SmallStack small;
  const auto row = small.rows(Report::vipadyn, true).at(0);
  EXPECT_EQ(row["ip_address"], "10.77.1.1");
  EXPECT_EQ(row["status"], "ACTIVE");
  EXPECT_EQ(row["origination"], "VIPADEFINE");
  EXPECT_EQ(row["dist"], "DIST/DEST");
  EXPECT_EQ(row["owner"], "MVS1");
  EXPECT_EQ(row["state"], "active");
  EXPECT_EQ(row["routes"], 2);
}

// covers: RTE-1
TEST(Displays, TheDestinationTableShowsEveryCandidateAndWhoIsReady) {
  SmallStack small;
  small.totals[dva1][{60, StackId{2}}] = 17;
  const auto rows = small.rows(Report::vdpt, true);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["dest_xcf"], "10.77.0.1");
  EXPECT_EQ(rows[0]["ready"], 1);
  EXPECT_EQ(rows[0]["flags"], "L");
  EXPECT_EQ(rows[1]["target"], "MVS2");
  EXPECT_EQ(rows[1]["ready"], 1);
  EXPECT_EQ(rows[1]["total_connections"], 17);
  EXPECT_EQ(rows[1]["active_connections"], 2);
  EXPECT_EQ(rows[1]["flags"], "");
  EXPECT_EQ(rows[2]["target"], "MVS3");
  EXPECT_EQ(rows[2]["ready"], 0);
}

// covers: RTE-8
TEST(Displays, TheWeightThatIsShownIsTheOneThatCounts) {
  SmallStack small;
  Definitions definitions = SmallStack::definitions();
  definitions.dvipas[0].distribution->method = DistMethod::base_wlm;
  small.give(input::DefinitionsSet{definitions});
  small.give(input::CapacityMeasured{250});
  small.give(input::Received{StackId{2}, Capacity{40}});
  small.give(input::WeightOrdered{dva1, StackId{2}, 50});
  const auto rows = small.rows(Report::vdpt);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0]["weight"], 250);
  EXPECT_EQ(rows[1]["weight"], 20);
}

// covers: CFG-6
TEST(Displays, ConfigShowsTheSourcesOfJobs) {
  SmallStack small;
  Definitions definitions = SmallStack::definitions();
  definitions.sources = {{"billing", dva1}};
  small.orders.set_definitions(definitions);
  const auto row = small.rows(Report::vipadcfg).at(1);
  EXPECT_EQ(row["statement"], "SOURCEVIPA");
  EXPECT_EQ(row["job"], "billing");
  EXPECT_EQ(row["ip_address"], "10.77.1.1");
}

TEST(Displays, TheConnectionTableIsOfItsRoleAndBounded) {
  SmallStack small;
  const auto rows = small.rows(Report::vcrt);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0]["source"], "10.77.0.100");
  EXPECT_EQ(rows[0]["target"], "MVS2");
  EXPECT_EQ(rows[0]["role"], "routed");
  const auto bounded = display(small.view(), {Report::vcrt, false, 1});
  EXPECT_EQ(bounded.at("rows").size(), 1U);
  EXPECT_EQ(bounded.at("total"), 2);
}

TEST(Displays, AStackThatGaveTheDvipaUpMovesUntilItsConnectionsEnd) {
  SmallStack small;
  small.give(input::ConnectionsOpened{dva1, {client(2000)}});
  small.orders.deactivate(dva1);
  small.give(input::DefinitionsSet{small.orders.in_force()});
  VipaList list;
  ListEntry entry;
  entry.definition.dvipa = dva1;
  entry.definition.part = Part::primary;
  entry.claim = Claim::owning;
  entry.epoch = {9, StackId{2}};
  list.entries = {entry};
  small.give(input::Received{StackId{2}, list});
  small.notes[dva1].gave_up = true;
  EXPECT_EQ(small.rows(Report::vipadyn).at(0)["status"], "MOVING");
  const auto held = small.rows(Report::vcrt);
  ASSERT_EQ(held.size(), 1U);
  EXPECT_EQ(held[0]["role"], "held");
  small.give(input::ConnectionsEnded{dva1, {client(2000)}});
  EXPECT_EQ(small.rows(Report::vipadyn).at(0)["status"], "DEACTIVATED");
}

}  // namespace
}  // namespace dvipa::test
