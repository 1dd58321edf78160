// Movable DVIPAs: VIPARANGE, moves and chains of moves (CFG-5, MOV).
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

using roles::OwnerState;
using roles::TargetState;
using Answer = effect::ActivationAnswered::Answer;

const Address dvr1 = *parse_address("10.77.9.1");

Definitions range(Moveable moveable = Moveable::nondisruptive) {
  Definitions definitions;
  definitions.ranges = {{*parse_address("10.77.0.0"), 16, Moveable::disruptive, false},
                        {*parse_address("10.77.9.0"), 24, moveable, false}};
  return definitions;
}

// Three stacks with the same VIPARANGE and an application on each that listens on every address.
struct Moves : testing::Test {
  explicit Moves(const Definitions& definitions = range()) : cluster(3) {
    for (unsigned n = 1; n <= 3; ++n) cluster.start(n, definitions);
    for (unsigned n = 1; n <= 3; ++n) cluster.fire(n, Timer::Kind::join);
    cluster.settle();
  }
  Answer activate(unsigned n, bool by_operator = false) {
    const Answer answer = cluster.activate(n, dvr1, by_operator);
    cluster.settle();
    return answer;
  }
  Cluster cluster;
};

// covers: CFG-5, MOV-1
TEST_F(Moves, ABindWithinARangeActivatesTheAddressAtOnce) {
  EXPECT_EQ(cluster.activate(2, dvr1), Answer::active);
  EXPECT_EQ(cluster.advertisers(dvr1), std::set<unsigned>{2});  // before anybody else has heard of it
  cluster.settle();
  EXPECT_EQ(cluster.state(2, dvr1), OwnerState::active);
  EXPECT_EQ(cluster.connect(2, dvr1, client(1)), 2U);
  EXPECT_EQ(activate(2), Answer::active);  // again
}

// covers: CFG-5: the longest match wins, and what matches nothing is refused
TEST_F(Moves, TheLongestRangeDecides) {
  activate(1);
  EXPECT_EQ(cluster.at(1).dvipa(dvr1)->own->moveable, Moveable::nondisruptive);
  EXPECT_EQ(cluster.at(1).dvipa(dvr1)->own->prefix_bits, 24);
  EXPECT_EQ(cluster.activate(1, *parse_address("10.78.0.1")), Answer::not_configured);
  EXPECT_EQ(cluster.at(1).dvipa(*parse_address("10.78.0.1")), nullptr);
}

// covers: MOV-2, MOV-3, MOV-5
TEST_F(Moves, TheNewOwnerHasAllConnectionsAndTheOldOneServesItsOwnToTheirEnd) {
  activate(1);
  for (std::uint32_t n = 0; n < 5; ++n) ASSERT_EQ(cluster.connect(1, dvr1, client(n)), 1U);
  EXPECT_EQ(activate(2), Answer::moving);
  EXPECT_EQ(cluster.advertisers(dvr1), std::set<unsigned>{2});
  EXPECT_EQ(cluster.state(1, dvr1), OwnerState::bystander);
  EXPECT_EQ(cluster.routes(1, dvr1), 0U);
  EXPECT_EQ(cluster.at(1).dvipa(dvr1)->target.state(), TargetState::draining);  // MOVING
  for (std::uint32_t n = 0; n < 5; ++n) EXPECT_EQ(cluster.packet(2, dvr1, client(n), false).stack, Cluster::id(1));
  EXPECT_EQ(cluster.connect(2, dvr1, client(9)), 2U);  // new connections belong to the new owner
  EXPECT_TRUE(cluster.at(1).dvipa(dvr1)->address_held);
  for (std::uint32_t n = 0; n < 5; ++n) cluster.give(1, input::ConnectionsEnded{dvr1, {client(n)}});
  cluster.settle();  // its host has looked as well
  EXPECT_FALSE(cluster.at(1).dvipa(dvr1)->address_held);
}

// covers: MOV-3
TEST_F(Moves, WithoutConnectionsTheOldOwnerDeletesItAtOnce) {
  activate(1);
  activate(2);
  EXPECT_FALSE(cluster.at(1).dvipa(dvr1)->address_held);
}

// covers: FLV-11, MOV-6: both sides of a partition have made it theirs; who gives way does not take it back, and
// nothing is broken by that
TEST_F(Moves, OfTwoPrimariesTheOneThatGivesWayStaysAway) {
  cluster.cut({1}, {2, 3});
  activate(1);
  activate(2);
  ASSERT_EQ(cluster.connect(1, dvr1, client(1)), 1U);
  cluster.mend({1}, {2, 3});
  EXPECT_EQ(cluster.state(2, dvr1), OwnerState::active);
  EXPECT_EQ(cluster.state(1, dvr1), OwnerState::bystander);
  EXPECT_EQ(cluster.packet(2, dvr1, client(1), false).stack, Cluster::id(1));
}

