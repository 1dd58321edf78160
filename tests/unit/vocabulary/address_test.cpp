// Addresses: text round trip, families, subnets (CFG-9).
#include <gtest/gtest.h>

#include "spec/vocabulary/address.hpp"

namespace dvipa {
namespace {

TEST(Address, ReadsBothFamiliesAndWritesThemBack) {
  for (const char* text : {"10.1.2.3", "255.255.255.255", "2001:db8::1", "::", "fe80::1:2"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_string(*address), text);
  }
  EXPECT_TRUE(parse_address("10.1.2.3")->is_v4());
  EXPECT_EQ(parse_address("10.1.2.3")->v4_value(), 0x0a010203U);
  EXPECT_FALSE(parse_address("2001:db8::1")->is_v4());
}

TEST(Address, RefusesWhatIsNeither) {
  for (const char* text : {"", "10.1.2", "10.1.2.3.4", "10.1.2.256", "example.org", "fe80::1%e0", "10.0.0.0/8", ":::"})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(Address, SubnetsAreComparedWithinTheFamily) {
  const auto at = [](const char* text) { return *parse_address(text); };
  EXPECT_TRUE(same_subnet(at("10.1.1.1"), at("10.1.1.254"), 24));
  EXPECT_FALSE(same_subnet(at("10.1.1.1"), at("10.1.2.1"), 24));
  EXPECT_TRUE(same_subnet(at("10.1.1.1"), at("10.1.1.2"), 30));
  EXPECT_FALSE(same_subnet(at("10.1.1.1"), at("10.1.1.2"), 32));
  EXPECT_TRUE(same_subnet(at("10.1.1.1"), at("192.168.0.1"), 0));
  EXPECT_FALSE(same_subnet(at("10.1.1.1"), at("2001:db8::1"), 0));
  EXPECT_TRUE(same_subnet(at("2001:db8::1"), at("2001:db8::2"), 64));
  EXPECT_TRUE(same_subnet(at("10.1.1.1"), at("10.1.1.1"), 99));
}

}  // namespace
}  // namespace dvipa
