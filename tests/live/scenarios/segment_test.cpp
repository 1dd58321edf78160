// What the comparison asks of the segment and of the clients it learns, also what should not be.
#include "harness/conform/play/segment.hpp"

#include <gtest/gtest.h>

#include "tests/live/run/stacks.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using Holders = std::set<StackId>;

constexpr StackId second{2};
constexpr StackId third{3};

class SegmentOfLab : public testing::Test {
 protected:
  SegmentOfLab() : lab_(*lab::Lab::build(lab::standard_plan(3))), segment_(*Segment::open(lab_)) {}

  bool has(const Address& address, const Holders& holders) {
    return test::wait_for([&] { return segment_.holders(address, 20ms) == holders; });
  }
  bool run(const char* host, const std::vector<std::string>& words) { return lab_.run(host, words).has_value(); }

  lab::Lab lab_;
  Segment segment_;
  const Address dvipa_ = *parse_address("10.77.1.1");
};

TEST_F(SegmentOfLab, HearsEverybodyWhoHasAnAddress) {
  EXPECT_TRUE(has(dvipa_, {}));
  ASSERT_TRUE(run("MVS2", {"ip", "addr", "add", "10.77.1.1/16", "dev", "e0"}));
  EXPECT_TRUE(has(dvipa_, {second}));
  ASSERT_TRUE(run("MVS3", {"ip", "addr", "add", "10.77.1.1/16", "dev", "e0"}));
  EXPECT_TRUE(has(dvipa_, {second, third}));
}

TEST_F(SegmentOfLab, HearsBothPartsOfIt) {
  ASSERT_TRUE(run("MVS2", {"ip", "addr", "add", "10.77.1.1/16", "dev", "e0"}));
  ASSERT_TRUE(run("MVS3", {"ip", "addr", "add", "10.77.1.1/16", "dev", "e0"}));
  ASSERT_TRUE(lab_.part({"MVS2"}));
  EXPECT_TRUE(has(dvipa_, {second, third}));
  ASSERT_TRUE(lab_.set_link("MVS2", false));
  EXPECT_TRUE(has(dvipa_, {third}));
}

TEST_F(SegmentOfLab, SeesWhomAClientBelieves) {
  EXPECT_TRUE(neighbours_of_clients(lab_, dvipa_)->empty());
  ASSERT_TRUE(
      run("client", {"ip", "neigh", "add", "10.77.1.1", "lladdr", lab::mac_address(lab_.hosts().back()), "dev", "e0"}));
  const std::map<std::string, StackId> expected = {{"client", third}};
  EXPECT_EQ(*neighbours_of_clients(lab_, dvipa_), expected);
}

}  // namespace
}  // namespace dvipa::conform
