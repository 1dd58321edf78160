// Two stacks that say they hold the same connection, reports that come late, and who hears of a listener: what random
// schedules have shown (FLV-10, FLV-11, RTE-6, TGT-2).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;
using Kind = Verdict::Kind;

// The first client whose SYN the owner gives to `target`, which holds its connection then.
Remote client_at(Cluster& cluster, unsigned owner, unsigned target) {
  for (std::uint32_t n = 0; n < 10; ++n)
    if (cluster.connect(owner, dva1, client(n)) == target) return client(n);
  ADD_FAILURE() << "nothing goes to S" << target;
  return client(0);
}

// covers: FLV-11, FLV-12
TEST(Rivals, TheOtherHolderHasTheConnectionWhenTheTargetFails) {
  Cluster cluster(5);
  cluster.start_all();
  const Remote remote = client_at(cluster, 1, 2);
  cluster.give(4, input::ConnectionsOpened{dva1, {remote}});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, remote, false), (Verdict{Kind::to_target, Cluster::id(2), false}));
  cluster.crash(2);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, remote, false), (Verdict{Kind::to_target, Cluster::id(4), false}));
}

// covers: RTE-13: the process of S2 was killed with the connection, whose client has opened another one at S4 since
TEST(Rivals, WhatAProcessHasInheritedYieldsToWhatAnotherHasSeenBegin) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(2);
  cluster.settle();
  cluster.start_alone(2, {});
  cluster.give(2, input::ConnectionsOpened{dva1, {client(1)}});
  for (const unsigned other : {1U, 3U, 4U, 5U}) cluster.meet(2, other);
  cluster.settle();
  ASSERT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(2));
  cluster.give(4, input::ConnectionsOpened{dva1, {client(1), client(2)}});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(4));
  EXPECT_EQ(cluster.packet(1, dva1, client(2), false).stack, Cluster::id(4));
}

// covers: RTE-13: the same of the owner's own process
TEST(Rivals, WhatTheOwnerHasInheritedYieldsToo) {
  Cluster cluster(5);
  for (unsigned n = 1; n <= 5; ++n) cluster.start_alone(n, definitions_of(n));
  cluster.give(1, input::ConnectionsOpened{dva1, {client(1)}});
  for (unsigned n = 1; n <= 5; ++n)
    for (unsigned other = 1; other < n; ++other) cluster.meet(n, other);
  for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(1));
  cluster.give(4, input::ConnectionsOpened{dva1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(4));
}

// The SYN has made an entry for the target, but no connection; S4 says that it has one.
struct TwoHolders : testing::Test {
  TwoHolders() { cluster.start_all(); }
  void give_to(unsigned target) {
    std::uint32_t n = 0;
    while (n < 10 && cluster.packet(1, dva1, client(n), true).stack != Cluster::id(target)) ++n;
    remote = client(n);
    cluster.give(4, input::ConnectionsOpened{dva1, {remote}});
    cluster.deliver_all(4, 1);
    EXPECT_EQ(data().kind, Kind::hold);
  }
  Verdict data() { return cluster.packet(1, dva1, remote, false); }

  Cluster cluster{5};
  Remote remote;
};

// covers: RTE-6, FLV-5: no SYN is under way to the owner itself
TEST_F(TwoHolders, TheTargetIsAskedAndPacketsAreHeldUntilItAnswers) {
  give_to(1);
  cluster.settle();
  EXPECT_EQ(data(), (Verdict{Kind::to_target, Cluster::id(4), false}));
}

// covers: RTE-6, FLV-5
TEST_F(TwoHolders, PacketsAreHeldForAsLongAsTheSynMayBeUnderWay) {
  give_to(2);
  cluster.settle();
  EXPECT_EQ(data().kind, Kind::hold);
  cluster.age(1, 10);
  EXPECT_EQ(data().kind, Kind::hold);
  cluster.settle();
  EXPECT_EQ(data(), (Verdict{Kind::to_target, Cluster::id(4), false}));
}

