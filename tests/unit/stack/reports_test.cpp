// When a target's report is complete (TGT-5): what is found late is in it, and its host takes what the owner sends on.
#include "tests/unit/stack/cluster.hpp"

namespace dvipa::test {
namespace {

class Reports : public testing::Test {
 protected:
  Reports() { cluster_.start_all(); }
  // Stack n and the owner exchange what they have to say; the host of n does not get to its work.
  void talk(unsigned n) {
    while (cluster_.deliver_one(1, n) || cluster_.deliver_one(n, 1)) {
    }
  }
  void meet(unsigned n) {
    cluster_.give(1, input::MemberUp{Cluster::id(n), 1});
    cluster_.give(n, input::MemberUp{Cluster::id(1), 1});
    talk(n);
  }
  void part(unsigned n) {
    cluster_.give(1, input::MemberDown{Cluster::id(n)});
    cluster_.give(n, input::MemberDown{Cluster::id(1)});
  }
  bool is_awaited(unsigned n) { return cluster_.at(1).dvipa(dva1)->awaiting.test(n); }
  Cluster cluster_{5};
};

// covers: TGT-5
TEST_F(Reports, TheLastOfSeveralLooksEndsOne) {
  for (int times = 0; times < 2; ++times) {
    part(2);
    meet(2);
  }
  const input::ConnectionsFound nothing{dva1, cluster_.at(1).dvipa(dva1)->owner.facts.mine, {}};
  cluster_.give(2, nothing);
  talk(2);
  EXPECT_TRUE(is_awaited(2));
  cluster_.give(2, nothing);
  talk(2);
  EXPECT_FALSE(is_awaited(2));
}

// covers: TGT-5 TGT-6
TEST_F(Reports, WhoFindsAConnectionHoldsTheAddressBeforeItsReportEnds) {
  part(3);
  meet(3);  // no candidate
  EXPECT_FALSE(cluster_.at(3).dvipa(dva1)->address_held);
  cluster_.look(3, {client(0)});
  talk(3);
  EXPECT_TRUE(cluster_.at(3).dvipa(dva1)->forwarders.test(1));
  EXPECT_TRUE(is_awaited(3));
  cluster_.look(3);
  talk(3);
  EXPECT_FALSE(is_awaited(3));
}

class Draining : public Reports {
 protected:
  Draining() { cluster_.give(3, input::ConnectionAccepted{{dva1, client(0)}}); }  // by a frame from before
  const Stack::Dvipa& its() { return *cluster_.at(3).dvipa(dva1); }
};

// covers: TGT-3 TGT-6
TEST_F(Draining, WhoHasAcceptedAConnectionLetsItsFramesIn) {
  EXPECT_TRUE(its().address_held);
  EXPECT_TRUE(its().forwarders.test(1));
}

// covers: TGT-4 MOV-3
TEST_F(Draining, TheLastEndWaitsForALookAtWhatIsHalfOpen) {
  cluster_.look(3);
  cluster_.give(3, input::ConnectionsEnded{dva1, {client(0)}});
  cluster_.look(3, {client(1)});
  EXPECT_TRUE(its().forwarders.test(1));
  cluster_.give(3, input::ConnectionsEnded{dva1, {client(1)}});
  cluster_.look(3);
  EXPECT_FALSE(its().forwarders.test(1));
  EXPECT_FALSE(its().address_held);
}

}  // namespace
}  // namespace dvipa::test
