// The packet path and the upkeep of the tables (RTE, TGT).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

// covers: RTE-3, RTE-4
TEST(Routing, EveryPacketOfAConnectionGoesToItsTarget) {
  Cluster cluster(5);
  cluster.start_all();
  const unsigned target = cluster.connect(1, dva1, client(1));
  for (int i = 0; i < 10; ++i) EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(target));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(target));  // a SYN sent again
}

// covers: RTE-5
TEST(Routing, WithNobodyListeningTheKernelAnswers) {
  Cluster cluster(5);
  for (unsigned n = 1; n <= 5; ++n) cluster.start(n, definitions_of(n), false);
  for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Verdict::Kind::conventional);
}

// covers: RTE-3, RTE-4, RTE-5: an application of the owner, which is no candidate target
TEST(Routing, WhatTheOwnersOwnApplicationTakesForWantOfATargetHasAnEntry) {
  Cluster cluster(5);
  cluster.start(1, definitions_of(5), true);
  for (unsigned n = 2; n <= 5; ++n) cluster.start(n, {}, false);
  for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true), (Verdict{Verdict::Kind::to_local, Cluster::id(1), false}));
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, true});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(2), true).stack, Cluster::id(2));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(1));
}

// covers: FLV-5, RTE-6: who joins may have the client's next connection of that 4-tuple
TEST(Routing, AnEntryWhoseConnectionHasEndedCountsForNothingWhileAReportIsMissing) {
  Cluster cluster(5);
  for (unsigned n = 1; n <= 4; ++n) cluster.start(n, definitions_of(n));
  for (unsigned n = 1; n <= 4; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  const unsigned target = cluster.connect(1, dva1, client(1));
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.settle();
  ASSERT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(target));
  cluster.start(5, definitions_of(5));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).kind, Verdict::Kind::hold);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Verdict::Kind::hold);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(target));
}

// covers: TGT-1, TGT-2, RTE-6
TEST(Routing, AListenerThatEndsGetsNoNewConnectionsAndKeepsItsOld) {
  Cluster cluster(5);
  cluster.start_all();
  std::map<unsigned, std::uint32_t> one_of;
  for (std::uint32_t n = 0; n < 6; ++n) one_of[cluster.connect(1, dva1, client(n))] = n;
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.settle();
  for (std::uint32_t n = 10; n < 30; ++n) EXPECT_NE(cluster.connect(1, dva1, client(n)), 2U);
  EXPECT_EQ(cluster.packet(1, dva1, client(one_of.at(2)), false).stack, Cluster::id(2));
}

// covers: TGT-1
TEST(Routing, OnlyAListenerOnTheDvipaCountsWhenEveryPortIsDistributed) {
  Cluster cluster(2);
  Definitions definitions = definitions_of(1);
  definitions.dvipas[0].distribution->ports = {};
  cluster.start(1, definitions, false);
  cluster.start(2, {}, true);
  for (unsigned n = 1; n <= 2; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Verdict::Kind::conventional);
  cluster.give(2, input::ListenerChanged{dva1, 60, true});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(2));
}

// covers: TGT-4, RTE-6
TEST(Routing, AnEndedConnectionIsForgotten) {
  Cluster cluster(5);
  cluster.start_all();
  const unsigned target = cluster.connect(1, dva1, client(1));
  cluster.age(1, 12);
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.routes(1, dva1), 0U);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).kind, Verdict::Kind::conventional);
}

// covers: RTE-6
TEST(Routing, ALateTermConnDoesNotEndAConnectionThatWasOpenedAgain) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.connect(1, dva1, client(0));  // 1 itself
  const unsigned target = cluster.connect(1, dva1, client(1));
  ASSERT_NE(target, 1U);
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});  // on its way
  cluster.connect(1, dva1, client(1));                               // the same 4-tuple again
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(target));
  cluster.age(1, 12);
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.routes(1, dva1), 1U);
}

// covers: RTE-6, RTE-11
TEST(Routing, AConnectionThatEndedWithinTheLifeOfAFrameIsForgottenAfterIt) {
  Cluster cluster(5);
  cluster.start_all();
  const unsigned target = cluster.connect(1, dva1, client(1));
  cluster.give(target, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.routes(1, dva1), 1U);
  cluster.age(1, 12);
  cluster.settle();
  EXPECT_EQ(cluster.routes(1, dva1), 0U);
}

// The process of the connection's target dies and its kernel lives on; the client opens the same 4-tuple again at
// another target. covers: RTE-13
class LeftOver : public ::testing::Test {
 protected:
  LeftOver() {
    cluster_.start_all();
    while (tried_ < 20 && cluster_.connect(1, dva1, remote_) != 2) remote_ = client(++tried_);
    cluster_.crash(2);
    second_ = cluster_.connect(1, dva1, remote_);
  }
  // Stack 2 starts, and finds the connection in its kernel.
  void restart() {
    cluster_.start(2, definitions_of(2));
    cluster_.give(2, input::ConnectionsOpened{dva1, {remote_}});
    cluster_.fire(2, Timer::Kind::join);
    cluster_.settle();
  }
  Cluster cluster_{5};
  std::uint32_t tried_ = 0;
  Remote remote_ = client(0);
  unsigned second_ = 0;
};

TEST_F(LeftOver, TheOwnerHasItAborted) {
  restart();
  EXPECT_EQ(cluster_.abort_connections(2), 1U);
  cluster_.settle();
  EXPECT_EQ(cluster_.packet(1, dva1, remote_, false).stack, Cluster::id(second_));
}

