// What lists tell, and to whom (LST-3, LST-7); and what a stack does that cannot hear others (FLV-9, FLV-11).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;

// Stack 1 distributes, stack 5 is its backup without a distribution of its own.
Definitions plain_definitions_of(unsigned stack) {
  Definitions definitions = definitions_of(stack);
  if (stack == 1) definitions.dvipas.pop_back();
  if (stack == 5) definitions.dvipas = {definitions.dvipas[0]};
  if (stack == 5) definitions.dvipas[0].distribution.reset();
  return definitions;
}

struct Lists : testing::Test {
  void start_all() {
    for (unsigned n = 1; n <= 5; ++n) cluster.start(n, plain_definitions_of(n));
    for (unsigned n = 1; n <= 5; ++n) cluster.fire(n, Timer::Kind::join);
    cluster.settle();
  }
  std::set<unsigned> used_by(unsigned owner, std::uint32_t from) {
    std::set<unsigned> used;
    for (std::uint32_t n = from; n < from + 10; ++n) used.insert(cluster.connect(owner, dva1, client(n)));
    return used;
  }
  Cluster cluster{5};
};

// covers: LST-3
TEST_F(Lists, ABackupThatWasNotThereIsToldWhatOthersHaveStored) {
  start_all();
  cluster.crash(1);
  cluster.settle();
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  cluster.crash(5);
  cluster.settle();
  cluster.start(5, plain_definitions_of(5));
  cluster.fire(5, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(used_by(5, 0), (std::set<unsigned>{2, 4}));
}

// covers: LST-3: it owns the address already, alone as it thought
TEST_F(Lists, WhatOthersHaveStoredHelpsAnOwnerToo) {
  start_all();
  cluster.crash(1);
  cluster.crash(5);
  cluster.settle();
  cluster.start(5, plain_definitions_of(5));
  for (const unsigned other : {2U, 3U, 4U}) {
    cluster.give(5, input::MemberDown{Cluster::id(other)});
    cluster.give(other, input::MemberDown{Cluster::id(5)});
  }
  cluster.fire(5, Timer::Kind::join);
  cluster.look(5);
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(cluster.connect(5, dva1, client(1)), 5U) << "as if it were not distributed";
  cluster.mend({5}, {2, 3, 4});
  EXPECT_EQ(used_by(5, 10), (std::set<unsigned>{2, 4}));
}

// covers: LST-3: a definition of its own wins, and what is newer
TEST_F(Lists, WhatIsKnownBetterIsNotReplaced) {
  start_all();
  cluster.crash(1);
  cluster.settle();
  cluster.crash(5);
  cluster.settle();
  cluster.start(5, definitions_of(5));
  cluster.fire(5, Timer::Kind::join);
  cluster.settle();
  EXPECT_EQ(used_by(5, 0), (std::set<unsigned>{2, 3, 4}));
}

// The entry of the DVIPA in the list that stack 1 sends to stack `to` when its profile changes.
std::optional<ListEntry> entry_for(Stack& stack, unsigned to) {
  Definitions changed = plain_definitions_of(1);
  changed.dvipas[0].distribution->ports.ranges.push_back({80, 80});
  Effects effects;
  stack.step(input::DefinitionsSet{changed}, effects);
  for (const Effect& each : effects)
    if (const auto* send = std::get_if<effect::Send>(&each); send != nullptr && send->to == Cluster::id(to))
      if (const auto* list = std::get_if<VipaList>(&send->message))
        for (const ListEntry& entry : list->entries)
          if (entry.definition.dvipa == dva1) return entry;
  return std::nullopt;
}

// covers: LST-7
TEST_F(Lists, AStackThatADvipaDoesNotConcernHearsOnlyWhoOwnsIt) {
  cluster.lists_to_concerned = true;
  start_all();
  Stack stack = cluster.at(1);
  for (const unsigned concerned : {2U, 5U}) {
    Stack copy = stack;
    const auto told = entry_for(copy, concerned);
    ASSERT_TRUE(told) << concerned;
    EXPECT_TRUE(told->definition.distribution) << concerned;
  }
  const auto told = entry_for(stack, 3);
  ASSERT_TRUE(told);
  EXPECT_EQ(told->claim, Claim::owning);
  EXPECT_FALSE(told->definition.distribution);
}

// covers: LST-7, FLV-4: also then nothing is lost in failover and takeback
TEST_F(Lists, ListsToThoseConcernedAreEnough) {
  cluster.lists_to_concerned = true;
  start_all();
  std::map<std::uint32_t, unsigned> targets;
  for (std::uint32_t n = 0; n < 9; ++n) targets[n] = cluster.connect(1, dva1, client(n));
  EXPECT_TRUE(cluster.at(5).dvipa(dva1)->kept) << "the backup has the list, although it is no target";
  cluster.crash(1);
  cluster.settle();
  ASSERT_EQ(cluster.state(5, dva1), OwnerState::active);
  EXPECT_EQ(used_by(5, 20), (std::set<unsigned>{2, 4}));
  for (const auto& [n, target] : targets)
    if (target != 1) {
      EXPECT_EQ(cluster.packet(5, dva1, client(n), false).stack, Cluster::id(target));
    }
  cluster.start(1, plain_definitions_of(1));
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), OwnerState::active);
  for (const auto& [n, target] : targets)
    if (target != 1) {
      EXPECT_EQ(cluster.packet(1, dva1, client(n), false).stack, Cluster::id(target));
    }
}