// covers: RTE-6, FLV-5: what S4 has is of an earlier connection of the client
TEST_F(TwoHolders, TheTargetKeepsTheConnectionWhoseSynComesAfterItWasAsked) {
  give_to(2);
  cluster.settle();
  cluster.give(2, input::ConnectionAccepted{{dva1, remote}});
  cluster.age(1, 10);
  cluster.settle();
  EXPECT_EQ(data(), (Verdict{Kind::to_target, Cluster::id(2), false}));
}

// covers: FLV-11, FLV-5: the claimant has failed, and reports are asked for anew; the SYN of the entry was lost
TEST(Rivals, WhatAFormerOwnerSaysShakesAnEntryOlderThanTheClaim) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  std::uint32_t n = 0;
  while (n < 10 && cluster.packet(5, dva1, client(n), true).stack != Cluster::id(2)) ++n;
  cluster.start(1, definitions_of(1));
  for (const unsigned each : {2U, 3U, 4U, 5U}) cluster.deliver_all(each, 1);
  cluster.fire(1, Timer::Kind::join);
  cluster.deliver_all(1, 5);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::handing_over);
  cluster.crash_silently(1);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::rebuilding);
  const Epoch claim = cluster.at(5).dvipa(dva1)->owner.facts.mine;
  cluster.give(5, input::Received{Cluster::id(4), NewConn{dva1, claim, Cluster::id(3), {client(n)}}});
  EXPECT_EQ(cluster.packet(5, dva1, client(n), false).kind, Kind::hold);
  cluster.settle();
  EXPECT_EQ(cluster.packet(5, dva1, client(n), false).stack, Cluster::id(3));
}

// covers: RTE-6, FLV-5: its target has reported and not named it, and then a SYN has gone there
TEST(Rivals, AnEntryOlderThanTheClaimStandsWhenASynHasGoneByIt) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  std::uint32_t n = 0;
  while (n < 10 && cluster.packet(5, dva1, client(n), true).stack != Cluster::id(2)) ++n;
  cluster.start(1, definitions_of(1));
  for (const unsigned each : {2U, 3U, 4U, 5U}) cluster.deliver_all(each, 1);
  cluster.fire(1, Timer::Kind::join);
  cluster.deliver_all(1, 5);
  cluster.crash_silently(1);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::rebuilding);
  cluster.deliver_all(5, 2);
  cluster.deliver_all(2, 5);
  ASSERT_EQ(cluster.packet(5, dva1, client(n), true).stack, Cluster::id(2));
  const Epoch claim = cluster.at(5).dvipa(dva1)->owner.facts.mine;
  cluster.give(5, input::Received{Cluster::id(3), NewConn{dva1, claim, Cluster::id(3), {client(n)}}});
  EXPECT_EQ(cluster.packet(5, dva1, client(n), false).kind, Kind::hold);
}

// covers: FLV-11, FLV-5, RTE-4: of two owners the one that stays has met the other, and not its target yet
TEST(Rivals, AConnectionOfAMemberNotMetYetGoesNowhereElse) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2}, {3, 4, 5});
  cluster.age(1, 100);
  const Remote remote = client_at(cluster, 5, 4);
  cluster.mend({1}, {5});
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_NE(cluster.at(1).dvipa(dva1)->routes.find(remote), nullptr);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).kind, Kind::drop);  // until they have met
  EXPECT_EQ(cluster.packet(1, dva1, remote, true).kind, Kind::drop);
  cluster.age(1, 100);  // which they have not
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).kind, Kind::conventional);
  cluster.mend({1}, {3, 4});
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).stack, Cluster::id(4));
}

