// Takeback, leaving, epochs and partitions, seen on the example of F Fig 4 (TKB, MOV-7, FLV-10, FLV-11).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;

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
  EXPECT_EQ(cluster.routes(1, dva1), 31U);
  EXPECT_EQ(cluster.routes(5, dva1), 0U);
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
  cluster.come_back(1);
  for (const unsigned n : {2U, 5U}) cluster.deliver_all(1, n);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  cluster.crash(1);
  cluster.settle();
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(cluster.routes(5, dva1), 30U);
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
}

// covers: TKB-7, TGT-6
TEST(Takeback, TheFormerOwnerMayFailDuringTheHandover) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  for (std::uint32_t n = 0; n < 30; ++n) cluster.connect(5, dva1, client(n));
  cluster.come_back(1);
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(1, n);
  const Verdict seen = cluster.packet(2, dva1, client(500), true, 5);  // from the former owner, after the list of 1
  EXPECT_TRUE(seen.report);
  cluster.give(2, input::RouteReported{{dva1, client(500)}, Cluster::id(2)});
  cluster.crash(5);
  cluster.settle();
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(500), false).stack, Cluster::id(2));
  EXPECT_EQ(cluster.routes(1, dva1), 31U);
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
  EXPECT_EQ(cluster.routes(5, dva1), 30U);
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
  EXPECT_EQ(cluster.routes(5, dva1), 0U);
}

// covers: FLV-11
TEST(Partition, OfTwoOwnersThePrimaryRemainsWithTheConnectionsOfBoth) {
  Cluster cluster(5);
  cluster.start_all();
  for (std::uint32_t n = 0; n < 9; ++n) cluster.connect(1, dva1, client(n));
  cluster.cut({1, 2}, {3, 4, 5});
  ASSERT_EQ(cluster.advertisers(dva1), (std::set<unsigned>{1, 5}));
  for (std::uint32_t n = 100; n < 109; ++n) cluster.connect(5, dva1, client(n));
  cluster.mend({1, 2}, {3, 4, 5});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.routes(1, dva1), 18U);
}

// covers: TKB-1: of the SYN on its way, the owner alone knows
TEST(Takeback, TheOwnerReportsWhatItsTargetsDoNotKnowYet) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const StackId target = cluster.packet(5, dva1, client(1), true).stack;
  cluster.start(1, definitions_of(1));
  cluster.settle();
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, target);
}

// covers: TKB-5: also what it has an entry for, so that the claimant does not let it go with the connection before
TEST(Takeback, ASynThatHitsAnEntryDuringTheHandoverIsReported) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const unsigned target = cluster.connect(5, dva1, client(1));
  cluster.age(5, 12);
  cluster.come_back(1);
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(1, n);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.age(1, 12);
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});  // on its way
  const Verdict again = cluster.packet(5, dva1, client(1), true);
  EXPECT_TRUE(again.report);
  cluster.give(5, input::RouteReported{{dva1, client(1)}, again.stack});
  cluster.deliver_all(5, 1);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(target));
  EXPECT_EQ(cluster.routes(1, dva1), 1U);
}

// covers: TKB-5: the end of the connection before was told to the owner only
TEST(Takeback, WhatTheOwnerSaysOfItsRoutesDecides) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const unsigned first = cluster.connect(5, dva1, client(1));
  cluster.age(5, 12);
  cluster.come_back(1);
  cluster.deliver_all(1, 5);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  cluster.give(first, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.deliver_all(first, 5);
  const Verdict second = cluster.packet(5, dva1, client(1), true);
  ASSERT_NE(second.stack, Cluster::id(first));
  cluster.give(5, input::RouteReported{{dva1, client(1)}, second.stack});
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, second.stack);
}

// covers: TGT-7, TKB-7: the claimant fails before the owner has heard of its claim
TEST(Takeback, WhatATargetToldToAFailedClaimantIsNotLost) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  cluster.come_back(1);
  cluster.deliver_all(1, 2);  // but not to 5
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.crash_silently(1);
  cluster.settle();
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(cluster.listeners(5, dva1), 2U);
  for (std::uint32_t n = 0; n < 9; ++n) EXPECT_NE(cluster.connect(5, dva1, client(n)), 2U);
}

