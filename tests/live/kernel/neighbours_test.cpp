// What the kernel remembers of neighbours that have not answered.
#include "impl/live/kernel/neighbours.hpp"

#include <gtest/gtest.h>

#include "tests/live/kernel/own_namespace.hpp"

namespace dvipa::kernel::test {
namespace {

class NeighboursOf : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    shell("ip addr add 192.0.2.1/24 dev e0");
  }
  static bool is_asked_for(const std::string& address) {
    return shell("ip -4 neigh show dev e0").find(address + " INCOMPLETE") != std::string::npos;
  }
};

// covers: FLV-11
TEST_F(NeighboursOf, OneThatHasNotAnsweredIsAskedForAnew) {
  auto neighbours = Neighbours::open("e0");
  ASSERT_TRUE(neighbours) << to_string(neighbours.error());
  const Address silent = *parse_address("192.0.2.9");
  neighbours->ask_anew(silent);  // nothing is known of it
  shell("bash -c 'echo > /dev/udp/192.0.2.9/9'");
  ASSERT_TRUE(within(2, [] { return is_asked_for("192.0.2.9"); }));
  neighbours->ask_anew(silent);
  EXPECT_FALSE(is_asked_for("192.0.2.9"));
}

TEST_F(NeighboursOf, WhatIsKnownStays) {
  auto neighbours = Neighbours::open("e0");
  ASSERT_TRUE(neighbours) << to_string(neighbours.error());
  shell("ip neigh add 192.0.2.7 lladdr 02:00:00:00:00:07 dev e0 nud permanent");
  shell("ip neigh add 192.0.2.8 lladdr 02:00:00:00:00:08 dev e0 nud reachable");
  neighbours->ask_anew(*parse_address("192.0.2.7"));
  neighbours->ask_anew(*parse_address("192.0.2.8"));
  neighbours->ask_anew(*parse_address("2001:db8::8"));
  const std::string known = shell("ip -4 neigh show dev e0");
  EXPECT_NE(known.find("192.0.2.7 lladdr"), std::string::npos) << known;
  EXPECT_NE(known.find("192.0.2.8 lladdr"), std::string::npos) << known;
}

TEST_F(NeighboursOf, NeedAnInterface) { EXPECT_FALSE(Neighbours::open("e9")); }

}  // namespace
}  // namespace dvipa::kernel::test