// covers: FLV-11, RTE-4: the SYN arrives when its target has reported already
TEST(Rivals, WhoClaimsAnewStillKnowsWhomItGaveASynJustNow) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2, 4}, {3, 5});
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  std::uint32_t n = 0;
  while (n < 10 && cluster.packet(1, dva1, client(n), true).stack != Cluster::id(2)) ++n;
  cluster.mend({1, 2, 4}, {3, 5});
  ASSERT_EQ(cluster.at(1).dvipa(dva1)->owner.facts.mine, (Epoch{3, Cluster::id(1)}));
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, client(n), false), (Verdict{Kind::to_target, Cluster::id(2), false}));
}

// covers: FLV-11, RTE-4, RTE-11: the reports take longer than a frame lives
TEST(Rivals, ASynIsRememberedHoweverLongTheReportsTake) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2, 4}, {3, 5});
  std::uint32_t n = 0;
  while (n < 10 && cluster.packet(1, dva1, client(n), true).stack != Cluster::id(2)) ++n;
  std::uint32_t m = n + 1;
  while (m < 20 && cluster.packet(1, dva1, client(m), true).stack != Cluster::id(2)) ++m;
  for (const unsigned one : {1U, 2U, 4U})
    for (const unsigned other : {3U, 5U}) cluster.meet(one, other);
  cluster.deliver_all(5, 1);
  ASSERT_EQ(cluster.at(1).dvipa(dva1)->owner.facts.mine, (Epoch{3, Cluster::id(1)}));
  cluster.age(1, 10);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  cluster.give(2, input::ConnectionAccepted{{dva1, client(n)}});
  EXPECT_EQ(cluster.packet(1, dva1, client(n), false), (Verdict{Kind::to_target, Cluster::id(2), false}));
  cluster.age(1, 1);
  cluster.settle();
  EXPECT_EQ(cluster.packet(1, dva1, client(n), false).stack, Cluster::id(2));
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->routes.find(client(m)), nullptr) << "S2 has not got that one";
}

// covers: FLV-10, CFG-7: it had the newer epoch
TEST(Rivals, WhoGivesUpWhatItOwnedHeedsAnOlderOwner) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.cut({1, 2, 4}, {3, 5});
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  cluster.give(5, input::DefinitionsSet{{}});
  cluster.settle();
  cluster.mend({1, 2, 4}, {3, 5});
  EXPECT_EQ(cluster.at(5).dvipa(dva1)->owner.facts.owner, Cluster::id(1));
  EXPECT_EQ(cluster.at(5).dvipa(dva1)->report_to, Cluster::id(1));
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
}

// covers: CFG-7, RTE-1
TEST(Claim, GoesOnWithTheDistributionThatTheProfileSaysNow) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  cluster.come_back(1);
  for (const unsigned n : {2U, 4U}) cluster.deliver_all(1, n);
  for (const unsigned n : {2U, 4U}) cluster.deliver_all(n, 1);
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::taking_back);
  Definitions changed = definitions_of(1);
  changed.dvipas.front().distribution = distribution({2});
  cluster.give(1, input::DefinitionsSet{changed});
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.listeners(1, dva1), 1U);
}

// covers: RTE-12
TEST(Start, NothingIsSentOnBeforeEveryMemberIsKnown) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  cluster.start(1, definitions_of(1));
  cluster.deliver_all(5, 1);
  ASSERT_EQ(cluster.at(1).dvipa(dva1)->owner.facts.owner, Cluster::id(5));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Kind::drop);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Kind::to_owner);
}

// covers: RTE-11: the SYN came to nothing there, the application has ended, and the client goes on trying
TEST(Entry, ThatIsUsedInVainGoesWhenItsTargetListensNoLonger) {
  Cluster cluster(5);
  cluster.start_all();
  std::uint32_t n = 0;
  while (n < 10 && cluster.packet(1, dva1, client(n), true).stack != Cluster::id(2)) ++n;
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.settle();
  for (unsigned tick = 0; tick < 4 * Stack::ageing_slices; ++tick) {
    cluster.packet(1, dva1, client(n), false);
    cluster.age(1, 1);
    cluster.settle();
  }
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->routes.find(client(n)), nullptr);
}