// covers: FLV-10
TEST(Epochs, WithTheNewestOwnerGoneAnOlderOneThatWasHeardOfIsTheOwner) {
  Cluster cluster(5);
  cluster.start_all();
  const auto list_of = [](unsigned owner, std::uint32_t counter) {
    VipaList list;
    list.entries = {{definitions_of(1).dvipas[0], Claim::owning, {counter, Cluster::id(owner)}}};
    return list;
  };
  cluster.give(2, input::Received{Cluster::id(5), list_of(5, 9)});
  ASSERT_EQ(cluster.at(2).dvipa(dva1)->report_to, Cluster::id(5));
  cluster.give(2, input::MemberDown{Cluster::id(5)});
  EXPECT_EQ(cluster.at(2).dvipa(dva1)->report_to, Cluster::id(1));
}

// covers: TGT-7: of two that say that they own it, either may be the one that is left
TEST(Epochs, EveryOwnerThatATargetHasHeardOfHearsOfWhatChanges) {
  Cluster cluster(5);
  cluster.start_all();
  VipaList list;
  list.entries = {{definitions_of(1).dvipas[0], Claim::owning, {9, Cluster::id(5)}}};
  cluster.give(2, input::Received{Cluster::id(5), list});
  ASSERT_EQ(cluster.at(2).dvipa(dva1)->report_to, Cluster::id(5));
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.deliver_all(2, 1);
  EXPECT_EQ(cluster.listeners(1, dva1), 2U);
}

// covers: FLV-11, TKB-1: a SYN that the losing side had forwarded and that has not arrived
TEST(Partition, TheOneThatGivesWayTellsWhatItRoutes) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2}, {3, 4, 5});
  const StackId target = cluster.packet(5, dva1, client(1), true).stack;
  cluster.mend({1, 2}, {3, 4, 5});
  ASSERT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, target);
}

// covers: FLV-11: clients may have learned the other's address last
TEST(Partition, TheOneThatRemainsAdvertisesAfterTheOtherHasWithdrawn) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2}, {3, 4, 5});
  ASSERT_EQ(cluster.last_advertiser(dva1), 5U);
  cluster.mend({1, 2}, {3, 4, 5});
  EXPECT_EQ(cluster.last_advertiser(dva1), 1U);
}

// covers: TGT-6 TKB-6
TEST(Leaving, TheNewOwnersFramesAreLetInBeforeItOwns) {
  Cluster cluster(5);
  cluster.start_all();
  EXPECT_FALSE(cluster.at(1).dvipa(dva1)->forwarders.any());
  cluster.give(1, input::LeaveAsked{});
  cluster.deliver_all(1, 5);
  cluster.deliver_all(5, 1);
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::handing_over);
  EXPECT_TRUE(cluster.at(1).dvipa(dva1)->forwarders.test(5));
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->forwarders.count(), 1U);
}

// S1, the primary of DVA1, is back and claims it from S5; both know that, and nobody has let go.
struct Handover : testing::Test {
  Handover() {
    cluster.start_all();
    cluster.crash(1);
    cluster.settle();
    cluster.come_back(1);
    cluster.deliver_all(1, 5);
    EXPECT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  }
  const tables::Route* route_at(unsigned n, const Remote& remote) {
    return cluster.at(n).dvipa(dva1)->routes.find(remote);
  }
  // S2 fails and is back; S5 has met its second life, and S1 has not noticed yet that the first is over.
  void restart_2_for_5() {
    cluster.give(5, input::MemberDown{Cluster::id(2)});
    cluster.start_alone(2, {});
    cluster.meet(5, 2);
    cluster.deliver_all(5, 2);
    cluster.deliver_all(2, 5);
  }
  Remote given_to_2() {
    std::uint32_t n = 100;
    while (n < 110 && cluster.connect(5, dva1, client(n)) != 2) ++n;
    cluster.deliver_all(5, 1);
    return client(n);
  }

  Cluster cluster{5};
};

// covers: TKB-2: S3 has been lost and met again, so that S5 does not know all
TEST_F(Handover, AnOwnerThatWaitsForAReportDoesNotLetGo) {
  cluster.part(3, 5);
  cluster.meet(3, 5);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(1, n);
  for (const unsigned n : {2U, 3U, 4U, 5U, 1U}) cluster.deliver_all(n, 1);
  cluster.deliver_all(1, 5);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  cluster.deliver_all(5, 3);
  cluster.deliver_all(3, 5);
  EXPECT_EQ(cluster.state(5, dva1), OwnerState::backup);
}

// covers: TKB-5
TEST_F(Handover, TheClaimantHearsOfWhatATargetReportsToTheOwner) {
  const Epoch mine = cluster.at(5).dvipa(dva1)->owner.facts.mine;
  cluster.give(5, input::Received{Cluster::id(4), NewConn{dva1, mine, Cluster::id(4), {client(9)}}});
  cluster.deliver_all(5, 1);
  ASSERT_NE(route_at(1, client(9)), nullptr);
  EXPECT_EQ(route_at(1, client(9))->target, Cluster::id(4));
}

