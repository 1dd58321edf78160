// Membership of the groups in which neighbours ask, as the kernel shows it.
#include "impl/live/kernel/neighbour_groups.hpp"

#include <gtest/gtest.h>

#include "tests/live/kernel/own_namespace.hpp"

namespace dvipa::kernel::test {
namespace {

class Groups : public OwnNamespace {
 protected:
  static bool is_member(const std::string& group) {
    return shell("ip -6 maddress show dev e0").find("inet6 " + group) != std::string::npos;
  }
};

// covers: RTE-2
TEST_F(Groups, AnAddressIsAskedForInItsGroupUntilTheLastOneOfTheGroupGoes) {
  const Address one = *parse_address("2001:db8::7:1234");
  const Address other = *parse_address("2001:db8:1::7:1234");
  auto groups = NeighbourGroups::open("e0");
  ASSERT_TRUE(groups) << to_string(groups.error());
  EXPECT_EQ(dvipa::to_string(solicited_node_group(one)), "ff02::1:ff07:1234");
  ASSERT_TRUE(groups->join(one));
  ASSERT_TRUE(groups->join(one));
  ASSERT_TRUE(groups->join(other));
  EXPECT_TRUE(is_member("ff02::1:ff07:1234"));
  ASSERT_TRUE(groups->leave(one));
  EXPECT_TRUE(is_member("ff02::1:ff07:1234"));
  ASSERT_TRUE(groups->leave(other));
  EXPECT_FALSE(is_member("ff02::1:ff07:1234"));
  EXPECT_TRUE(groups->leave(other));
}

TEST_F(Groups, EndWithTheirSocketAndIgnoreIPv4) {
  {
    auto groups = NeighbourGroups::open("e0");
    ASSERT_TRUE(groups) << to_string(groups.error());
    ASSERT_TRUE(groups->join(*parse_address("2001:db8::9:9")));
    ASSERT_TRUE(groups->join(*parse_address("192.0.2.9")));
    EXPECT_TRUE(is_member("ff02::1:ff09:9"));
  }
  EXPECT_FALSE(is_member("ff02::1:ff09:9"));
}

TEST_F(Groups, NeedAnInterface) { EXPECT_FALSE(NeighbourGroups::open("e9")); }

}  // namespace
}  // namespace dvipa::kernel::test
