// The profiles of the failover example say what its text promises. covers: CFG-2, CFG-3, CFG-4
#include <fstream>
#include <sstream>

#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

Definitions example(const std::string& host) {
  std::ifstream file(DVIPA_SOURCE_DIR "/docs/examples/failover/" + host + ".profile");
  EXPECT_TRUE(file.is_open()) << host;
  std::ostringstream text;
  text << file.rdbuf();
  return read(text.str());
}

Distribution port_60(const std::vector<Address>& targets) {
  Distribution distribution;
  distribution.ports.ranges = {{60, 60}};
  distribution.targets.xcf_addresses = targets;
  return distribution;
}

TEST(FailoverExample, Mvs1OwnsOneAddressAndBacksTheOther) {
  const auto definitions = example("mvs1");
  ASSERT_EQ(definitions.dvipas.size(), 2U);
  EXPECT_EQ(definitions.dvipas[0].part, Part::primary);
  EXPECT_EQ(definitions.dvipas[0].distribution, port_60({at("10.77.0.1"), at("10.77.0.2"), at("10.77.0.4")}));
  EXPECT_EQ(definitions.dvipas[1].rank, 30U);
  EXPECT_FALSE(definitions.dvipas[1].distribution);
}

TEST(FailoverExample, Mvs5BacksWithADistributionOfItsOwn) {
  const auto definitions = example("mvs5");
  ASSERT_EQ(definitions.dvipas.size(), 2U);
  EXPECT_EQ(definitions.dvipas[0].rank, 10U);
  EXPECT_EQ(definitions.dvipas[0].distribution, port_60({at("10.77.0.2"), at("10.77.0.3"), at("10.77.0.4")}));
  EXPECT_EQ(definitions.dvipas[1].part, Part::primary);
  EXPECT_EQ(definitions.dvipas[1].distribution, port_60({}));
}

TEST(FailoverExample, TheOthersDefineNothing) {
  for (const char* host : {"mvs2", "mvs3", "mvs4"}) EXPECT_EQ(example(host), Definitions{}) << host;
}

}  // namespace
}  // namespace dvipa::profile