// covers: RTE-5, RTE-6
TEST(Entry, OfAnEndedConnectionTakesNoSynToWhoNoLongerListens) {
  Cluster cluster(5);
  cluster.start_all();
  const Remote remote = client_at(cluster, 1, 2);
  cluster.give(2, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.give(2, input::ConnectionsEnded{dva1, {remote}});
  cluster.settle();
  EXPECT_NE(cluster.packet(1, dva1, remote, true).stack, Cluster::id(2));
}

// covers: TGT-2, TGT-7: the claimant does not distribute to it, the owner does
TEST(Claim, TheOwnerHearsOfAListenerThatTheClaimantLeavesOut) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  ASSERT_EQ(cluster.listeners(5, dva1), 3U);
  cluster.come_back(1);
  cluster.deliver_all(1, 3);
  cluster.give(3, input::ListenerChanged{Address::v4(0), 60, false});
  cluster.deliver_all(3, 5);
  EXPECT_EQ(cluster.listeners(5, dva1), 2U);
}

// covers: TKB-5: the owner has excluded S2, which has an end of the connection before; the claimant has not
TEST(Takeback, TheOwnerKnowsWhichOfTwoEndsTheClientHas) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const Remote remote = client_at(cluster, 5, 2);
  cluster.give(5, input::MemberDown{Cluster::id(2)});
  cluster.give(2, input::MemberDown{Cluster::id(5)});
  const unsigned second = cluster.connect(5, dva1, remote);
  ASSERT_NE(second, 2U);
  cluster.start(1, definitions_of(1));
  cluster.give(5, input::MemberDown{Cluster::id(2)});
  for (const unsigned n : {2U, 3U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(1, n);
  for (const unsigned n : {2U, 3U, 4U}) cluster.deliver_all(n, 1);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).stack, Cluster::id(second));
}

// covers: TKB-1, RTE-6, RTE-11: kept for a SYN that may be under way; what its target tells when it comes may be too
// late
TEST(Takeback, AnEntryOfAnEndedConnectionIsPassedOnAndAskedAbout) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const Remote remote = client_at(cluster, 5, 3);
  cluster.give(3, input::ConnectionsEnded{dva1, {remote}});
  cluster.settle();
  ASSERT_NE(cluster.at(5).dvipa(dva1)->routes.find(remote), nullptr);
  cluster.start(1, definitions_of(1));
  cluster.settle();
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).stack, Cluster::id(3));
  cluster.age(1, 10);
  cluster.settle();
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->routes.find(remote), nullptr);
}

// covers: FLV-6, TKB-2: the newcomer is met between TAKEOVER and RELEASED
TEST(Takeback, WaitsForAMemberThatJoinsWhenItsReportsAreComplete) {
  Cluster cluster(5);
  cluster.start_all();
  cluster.crash(1);
  cluster.settle();
  const Remote remote = client_at(cluster, 5, 3);
  cluster.start(1, definitions_of(1));
  cluster.give(1, input::MemberDown{Cluster::id(3)});
  cluster.give(3, input::MemberDown{Cluster::id(1)});
  for (const unsigned n : {2U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.fire(1, Timer::Kind::join);
  for (const unsigned n : {2U, 4U, 5U}) cluster.deliver_all(1, n);
  for (const unsigned n : {2U, 4U, 5U}) cluster.deliver_all(n, 1);
  cluster.give(1, input::MemberUp{Cluster::id(3), 1});
  cluster.give(3, input::MemberUp{Cluster::id(1), 1});
  cluster.deliver_all(1, 5);
  cluster.deliver_all(5, 1);
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::rebuilding);
  EXPECT_EQ(cluster.packet(1, dva1, client(99), false).kind, Kind::hold);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).stack, Cluster::id(3));  // as the former owner has said
  cluster.settle();
  EXPECT_EQ(cluster.state(1, dva1), OwnerState::active);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).stack, Cluster::id(3));
}

}  // namespace
}  // namespace dvipa::test
