// The CRT against a naive map, and its size (RTE-3, RTE-4, RTE-6, FLV-12).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <random>

#include "impl/tables/routing_table.hpp"

namespace dvipa::tables {
namespace {

Remote remote_v4(std::uint32_t client, Port port) { return {Address::v4(client), port, 60}; }
Remote remote_v6(std::uint8_t last, Port port) {
  Remote remote{*parse_address("2001:db8::"), port, 60};
  remote.client.bytes[15] = last;
  return remote;
}

// A small space of keys makes entries collide, repeat and go.
RC_GTEST_PROP(RoutingTable, BehavesAsAMapUnderAnyOperations, ()) {
  RoutingTable table(*rc::gen::arbitrary<std::uint64_t>());
  std::map<Remote, std::uint8_t> naive;
  const auto operations = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::arbitrary<std::uint32_t>());
  for (const std::uint32_t operation : operations) {
    const auto which = static_cast<std::uint8_t>(operation >> 8);
    const Remote remote = (operation & 1U) != 0 ? remote_v4(which % 50, 7) : remote_v6(which % 50, 7);
    const auto target = static_cast<std::uint8_t>(1 + (operation >> 16) % 5);
    switch ((operation >> 1) % 4) {
      case 0:
      case 1:
        RC_ASSERT(table.insert(remote, {.target = {target}}) == naive.insert_or_assign(remote, target).second);
        break;
      case 2:
        RC_ASSERT(table.erase(remote) == (naive.erase(remote) == 1));
        break;
      default:
        RC_ASSERT(table.erase_target({target}) ==
                  std::erase_if(naive, [&](auto& each) { return each.second == target; }));
    }
    RC_ASSERT(table.size() == naive.size());
    const Route* found = table.find(remote);
    const auto expected = naive.find(remote);
    RC_ASSERT((found != nullptr) == (expected != naive.end()));
    if (found != nullptr) RC_ASSERT(found->target.value == expected->second);
  }
  std::map<Remote, std::uint8_t> seen;
  table.for_each([&](const Remote& remote, const Route& route) { seen[remote] = route.target.value; });
  RC_ASSERT(seen == naive);
}

TEST(RoutingTable, EqualityDoesNotDependOnOrderOrHashKey) {
  RoutingTable a(1);
  RoutingTable b(2);
  for (std::uint32_t i = 0; i < 1000; ++i) a.insert(remote_v4(i, 9), {.target = {1}});
  for (std::uint32_t i = 1000; i-- > 0;) b.insert(remote_v4(i, 9), {.target = {1}});
  EXPECT_EQ(a, b);
  b.find(remote_v4(3, 9))->target = {2};
  EXPECT_NE(a, b);
}

TEST(RoutingTable, AnIpv4ConnectionCostsAtMost32BytesAtRest) {
  for (const std::size_t count : {100'000U, 250'000U, 333'333U, 1'000'000U}) {
    RoutingTable table(7);
    std::mt19937 random(1);
    while (table.size() < count)
      table.insert(remote_v4(static_cast<std::uint32_t>(random()), static_cast<Port>(random())), {.target = {1}});
    EXPECT_LE(static_cast<double>(table.memory_bytes()) / static_cast<double>(count), 32.0) << count;
  }
}

TEST(RoutingTable, CountsTheConnectionsOfEachTarget) {
  RoutingTable table;
  for (std::uint32_t n = 0; n < 9; ++n)
    table.insert(remote_v4(n, 1), {.target = {static_cast<std::uint8_t>(1 + n % 2)}});
  EXPECT_EQ(table.routed_to({1}), 5U);
  table.insert(remote_v4(0, 1), {.target = {2}});  // replaced
  table.erase(remote_v4(1, 1));
  table.erase(remote_v4(77, 1));  // not there
  EXPECT_EQ(table.routed_to({1}), 4U);
  EXPECT_EQ(table.routed_to({2}), 4U);
  table.insert(remote_v4(100, 1), {.target = {2}, .foretold = 1});
  table.erase_target({2});
  EXPECT_EQ(table.routed_to({2}), 1U) << "of its next life";
  table.clear();
  EXPECT_EQ(table.routed_to({1}), 0U);
}

TEST(RoutingTable, MarksAndTimesAreKeptWithTheEntry) {
  RoutingTable table;
  table.insert(remote_v4(1, 1), {.target = {3}, .touched = 1, .used_at = 77});
  EXPECT_EQ(table.find(remote_v4(1, 1))->used_at, 77);
  EXPECT_EQ(table.find(remote_v4(1, 1))->touched, 1);
  EXPECT_EQ(table.find(remote_v4(1, 2)), nullptr);
}

}  // namespace
}  // namespace dvipa::tables
