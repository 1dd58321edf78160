// Publishing, failover, takeback and leaving, seen on the example of F Fig 4 (LST, TGT, FLV, TKB).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;

std::size_t routes(Cluster& cluster, unsigned n, const Address& dvipa) {
  return cluster.at(n).dvipa(dvipa)->routes.size();
}
std::size_t listeners(Cluster& cluster, unsigned n, const Address& dvipa) {
  return cluster.at(n).dvipa(dvipa)->listeners.size();
}

// covers: LST-1, LST-2, LST-4, TGT-1, RTE-1, RTE-2, RTE-7, MOV-1
TEST(Failover, AtStartPrimariesOwnAndTargetsReport) {
  Cluster cluster(5);
  cluster.start_all();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.advertisers(dvb1), std::set<unsigned>{5});
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::backup);
  EXPECT_EQ(listeners(cluster, 1, dva1), 3U);
  EXPECT_EQ(listeners(cluster, 5, dvb1), 5U);
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
  EXPECT_EQ(routes(cluster, 5, dva1), 20U);
  for (const unsigned target : {2U, 4U})
    for (const std::uint32_t n : held[target])
      EXPECT_EQ(cluster.packet(5, dva1, client(n), false).stack, Cluster::id(target));
  EXPECT_EQ(cluster.packet(5, dva1, client(*held[1].begin()), false).kind, Verdict::Kind::conventional);
  EXPECT_EQ(listeners(cluster, 5, dva1), 3U);  // its own candidates 2, 3, 4
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
  EXPECT_EQ(routes(cluster, 1, dva1), 20U);
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
  EXPECT_EQ(routes(cluster, 3, dva1), 20U);
}

// covers: TKB-1, TKB-2, TKB-3, TKB-4, TKB-5, TKB-6
TEST(Takeback, TheRecoveredPrimaryTakesOverOnlyWithAllConnections) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(5, dva1, client(n));
  cluster.start(1, definitions_of(1));
  cluster.deliver_all(5, 1);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::taking_back);
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  cluster.deliver_all(1, 5);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  const unsigned target = cluster.connect(5, dva1, client(77));  // TKB-5
  EXPECT_EQ(cluster.packet(1, dva1, client(3), false).kind, Verdict::Kind::to_owner);
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::backup);
  EXPECT_EQ(routes(cluster, 1, dva1), 31U);
  EXPECT_EQ(routes(cluster, 5, dva1), 0U);
  EXPECT_EQ(cluster.packet(1, dva1, client(77), false).stack, Cluster::id(target));
  EXPECT_EQ(cluster.packet(5, dva1, client(77), false), (Verdict{Verdict::Kind::to_owner, Cluster::id(1), false}));
  EXPECT_TRUE(cluster.at(3).dvipa(dva1)->address_held);  // no candidate any more, but it holds connections
}

// covers: TKB-7
TEST(Takeback, ThePrimaryMayFailAgainDuringTheHandover) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(5, dva1, client(n));
  cluster.start(1, definitions_of(1));
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  for (const unsigned n : {2U, 5U}) cluster.deliver_all(1, n);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  cluster.crash(1);
  cluster.settle();
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(routes(cluster, 5, dva1), 30U);
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
}

// covers: TKB-7, TGT-6
TEST(Takeback, TheFormerOwnerMayFailDuringTheHandover) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(5, dva1, client(n));
  cluster.start(1, definitions_of(1));
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(1, n);
  const Verdict seen = cluster.packet(2, dva1, client(500), true, 5);  // from the former owner, after the list of 1
  EXPECT_TRUE(seen.report);
  cluster.give(2, input::RouteReported{{dva1, client(500)}, Cluster::id(2)});
  cluster.crash(5);
  cluster.settle();
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(500), false).stack, Cluster::id(2));
  EXPECT_EQ(routes(cluster, 1, dva1), 31U);
}

// covers: MOV-7
TEST(Leaving, HandsOverBeforeItLetsGo) {
  Cluster cluster(5);
  cluster.start_all();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(1, dva1, client(n));
  cluster.give(1, input::LeaveAsked{});
  EXPECT_FALSE(cluster.has_left(1));
  cluster.settle();
  EXPECT_TRUE(cluster.has_left(1));
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  EXPECT_EQ(routes(cluster, 5, dva1), 30U);
}

TEST(Leaving, TheLastOneOutNeedsNobody) {
  Cluster cluster(1);
  cluster.start_all();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  cluster.give(1, input::LeaveAsked{});
  EXPECT_TRUE(cluster.has_left(1));
  EXPECT_TRUE(cluster.advertisers(dva1).empty());
}

// covers: FLV-10
TEST(Epochs, AReportUnderAnEarlierEpochIsNothing) {
  Cluster cluster(5);
  cluster.start_all();
  const Epoch old = cluster.at(1).dvipa(dva1)->owner.facts.mine;
  cluster.crash(1);
  cluster.settle();
  cluster.give(5, input::Received{Cluster::id(2), NewConn{dva1, old, Cluster::id(2), {client(9)}}});
  EXPECT_EQ(routes(cluster, 5, dva1), 0U);
}

// covers: FLV-11
TEST(Partition, OfTwoOwnersThePrimaryRemainsWithTheConnectionsOfBoth) {
  Cluster left(5);
  left.start_all();
  for (std::uint32_t n = 0; n < 9; ++n) left.connect(1, dva1, client(n));
  // 1 and 2 on one side, 3, 4 and 5 on the other
  for (const unsigned a : {1U, 2U})
    for (const unsigned b : {3U, 4U, 5U}) {
      left.give(a, input::MemberDown{Cluster::id(b)});
      left.give(b, input::MemberDown{Cluster::id(a)});
    }
  left.settle();
  ASSERT_EQ(left.advertisers(dva1), (std::set<unsigned>{1, 5}));
  for (std::uint32_t n = 100; n < 109; ++n) left.connect(5, dva1, client(n));
  for (const unsigned a : {1U, 2U})
    for (const unsigned b : {3U, 4U, 5U}) {
      left.give(a, input::MemberUp{Cluster::id(b), 1});
      left.give(b, input::MemberUp{Cluster::id(a), 1});
    }
  left.settle();
  EXPECT_EQ(left.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(routes(left, 1, dva1), 18U);
}

}  // namespace
}  // namespace dvipa::test
