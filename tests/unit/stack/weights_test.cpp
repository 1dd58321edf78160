// Where new connections go: by what targets report, by what is ordered while running, by where a client was before.
// covers: RTE-8
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

Definitions distributed(DistMethod method, std::uint16_t affinity_s = 0) {
  Definitions definitions = definitions_of(1);
  definitions.dvipas[0].distribution = distribution({2, 3});
  definitions.dvipas[0].distribution->method = method;
  definitions.dvipas[0].distribution->affinity_s = affinity_s;
  return definitions;
}

// Stack 1 is the owner, 2 and 3 its targets, 4 its backup.
class Weights : public testing::Test {
 protected:
  void start(const Definitions& definitions) {
    Definitions backup;
    backup.dvipas = {definitions.dvipas[0]};
    backup.dvipas[0].part = Part::backup;
    backup.dvipas[0].rank = 7;
    backup.dvipas[0].distribution.reset();
    cluster.start(1, definitions);
    for (const unsigned n : {2U, 3U}) cluster.start(n, {});
    cluster.start(4, backup);
    for (unsigned n = 1; n <= 4; ++n) cluster.fire(n, Timer::Kind::join);
    cluster.settle();
  }
  // How many of `count` new connections go to stack 2.
  unsigned to_second(unsigned owner, unsigned count) {
    unsigned found = 0;
    for (unsigned i = 0; i < count; ++i) found += cluster.connect(owner, dva1, client(next_++)) == 2 ? 1 : 0;
    return found;
  }
  void measure(unsigned n, std::uint16_t weight) {
    cluster.give(n, input::CapacityMeasured{weight});
    cluster.settle();
  }
  void end(unsigned target, const Remote& remote) {
    cluster.give(target, input::ConnectionsEnded{dva1, {remote}});
    cluster.settle();
  }

  Cluster cluster{5};
  std::uint32_t next_ = 0;
};

TEST_F(Weights, ReportedOnesDecideWhereNewConnectionsGo) {
  start(distributed(DistMethod::base_wlm));
  EXPECT_EQ(to_second(1, 40), 20U) << "nobody has said anything";
  measure(2, 300);
  EXPECT_EQ(to_second(1, 40), 30U) << "a stack that says nothing counts as an idle processor";
  measure(3, 900);
  EXPECT_EQ(to_second(1, 40), 10U);
  EXPECT_EQ(cluster.at(1).weight_in_use(*cluster.at(1).dvipa(dva1), Cluster::id(3)), 900U);
}

TEST_F(Weights, ReportedOnesAreKnownToASuccessorAndToAMemberThatJoins) {
  start(distributed(DistMethod::base_wlm));
  measure(2, 300);
  measure(3, 100);
  cluster.crash(1);
  cluster.settle();
  EXPECT_EQ(to_second(4, 40), 30U);
  cluster.start(1, distributed(DistMethod::base_wlm));
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), roles::OwnerState::active);
  EXPECT_EQ(to_second(1, 40), 30U);
}

TEST_F(Weights, ReportedOnesCountForNothingWithOtherMethods) {
  start(distributed(DistMethod::weighted));
  measure(2, 900);
  EXPECT_EQ(to_second(1, 40), 20U);
}

TEST_F(Weights, OrderedOnesCountAtOnceAndUntilTheyAreTakenBack) {
  start(distributed(DistMethod::weighted));
  cluster.give(1, input::WeightOrdered{dva1, Cluster::id(2), 3});
  EXPECT_EQ(to_second(1, 40), 30U);
  cluster.give(1, input::WeightOrdered{dva1, Cluster::id(2), 0});
  EXPECT_EQ(to_second(1, 40), 0U);
  cluster.give(1, input::WeightOrdered{dva1, Cluster::id(2), std::nullopt});
  EXPECT_EQ(to_second(1, 40), 20U);
}

TEST_F(Weights, OrderedOnesArePercentsOfReportedOnes) {
  start(distributed(DistMethod::base_wlm));
  measure(2, 600);
  measure(3, 100);
  cluster.give(1, input::WeightOrdered{dva1, Cluster::id(2), 50});
  EXPECT_EQ(to_second(1, 40), 30U);
}