// covers: RTE-6, MOV-2: the client uses the 4-tuple of a connection to the former owner again
TEST_F(Moves, NothingIsOpenedBesideTheFormerOwnerWhileASynMayBeUnderWayToIt) {
  activate(1);
  ASSERT_EQ(cluster.connect(1, dvr1, client(1)), 1U);
  activate(2);
  EXPECT_EQ(cluster.packet(2, dvr1, client(1), true).stack, Cluster::id(1));
  cluster.give(1, input::ConnectionsEnded{dvr1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.packet(2, dvr1, client(1), true).kind, Verdict::Kind::drop);
  for (unsigned tick = 0; tick < 4 * Stack::ageing_slices; ++tick) {
    cluster.age(2, 1);
    cluster.settle();
  }
  EXPECT_EQ(cluster.packet(2, dvr1, client(1), true).stack, Cluster::id(2));
}

// covers: MOV-3, TGT-6: its kernel has told nothing of the SYN yet, and the rest of the handshake comes by the new
// owner
TEST_F(Moves, WhoLetsGoServesWhatItAcceptedLast) {
  activate(1);
  ASSERT_EQ(cluster.packet(1, dvr1, client(1), true).stack, Cluster::id(1));
  cluster.give(2, input::ActivationAsked{dvr1, false});
  for (int rounds = 0; rounds < 100 && cluster.state(1, dvr1) != OwnerState::bystander; ++rounds) {
    for (const unsigned n : {1U, 2U, 3U}) cluster.look(n);
    for (const unsigned n : {1U, 2U, 3U}) cluster.deliver_one(n, 2);
    cluster.deliver_one(2, 3);
    cluster.deliver_one(2, 1);
  }
  ASSERT_EQ(cluster.state(1, dvr1), OwnerState::bystander);
  EXPECT_TRUE(cluster.at(1).dvipa(dvr1)->address_held);
  EXPECT_TRUE(cluster.at(1).dvipa(dvr1)->forwarders.test(2));
  cluster.look(1, {client(1)});
  cluster.settle();
  EXPECT_TRUE(cluster.at(1).dvipa(dvr1)->forwarders.test(2));
  cluster.give(1, input::ConnectionsEnded{dvr1, {client(1)}});
  cluster.look(1);
  EXPECT_FALSE(cluster.at(1).dvipa(dvr1)->address_held);
}

// covers: MOV-3: the SYN came to nothing
TEST_F(Moves, WhoLetsGoKeepsNothingThatItsHostDoesNotHave) {
  activate(1);
  ASSERT_EQ(cluster.packet(1, dvr1, client(1), true).stack, Cluster::id(1));
  activate(2);
  EXPECT_EQ(cluster.state(1, dvr1), OwnerState::bystander);
  EXPECT_FALSE(cluster.at(1).dvipa(dvr1)->address_held);
}

// covers: TKB-5, MOV-2: it has no distribution, and what it accepts while it moves is not lost
TEST_F(Moves, AConnectionThatBeginsDuringTheMoveGoesOn) {
  activate(1);
  cluster.give(2, input::ActivationAsked{dvr1, false});
  cluster.deliver_all(2, 1);
  ASSERT_EQ(cluster.state(1, dvr1), OwnerState::handing_over);
  EXPECT_EQ(cluster.connect(1, dvr1, client(1)), 1U);
  cluster.settle();
  EXPECT_EQ(cluster.packet(2, dvr1, client(1), false).stack, Cluster::id(1));
}

// covers: MOV-4
TEST_F(Moves, AChainOfMovesKeepsTheConnectionsOnAllOfThem) {
  for (std::uint32_t n = 1; n <= 3; ++n) {
    activate(n);
    ASSERT_EQ(cluster.connect(n, dvr1, client(n)), n);
  }
  EXPECT_EQ(cluster.advertisers(dvr1), std::set<unsigned>{3});
  for (std::uint32_t n = 1; n <= 3; ++n) EXPECT_EQ(cluster.packet(3, dvr1, client(n), false).stack, Cluster::id(n));
  activate(1);  // and there again
  for (std::uint32_t n = 1; n <= 3; ++n) EXPECT_EQ(cluster.packet(1, dvr1, client(n), false).stack, Cluster::id(n));
}

struct DisruptiveMoves : Moves {
  DisruptiveMoves() : Moves(range(Moveable::disruptive)) {}
};

// covers: MOV-6
TEST_F(DisruptiveMoves, ABindDoesNotTakeWhatAnotherHoldsAndAnOperatorDoes) {
  activate(1);
  EXPECT_EQ(activate(2), Answer::disruptive);
  EXPECT_EQ(cluster.advertisers(dvr1), std::set<unsigned>{1});
  EXPECT_EQ(activate(2, true), Answer::moving);
  EXPECT_EQ(cluster.advertisers(dvr1), std::set<unsigned>{2});
}

// covers: MOV-6
TEST_F(DisruptiveMoves, TheOperatorBreaksItsConnections) {
  activate(1);
  for (std::uint32_t n = 0; n < 3; ++n) ASSERT_EQ(cluster.connect(1, dvr1, client(n)), 1U);
  activate(2, true);
  EXPECT_EQ(cluster.broken(1), 3U);
  EXPECT_FALSE(cluster.at(1).dvipa(dvr1)->address_held);
  EXPECT_EQ(cluster.connect(2, dvr1, client(9)), 2U);
  activate(1, true);
  EXPECT_EQ(cluster.broken(2), 1U);
}

// covers: MOV-6: of any other kind it breaks none
TEST_F(Moves, TheOperatorKeepsTheConnectionsOfANondisruptiveOne) {
  activate(1);
  ASSERT_EQ(cluster.connect(1, dvr1, client(1)), 1U);
  activate(2, true);
  EXPECT_EQ(cluster.broken(1), 0U);
}

// covers: MOV-6
TEST(DefinedMoves, OneThatMovesWhenIdleWaitsForItsLastConnection) {
  Cluster cluster(3);
  DvipaDefinition definition;
  definition.dvipa = dva1;
  definition.part = Part::primary;
  definition.moveable = Moveable::when_idle;
  Definitions definitions;
  definitions.dvipas = {definition};
  cluster.start(1, definitions);
  cluster.start(2, {});
  cluster.start(3, {});
  for (unsigned n = 1; n <= 3; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.connect(1, dva1, client(1)), 1U);
  cluster.give(2, input::DefinitionsSet{definitions});
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  EXPECT_EQ(cluster.connect(1, dva1, client(2)), 1U);  // as before
  cluster.age(1, 12);
  cluster.give(1, input::ConnectionsEnded{dva1, {client(1)}});
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
  cluster.give(1, input::ConnectionsEnded{dva1, {client(2)}});
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{2});
  EXPECT_EQ(cluster.state(2, dva1), OwnerState::active);
}

