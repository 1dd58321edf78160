// MAC addresses as text.
#include "pcap/packet/mac_address.hpp"

#include <gtest/gtest.h>

namespace dvipa {
namespace {

TEST(MacAddress, ReadsAndWrites) {
  EXPECT_EQ(parse_mac_address("02:aB:0:1:fe:ff"), (MacAddress{{2, 0xab, 0, 1, 0xfe, 0xff}}));
  EXPECT_EQ(parse_mac_address("02-ab-00-01-fe-ff"), (MacAddress{{2, 0xab, 0, 1, 0xfe, 0xff}}));
  EXPECT_EQ(to_string(MacAddress{{2, 0xab, 0, 1, 0xfe, 0xff}}), "02:ab:00:01:fe:ff");
  EXPECT_EQ(parse_mac_address(to_string(broadcast_mac)), broadcast_mac);
}

TEST(MacAddress, RefusesOtherText) {
  for (const char* text :
       {"", "02", "02:00:00:00:00", "02:00:00:00:00:01:02", "02:00:00:00:00:001", "02:00:00:00:00:g1",
        "02:00-00:00:00:01", ":02:00:00:00:00:01", "02:00:00:00:00:", "02:00:00:00:00:01 ", "020000000001"}) {
    EXPECT_FALSE(parse_mac_address(text)) << text;
  }
}

TEST(MacAddress, KnowsGroups) {
  EXPECT_TRUE(broadcast_mac.is_multicast());
  EXPECT_TRUE((MacAddress{{0x33, 0x33, 0, 0, 0, 1}}).is_multicast());
  EXPECT_FALSE((MacAddress{{2, 0, 0, 0, 0, 1}}).is_multicast());
  EXPECT_TRUE(MacAddress{}.is_none());
}

}  // namespace
}  // namespace dvipa