struct OwnersApart : Lists {
  void SetUp() override { start_all(); }
};

// covers: FLV-11: the bus to the owner is cut, and its backup has taken over
TEST_F(OwnersApart, TheFormerOwnerGivesWayToTheOneThatItHearsOnTheSegment) {
  std::uint32_t kept = 0;  // by a connection of the owner's own
  while (kept < 3 && cluster.connect(1, dva1, client(100 + kept)) != 1) ++kept;
  cluster.cut({1}, {2, 3, 4, 5});
  ASSERT_EQ(cluster.advertisers(dva1), (std::set<unsigned>{1, 5}));
  cluster.give(5, input::RivalHeard{dva1, Cluster::id(1)});  // what the other said before counts for nothing
  EXPECT_EQ(cluster.advertisers(dva1), (std::set<unsigned>{1, 5}));
  cluster.give(1, input::RivalHeard{dva1, Cluster::id(5)});
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).kind, Verdict::Kind::to_owner);
  EXPECT_EQ(cluster.packet(1, dva1, client(1), true).stack, Cluster::id(5));
  EXPECT_EQ(cluster.packet(1, dva1, client(1), false).stack, Cluster::id(5));
  EXPECT_EQ(cluster.packet(1, dva1, client(100 + kept), false).kind, Verdict::Kind::to_local);
  cluster.fire(1, Timer::Kind::join);
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  cluster.mend({1}, {2, 3, 4, 5});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

// covers: FLV-11: the backup is cut off from all others, and claims what their owner goes on with
TEST_F(OwnersApart, WhoHasLostTheGroupGivesWayToTheOwnerThatHasNot) {
  cluster.cut({5}, {1, 2, 3, 4});
  ASSERT_EQ(cluster.advertisers(dva1), (std::set<unsigned>{1, 5}));
  EXPECT_EQ(cluster.last_advertiser(dva1), 5U);
  cluster.give(1, input::RivalHeard{dva1, Cluster::id(5)});
  EXPECT_EQ(cluster.last_advertiser(dva1), 1U) << "it says again who has the address";
  cluster.give(5, input::RivalHeard{dva1, Cluster::id(1)});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.packet(5, dva1, client(1), false).stack, Cluster::id(1));
  cluster.mend({5}, {1, 2, 3, 4});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

// covers: FLV-11
TEST_F(OwnersApart, WhenTheOtherOneFallsSilentTheAddressIsClaimedAgain) {
  cluster.cut({1}, {2, 3, 4, 5});
  cluster.give(1, input::RivalHeard{dva1, Cluster::id(5)});
  ASSERT_EQ(cluster.advertisers(dva1), std::set<unsigned>{5});
  cluster.crash(5);
  cluster.give(1, input::RivalSilent{dva1});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

// covers: FLV-11: what the bus says counts more
TEST_F(OwnersApart, AMemberOfTheViewIsNoRival) {
  cluster.give(1, input::RivalHeard{dva1, Cluster::id(5)});
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

// covers: FLV-4, FLV-12: a target that fell silent may live
TEST_F(OwnersApart, ConnectionsOfASilentTargetAreNotResetBeforeAnotherOwnerCouldShowItself) {
  const unsigned target = cluster.connect(1, dva1, client(1));
  const unsigned lost = target == 1 ? cluster.connect(1, dva1, client(2)) : target;
  const Remote remote = target == 1 ? client(2) : client(1);
  cluster.give(1, input::MemberDown{Cluster::id(lost), true});
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).kind, Verdict::Kind::drop);
  cluster.age(1, 12);
  EXPECT_EQ(cluster.packet(1, dva1, remote, false).kind, Verdict::Kind::conventional);
}

// covers: FLV-9: everything stood still, and nobody has noticed anything of anybody else
TEST_F(OwnersApart, AfterAStandstillOfAllTheOwnerIsBackAsSoonAsAllHaveAnswered) {
  const unsigned target = cluster.connect(1, dva1, client(1));
  for (unsigned n = 1; n <= 5; ++n) cluster.give(n, input::Resumed{});
  EXPECT_TRUE(cluster.advertisers(dva1).empty());
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1).size(), 1U) << "without any timer";
  cluster.settle();
  const unsigned owner = *cluster.advertisers(dva1).begin();
  EXPECT_EQ(cluster.packet(owner, dva1, client(1), false).stack, Cluster::id(target));
}

// covers: FLV-9: who has been given up waits as before
TEST_F(OwnersApart, AfterAStandstillAStackThatLosesAMemberDecidesNothingAtOnce) {
  cluster.give(1, input::Resumed{});
  for (const unsigned other : {2U, 3U, 4U, 5U}) cluster.give(1, input::MemberDown{Cluster::id(other)});
  EXPECT_TRUE(cluster.advertisers(dva1).empty());
  cluster.fire(1, Timer::Kind::join);
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

}  // namespace
}  // namespace dvipa::test
