// Later fragments follow the first, whichever comes first; and nobody can fill the memory with them.
#include "impl/live/shell/fragments.hpp"

#include <gtest/gtest.h>

namespace dvipa {
namespace {

FragmentKey datagram(std::uint32_t id) { return {*parse_address("10.0.0.1"), *parse_address("10.77.1.1"), id, 6}; }

const Verdict to_two{Verdict::Kind::to_target, StackId{2}, false};

class FragmentTable : public testing::Test {
 protected:
  Frame frame(std::uint8_t mark) {
    bytes_.assign(100, mark);
    return {bytes_, {}, false, 0};
  }
  std::vector<std::uint8_t> bytes_;
  Fragments fragments_;
};

// covers: RTE-10
TEST_F(FragmentTable, LaterOnesFollowTheFirst) {
  EXPECT_TRUE(fragments_.learn(datagram(1), to_two, 0).empty());
  EXPECT_EQ(fragments_.find(datagram(1), frame(1), 1), to_two);
  EXPECT_EQ(fragments_.find(datagram(2), frame(2), 1), std::nullopt);
}

TEST_F(FragmentTable, EarlyOnesAreKeptInOrderUntilTheFirstComes) {
  EXPECT_FALSE(fragments_.find(datagram(1), frame(7), 0));
  EXPECT_FALSE(fragments_.find(datagram(1), frame(8), 0));
  const auto early = fragments_.learn(datagram(1), to_two, 1);
  ASSERT_EQ(early.size(), 2U);
  EXPECT_EQ(early[0].bytes.front(), 7);
  EXPECT_EQ(early[1].bytes.front(), 8);
  EXPECT_TRUE(fragments_.learn(datagram(1), to_two, 1).empty());
}

TEST_F(FragmentTable, ForgetsWithTime) {
  fragments_.learn(datagram(1), to_two, 0);
  EXPECT_TRUE(fragments_.find(datagram(1), frame(1), Fragments::life_ms));
  EXPECT_FALSE(fragments_.find(datagram(1), frame(1), 2 * Fragments::life_ms + 2));
}

TEST_F(FragmentTable, IsBounded) {
  for (std::uint32_t id = 0; id < 3 * Fragments::datagrams_max; ++id) fragments_.find(datagram(id), frame(1), 0);
  EXPECT_EQ(fragments_.datagrams(), Fragments::datagrams_max);
  Fragments heavy;
  const std::vector<std::uint8_t> big(60'000);
  for (unsigned i = 0; i < 1000; ++i)
    heavy.find(datagram(i % 8), {const_cast<std::vector<std::uint8_t>&>(big), {}, false, 0}, 0);
  std::size_t kept = 0;
  for (unsigned i = 0; i < 8; ++i)
    for (const auto& each : heavy.learn(datagram(i), to_two, 0)) kept += each.bytes.size();
  EXPECT_LE(kept, Fragments::early_bytes_max);
  EXPECT_GT(kept, Fragments::early_bytes_max / 2);
}

}  // namespace
}  // namespace dvipa