// covers: TKB-5, FLV-12
TEST_F(Handover, WhatIsSaidOfATargetsNextLifeOutlivesItsPresentOne) {
  restart_2_for_5();
  const Remote remote = given_to_2();
  cluster.give(1, input::MemberDown{Cluster::id(2)});
  EXPECT_NE(route_at(1, remote), nullptr);
  cluster.meet(1, 2);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false), (Verdict{Verdict::Kind::to_target, Cluster::id(2), false}));
}

// covers: TKB-5, RTE-12: S1 owns the DVIPA before it has met that life, which would not know its frames
TEST_F(Handover, NothingIsSentToALifeThatIsNotMet) {
  restart_2_for_5();
  const Remote remote = given_to_2();
  cluster.give(1, input::MemberDown{Cluster::id(2)});
  for (unsigned round = 0; round < 4; ++round)
    for (const unsigned n : {3U, 4U, 5U}) cluster.deliver_all(n, 1), cluster.deliver_all(1, n);
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false), Verdict{});
}

// covers: TKB-5: S2 has failed again before S1 meets it
TEST_F(Handover, WhatIsSaidOfALifeIsForgottenWhenALaterOneIsMet) {
  restart_2_for_5();
  const Remote remote = given_to_2();
  cluster.give(1, input::MemberDown{Cluster::id(2)});
  ASSERT_NE(route_at(1, remote), nullptr);
  cluster.give(1, input::MemberUp{Cluster::id(2), 3});
  EXPECT_EQ(route_at(1, remote), nullptr);
}

// covers: TKB-5: S1 has met the second life of S2, and S5 still tells it of the first
TEST_F(Handover, WhatIsSaidOfAFormerLifeIsIgnored) {
  const Epoch claim = cluster.at(1).dvipa(dva1)->owner.facts.mine;
  cluster.give(1, input::MemberDown{Cluster::id(2)});
  cluster.give(1, input::MemberUp{Cluster::id(2), 2});
  cluster.give(1, input::Received{Cluster::id(5), NewConn{dva1, claim, Cluster::id(2), {client(9)}, 1}});
  EXPECT_EQ(route_at(1, client(9)), nullptr);
  cluster.give(1, input::Received{Cluster::id(5), NewConn{dva1, claim, Cluster::id(1), {client(9)}, 1}});
  EXPECT_EQ(route_at(1, client(9)), nullptr) << "of itself, too";
}

// covers: TGT-7, FLV-10: S1 lets go of DVB1 for S5, its primary, and follows a claim of S6 that is newer and void
TEST(Handover6, TheNewOwnerHearsWhatChangesBeforeItHasSaidThatItOwns) {
  Cluster cluster(6);
  cluster.start_all();
  cluster.crash(5);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dvb1), OwnerState::active);
  cluster.start(5, definitions_of(5));
  for (unsigned round = 0; round < 2; ++round)
    for (const unsigned n : {1U, 2U, 3U, 4U, 6U}) cluster.deliver_all(n, 5), cluster.deliver_all(5, n);
  cluster.fire(5, Timer::Kind::join);
  for (unsigned round = 0; round < 8 && cluster.state(1, dvb1) != OwnerState::backup; ++round) {
    for (const unsigned n : {2U, 3U, 4U, 6U, 1U}) cluster.deliver_all(5, n), cluster.deliver_all(n, 5);
  }
  ASSERT_EQ(cluster.state(1, dvb1), OwnerState::backup);
  ListEntry void_claim;
  void_claim.definition.dvipa = dvb1;
  void_claim.definition.distribution = distribution({});
  void_claim.claim = Claim::owning;
  void_claim.epoch = {cluster.at(5).dvipa(dvb1)->owner.facts.mine.counter, Cluster::id(6)};
  VipaList list;
  list.entries = {void_claim};
  cluster.give(1, input::Received{Cluster::id(6), list});
  ASSERT_EQ(cluster.at(1).dvipa(dvb1)->owner.facts.owner, Cluster::id(6));
  const std::size_t before = cluster.listeners(5, dvb1);
  cluster.give(1, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.deliver_all(1, 5);
  EXPECT_EQ(cluster.listeners(5, dvb1), before - 1);
}

}  // namespace
}  // namespace dvipa::test