TEST_F(LeftOver, ASuccessorIsNotTakenInByIt) {
  if (second_ == 1) GTEST_FAIL() << "the owner that dies is to be another stack than the target";
  restart();
  cluster_.abort_connections(2);
  cluster_.settle();
  cluster_.crash(1);
  cluster_.settle();
  EXPECT_EQ(cluster_.packet(5, dva1, remote_, false).stack, Cluster::id(second_));
}

TEST_F(LeftOver, WhatMayHaveEndedAtItsTargetIsNotHeldAgainstAnybody) {
  cluster_.give(second_, input::ConnectionsEnded{dva1, {remote_}});
  cluster_.settle();
  restart();
  EXPECT_EQ(cluster_.abort_connections(2), 0U);
}

// covers: FLV-6: what the missing report would have said is not known
TEST_F(LeftOver, IsNotEndedByAnOwnerThatWentOnWithoutAReport) {
  cluster_.crash(3);
  cluster_.start(3, definitions_of(3));
  cluster_.fire(1, Timer::Kind::report_limit, dva1);
  restart();
  EXPECT_EQ(cluster_.abort_connections(2), 0U);
}

// covers: RTE-11
TEST(Routing, AConnectionThatEndedWithoutAWordAgesOutAndALiveOneStays) {
  Cluster cluster(5);
  cluster.start_all();
  unsigned silent = 0;
  for (std::uint32_t n = 0; n < 30; ++n) {
    const Verdict verdict = cluster.packet(1, dva1, client(n), true);
    if (n == 7) {
      silent = verdict.stack.value;  // its SYN was lost: no kernel holds it
    } else {
      cluster.give(verdict.stack.value, input::ConnectionsOpened{dva1, {client(n)}});
    }
  }
  ASSERT_NE(silent, 0U);
  for (unsigned i = 0; i < 5 * Stack::ageing_slices; ++i) {
    cluster.fire(1, Timer::Kind::ageing);
    cluster.settle();
  }
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->routes.size(), 29U);
  EXPECT_EQ(cluster.packet(1, dva1, client(7), false).kind, Verdict::Kind::conventional);
}

// covers: RTE-12, TKB-4
TEST(Routing, NothingIsSentOnTwiceByTheSameKindOfStack) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.connect(1, dva1, client(0));
  const unsigned target = cluster.connect(1, dva1, client(1));
  EXPECT_EQ(cluster.packet(5, dva1, client(1), false).kind, Verdict::Kind::to_owner);
  EXPECT_EQ(cluster.packet(5, dva1, client(1), false, 2, true).kind, Verdict::Kind::drop);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false, 5, true).stack, Cluster::id(target));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false, 5, false).kind, Verdict::Kind::drop);
  EXPECT_EQ(cluster.packet(target, dva1, client(1), false, 1, false).kind, Verdict::Kind::drop);
}

// covers: TGT-6
TEST(Routing, ATargetRefusesAFormerOwnerAndIsReadyForTheNext) {
  Cluster cluster(5);
  cluster.start_all();
  const auto forwarders = [&] { return cluster.at(2).dvipa(dva1)->forwarders; };
  EXPECT_TRUE(forwarders().test(1));
  EXPECT_TRUE(forwarders().test(5));   // may succeed
  EXPECT_FALSE(forwarders().test(3));  // may not
  cluster.crash(1);
  EXPECT_FALSE(forwarders().test(1));
  cluster.settle();
  cluster.start(1, definitions_of(1));
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), roles::OwnerState::active);
  EXPECT_TRUE(forwarders().test(1));
  EXPECT_FALSE(forwarders().test(5));  // lately the owner
  for (int i = 0; i < 10; ++i) cluster.fire(2, Timer::Kind::ageing);
  EXPECT_TRUE(forwarders().test(5));
}

// covers: RTE-7
TEST(Routing, TheRoutingStackMayBeATargetItself) {
  Cluster cluster(5);
  cluster.start_all();
  std::set<Verdict::Kind> kinds;
  for (std::uint32_t n = 0; n < 3; ++n) kinds.insert(cluster.packet(1, dva1, client(n), true).kind);
  EXPECT_TRUE(kinds.contains(Verdict::Kind::to_local));
  EXPECT_TRUE(kinds.contains(Verdict::Kind::to_target));
}

// covers: TGT-3
TEST(Routing, AConnectionThatATargetOpensIsRoutedBackToIt) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.give(4, input::ConnectionsOpened{dva1, {client(9)}});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(9), false).stack, Cluster::id(4));
}

// covers: CFG-9
TEST(Routing, BothFamiliesAreRoutedAlike) {
  Cluster cluster(2);
  const Address dvipa6 = *parse_address("2001:db8::77");
  Definitions definitions = definitions_of(1);
  definitions.dvipas[0].dvipa = dvipa6;
  definitions.dvipas.pop_back();
  cluster.start(1, definitions, false);
  cluster.start(2, {}, true);
  for (unsigned n = 1; n <= 2; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  const Remote remote{*parse_address("2001:db8::1"), 1024, 60};
  EXPECT_EQ(cluster.packet(1, dvipa6, remote, true).stack, Cluster::id(2));
  EXPECT_EQ(cluster.packet(1, dvipa6, remote, false).stack, Cluster::id(2));
}

TEST(Stacks, AreValues) {
  Cluster cluster(5);
  cluster.start_all();
  Stack copy = cluster.at(1);
  EXPECT_EQ(copy, cluster.at(1));
  Segment segment;
  segment.connection = {dva1, client(5)};
  segment.syn = true;
  const Verdict in_copy = copy.route(segment);
  EXPECT_NE(copy, cluster.at(1));
  EXPECT_EQ(cluster.at(1).route(segment), in_copy);
  EXPECT_EQ(copy, cluster.at(1));
}

}  // namespace
}  // namespace dvipa::test