// covers: LST-3
TEST_F(Weights, OrderedOnesGoOnAtABackupThatUsesTheStoredList) {
  start(distributed(DistMethod::weighted));
  cluster.give(1, input::WeightOrdered{dva1, Cluster::id(2), 3});
  cluster.settle();
  cluster.crash(1);
  cluster.settle();
  EXPECT_EQ(to_second(4, 40), 30U);
}

constexpr std::uint16_t affinity_s = 100;
constexpr unsigned ticks_a_second = 4;

TEST_F(Weights, AClientComesBackToItsTarget) {
  start(distributed(DistMethod::round_robin, affinity_s));
  const Remote first = client(1);
  Remote second = first;
  second.client_port = 2;
  const unsigned target = cluster.connect(1, dva1, first);
  cluster.age(1, 12);
  end(target, first);
  ASSERT_EQ(cluster.routes(1, dva1), 0U);
  EXPECT_EQ(cluster.connect(1, dva1, second), target);
  Remote other_port = first;
  other_port.dvipa_port = 61;
  EXPECT_EQ(cluster.at(1).dvipa(dva1)->affinities.find(other_port), nobody);
}

TEST_F(Weights, AnAffinityEndsSomeTimeAfterTheLastConnection) {
  start(distributed(DistMethod::round_robin, affinity_s));
  const unsigned target = cluster.connect(1, dva1, client(1));
  const auto known = [&] { return cluster.at(1).dvipa(dva1)->affinities.size(); };
  for (unsigned round = 0; round < 4; ++round) {
    cluster.age(1, affinity_s * ticks_a_second / 2);
    cluster.settle();  // what is asked about is answered
  }
  EXPECT_EQ(known(), 1U) << "the connection is still there";
  end(target, client(1));
  cluster.age(1, affinity_s * ticks_a_second - 1);
  EXPECT_EQ(known(), 1U);
  cluster.age(1, 3 * Stack::ageing_slices);
  EXPECT_EQ(known(), 0U);
}

TEST_F(Weights, AnAffinityToATargetThatNoLongerListensCountsForNothing) {
  start(distributed(DistMethod::round_robin, affinity_s));
  const unsigned target = cluster.connect(1, dva1, client(1));
  for (const Address& any : {Address::v4(0), Address{}}) cluster.give(target, input::ListenerChanged{any, 60, false});
  cluster.settle();
  Remote again = client(1);
  again.client_port = 2;
  EXPECT_EQ(cluster.connect(1, dva1, again), 5 - target);
}

// covers: FLV-3, TKB-1: as connections do, affinities survive failover and takeback
TEST_F(Weights, AffinitiesSurviveFailoverAndTakeback) {
  start(distributed(DistMethod::round_robin, affinity_s));
  std::map<std::uint32_t, unsigned> target_of;
  const auto of_its_own = [](std::uint32_t n, Port port) { return Remote{Address::v4(0x0a4d0064U + n), port, 60}; };
  for (std::uint32_t n = 0; n < 10; ++n) {
    target_of[n] = cluster.connect(1, dva1, of_its_own(n, 1));
    cluster.give(target_of[n], input::ConnectionsEnded{dva1, {of_its_own(n, 1)}});
  }
  cluster.settle();
  cluster.crash(1);
  cluster.settle();
  const auto come_back = [&](unsigned owner, Port port) {
    for (std::uint32_t left = 10; left > 0; --left) {
      const std::uint32_t n = left - 1;
      EXPECT_EQ(cluster.connect(owner, dva1, of_its_own(n, port)), target_of[n]) << n << " at " << owner;
      cluster.give(target_of[n], input::ConnectionsEnded{dva1, {of_its_own(n, port)}});
    }
    cluster.settle();
  };
  come_back(4, 2);
  cluster.start(1, distributed(DistMethod::round_robin, affinity_s));
  cluster.fire(1, Timer::Kind::join);
  cluster.settle();
  ASSERT_EQ(cluster.state(1, dva1), roles::OwnerState::active);
  come_back(1, 3);
}

}  // namespace
}  // namespace dvipa::test
