// Stacks that are changed or stopped while they run. Definitions that change: what a stack no longer defines is handed
// over with its connections or ends, what it distributes otherwise takes effect at once, and nothing else is disturbed.
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

Definitions without(Definitions definitions, const Address& dvipa) {
  std::erase_if(definitions.dvipas, [&](const DvipaDefinition& each) { return each.dvipa == dvipa; });
  return definitions;
}

class ChangedStacks : public testing::Test {
 protected:
  ChangedStacks() { cluster_.start_all(); }
  void set(unsigned n, const Definitions& definitions) {
    cluster_.give(n, input::DefinitionsSet{definitions});
    cluster_.settle();
  }
  const Stack::Dvipa& dvipa(unsigned n, const Address& address) { return *cluster_.at(n).dvipa(address); }

  Cluster cluster_{5};
};

// covers: MOV-7, CFG-7
TEST_F(ChangedStacks, AnOwnerWithoutAPartHandsOverWithItsConnections) {
  const unsigned target = cluster_.connect(1, dva1, client(1));
  ASSERT_NE(target, 0U);
  set(1, without(definitions_of(1), dva1));
  EXPECT_FALSE(dvipa(1, dva1).owner.owns());
  EXPECT_EQ(dvipa(5, dva1).owner.state(), roles::OwnerState::active);
  EXPECT_EQ(cluster_.packet(5, dva1, client(1), false).stack.value, target);
  EXPECT_TRUE(dvipa(1, dvb1).own);
}

// covers: MOV-7, TKB-1
TEST_F(ChangedStacks, APartGivenAgainTakesBack) {
  set(1, without(definitions_of(1), dva1));
  set(1, definitions_of(1));
  EXPECT_EQ(dvipa(1, dva1).owner.state(), roles::OwnerState::active);
  EXPECT_FALSE(dvipa(5, dva1).owner.owns());
}

// covers: CFG-7
TEST_F(ChangedStacks, WithoutASuccessorTheDvipaEnds) {
  set(5, without(definitions_of(5), dva1));
  set(1, without(definitions_of(1), dva1));
  for (const unsigned n : {1U, 5U}) EXPECT_FALSE(dvipa(n, dva1).owner.owns()) << n;
  EXPECT_TRUE(cluster_.advertisers(dva1).empty());
}

// covers: CFG-7, LST-1, RTE-1
TEST_F(ChangedStacks, AChangedDistributionTakesEffectAtOnceAndLeavesConnections) {
  const unsigned target = cluster_.connect(1, dva1, client(1));
  ASSERT_NE(target, 0U);
  Definitions changed = definitions_of(1);
  changed.dvipas[0].distribution = distribution({2, 3});
  set(1, changed);
  const auto& listeners = dvipa(1, dva1).listeners;
  EXPECT_TRUE(listeners.contains(60, StackId{2}));
  EXPECT_TRUE(listeners.contains(60, StackId{3}));
  EXPECT_FALSE(listeners.contains(60, StackId{1}));
  EXPECT_FALSE(listeners.contains(60, StackId{4}));
  EXPECT_EQ(cluster_.packet(1, dva1, client(1), false).stack.value, target);
  EXPECT_EQ(dvipa(1, dva1).owner.state(), roles::OwnerState::active);
}

// covers: CFG-7
TEST_F(ChangedStacks, WhatIsSetAgainDisturbsNothing) {
  const Stack before = cluster_.at(1);
  cluster_.give(1, input::DefinitionsSet{definitions_of(1)});
  EXPECT_TRUE(before == cluster_.at(1));
  cluster_.settle();
  EXPECT_EQ(dvipa(1, dva1).owner.state(), roles::OwnerState::active);
}

// covers: FLV-9. By the time that it runs again the others have given it up, and its bus tells it that they are gone.
TEST_F(ChangedStacks, AStackThatStoodStillWaitsForTheOthersBeforeItOwnsAnything) {
  for (const unsigned other : {2U, 3U, 4U, 5U}) cluster_.give(other, input::MemberDown{Cluster::id(1)});
  cluster_.settle();
  cluster_.give(1, input::Resumed{});
  for (const unsigned other : {2U, 3U, 4U, 5U}) cluster_.give(1, input::MemberDown{Cluster::id(other)});
  EXPECT_FALSE(dvipa(1, dva1).owner.owns());
  EXPECT_FALSE(dvipa(1, dvb1).owner.owns());
  cluster_.mend({1}, {2, 3, 4, 5});
  EXPECT_FALSE(dvipa(1, dva1).owner.owns());
  cluster_.fire(1, Timer::Kind::join);
  cluster_.settle();
  EXPECT_EQ(dvipa(1, dva1).owner.state(), roles::OwnerState::active);
  EXPECT_EQ(dvipa(5, dva1).owner.state(), roles::OwnerState::backup);
}

// covers: LST-2 TGT-1
TEST_F(ChangedStacks, ANewTargetReportsItsListenersWhenItsHostHoldsTheAddress) {
  Definitions changed = definitions_of(1);
  changed.dvipas[0].distribution->targets.xcf_addresses = {xcf(2), xcf(3)};
  ASSERT_FALSE(dvipa(3, dva1).address_held);
  cluster_.give(1, input::DefinitionsSet{changed});
  while (cluster_.deliver_one(1, 3)) {
  }
  ASSERT_TRUE(dvipa(3, dva1).address_held);
  while (cluster_.deliver_one(3, 1)) {
  }
  EXPECT_EQ(cluster_.listeners(1, dva1), 1U) << "a SYN would come before the host holds the address";
  cluster_.give(3, input::ListenerChanged{Address::v4(0), 60, false});
  cluster_.give(3, input::ListenerChanged{Address::v4(0), 60, true});
  while (cluster_.deliver_one(3, 1)) {
  }
  EXPECT_EQ(cluster_.listeners(1, dva1), 1U) << "nor is one told that starts meanwhile";
  cluster_.settle();
  EXPECT_EQ(cluster_.listeners(1, dva1), 2U);
  cluster_.give(1, input::DefinitionsSet{definitions_of(1)});
  cluster_.settle();
  EXPECT_FALSE(dvipa(3, dva1).address_usable);
}

}  // namespace
}  // namespace dvipa::test
