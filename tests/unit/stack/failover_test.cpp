// Publishing and failover, seen on the example of F Fig 4 (LST, TGT, FLV).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;

// covers: LST-1, LST-2, LST-4, TGT-1, RTE-1, RTE-2, RTE-7, MOV-1
TEST(Failover, AtStartPrimariesOwnAndTargetsReport) {
  Cluster cluster(5);
  cluster.start_all();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.advertisers(dvb1), std::set<unsigned>{5});
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::backup);
  EXPECT_EQ(cluster.listeners(1, dva1), 3U);
  EXPECT_EQ(cluster.listeners(5, dvb1), 5U);
  EXPECT_FALSE(cluster.at(3).dvipa(dva1)->address_held);
  EXPECT_TRUE(cluster.at(3).dvipa(dvb1)->address_held);
  EXPECT_TRUE(cluster.at(1).dvipa(dvb1)->kept.has_value());   // LST-3
  EXPECT_FALSE(cluster.at(3).dvipa(dva1)->kept.has_value());  // LST-4
}

// covers: FLV-1, FLV-2, FLV-3, FLV-4, FLV-8, FLV-12, LST-3
TEST(Failover, TheBackupRebuildsFromWhatTheTargetsReport) {
  Cluster cluster(5);
  cluster.start_all();
  std::map<unsigned, std::set<std::uint32_t>> held;
  for (std::uint32_t n = 0; n < 30; ++n) held[cluster.connect(1, dva1, client(n))].insert(n);
  ASSERT_EQ(held.size(), 3U);
  cluster.crash(1);
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(cluster.routes(5, dva1), 20U);
  for (const unsigned target : {2U, 4U})
    for (const std::uint32_t n : held[target])
      EXPECT_EQ(cluster.packet(5, dva1, client(n), false).stack, Cluster::id(target));
  EXPECT_EQ(cluster.packet(5, dva1, client(*held[1].begin()), false).kind, Verdict::Kind::conventional);
  EXPECT_EQ(cluster.listeners(5, dva1), 3U);  // its own candidates 2, 3, 4
}

// covers: FLV-5, FLV-6
TEST(Failover, WhileReportsAreOutstandingUnmatchedPacketsAreHeld) {
  Cluster cluster(5);
  cluster.start_all();
  for (std::uint32_t n = 2; n < 8; ++n) cluster.connect(1, dva1, client(n));
  cluster.crash(1);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::rebuilding);
  EXPECT_EQ(cluster.packet(5, dva1, client(2), false).kind, Verdict::Kind::hold);
  EXPECT_EQ(cluster.packet(5, dva1, client(99), true).kind, Verdict::Kind::hold);
  for (const unsigned n : {2U, 3U}) {
    cluster.deliver_all(5, n);
    cluster.deliver_all(n, 5);
  }
  EXPECT_EQ(cluster.packet(5, dva1, client(99), true).kind, Verdict::Kind::hold);
  cluster.deliver_all(5, 4);
  cluster.deliver_all(4, 5);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(5, dva1, client(99), true).kind, Verdict::Kind::to_target);
}

// covers: FLV-12
TEST(Failover, AFailedTargetTakesItsConnectionsAndNoOther) {
  Cluster cluster(5);
  cluster.start_all();
  std::map<unsigned, std::set<std::uint32_t>> held;
  for (std::uint32_t n = 0; n < 30; ++n) held[cluster.connect(1, dva1, client(n))].insert(n);
  cluster.crash(2);
  cluster.settle();
  EXPECT_EQ(cluster.routes(1, dva1), 20U);
  EXPECT_EQ(cluster.packet(1, dva1, client(*held[2].begin()), false).kind, Verdict::Kind::conventional);
  for (const std::uint32_t n : held[4]) EXPECT_EQ(cluster.packet(1, dva1, client(n), false).stack, Cluster::id(4));
  for (std::uint32_t n = 40; n < 50; ++n) EXPECT_NE(cluster.connect(1, dva1, client(n)), 2U);
}

// covers: FLV-1, CFG-3
TEST(Failover, TheHighestRankSucceedsAndOfEqualRanksTheHigherAddress) {
  Cluster cluster(5);
  const auto backup = [](std::uint8_t rank) {
    Definitions definitions;
    DvipaDefinition definition;
    definition.dvipa = dva1;
    definition.part = Part::backup;
    definition.rank = rank;
    definitions.dvipas = {definition};
    return definitions;
  };
  cluster.start(1, definitions_of(1));
  for (const auto& [n, rank] : std::map<unsigned, std::uint8_t>{{2, 50}, {3, 200}, {4, 50}, {5, 1}})
    cluster.start(n, backup(rank));
  for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  for (const auto& [dying, next] : std::vector<std::pair<unsigned, unsigned>>{{1, 3}, {3, 4}, {4, 2}, {2, 5}}) {
    cluster.crash(dying);
    cluster.settle();
    EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{next});
  }
}

// covers: FLV-6
TEST(Failover, AMemberThatNeverReportsDelaysOnlyUntilTheLimit) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::rebuilding);
  cluster.fire(5, Timer::Kind::report_limit, dva1);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::active);
}

// covers: TGT-3, TGT-5: a connection whose handshake the failed owner's death interrupted
TEST(Failover, HalfOpenConnectionsAreReportedBeforeTheReportEnds) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(5, n);
  cluster.look(2, {client(55)});
  cluster.settle();
  EXPECT_EQ(cluster.packet(5, dva1, client(55), false).stack, Cluster::id(2));
}

// covers: TGT-3, TGT-6: the notice of a connection and the look for it come in either order
TEST(Failover, AConnectionNoticedWhileTheReportIsOpenIsReported) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(5, n);
  cluster.give(2, input::ConnectionAccepted{{dva1, client(56)}});
  cluster.look(2, {client(56)});
  cluster.settle();
  EXPECT_EQ(cluster.packet(5, dva1, client(56), false).stack, Cluster::id(2));
}

// covers: FLV-7
TEST(Failover, TheSuccessorMayFailWhileRebuilding) {
  Cluster cluster(5);
  Definitions third;
  third.dvipas = definitions_of(5).dvipas;
  third.dvipas[0].rank = 5;
  third.dvipas.pop_back();
  for (unsigned n = 1; n <= 5; ++n) cluster.start(n, n == 3 ? third : definitions_of(n));
  for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(1, dva1, client(n));
  cluster.crash(1);
  cluster.deliver_all(5, 2);  // only one target hears of the first successor
  cluster.crash(5);
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{3});
  EXPECT_EQ(cluster.routes(3, dva1), 20U);
}

}  // namespace
}  // namespace dvipa::test