// covers: MOV-5: the distribution goes with the DVIPA, and with it what was distributed
TEST(DefinedMoves, ADistributedOneIsDistributedByItsNewOwner) {
  Cluster cluster(5);
  cluster.start_all();
  std::map<std::uint32_t, unsigned> targets;
  for (std::uint32_t n = 0; n < 6; ++n) targets[n] = cluster.connect(1, dva1, client(n));
  Definitions definitions;
  definitions.dvipas = {definitions_of(1).dvipas[0]};
  definitions.dvipas[0].distribution.reset();
  cluster.give(3, input::DefinitionsSet{definitions});
  cluster.settle();
  ASSERT_EQ(cluster.advertisers(dva1), std::set<unsigned>{3});
  for (const auto& [n, target] : targets)
    EXPECT_EQ(cluster.packet(3, dva1, client(n), false).stack, Cluster::id(target));
  std::set<unsigned> used;
  for (std::uint32_t n = 10; n < 20; ++n) used.insert(cluster.connect(3, dva1, client(n)));
  EXPECT_EQ(used, (std::set<unsigned>{1, 2, 4}));
}

// covers: MOV-2, CFG-7: two profiles define it, the last to start has it, and an unrelated change takes nothing back
TEST(DefinedMoves, TheNewestPrimaryHasItAndTheOtherIsItsBackup) {
  Cluster cluster(3);
  DvipaDefinition definition;
  definition.dvipa = dva1;
  definition.part = Part::primary;
  Definitions definitions;
  definitions.dvipas = {definition};
  cluster.start(1, definitions);
  cluster.start(2, {});
  cluster.start(3, {});
  for (unsigned n = 1; n <= 3; ++n) cluster.fire(n, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.connect(1, dva1, client(1)), 1U);
  cluster.give(2, input::DefinitionsSet{definitions});
  cluster.settle();
  ASSERT_EQ(cluster.advertisers(dva1), std::set<unsigned>{2});
  EXPECT_EQ(cluster.packet(2, dva1, client(1), false).stack, Cluster::id(1));
  cluster.give(1, input::DefinitionsSet{definitions});
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{2});
  cluster.crash(2);
  cluster.settle();
  EXPECT_EQ(cluster.advertisers(dva1), std::set<unsigned>{1});
}

}  // namespace
}  // namespace dvipa::test
