// The profiles of the failover example say what its text promises. covers: CFG-2, CFG-3, CFG-4
#include <fstream>
#include <sstream>
#include <vector>

#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

std::string content(const std::string& path_in_docs) {
  std::ifstream file(DVIPA_SOURCE_DIR "/docs/" + path_in_docs);
  EXPECT_TRUE(file.is_open()) << path_in_docs;
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Definitions example(const std::string& host) { return read(content("examples/failover/" + host + ".profile")); }

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

// The blocks between ``` lines, without the word after the opening one.
std::vector<std::string> code_blocks(const std::string& text) {
  std::vector<std::string> blocks;
  std::istringstream lines(text);
  bool inside = false;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("```")) {
      inside = !inside;
      if (inside) blocks.emplace_back();
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

// covers: CFG-1, CFG-7
TEST(ProfileManual, ItsExamplesAreGoodProfiles) {
  std::string statements;
  std::vector<std::string> whole;
  for (const std::string& code : code_blocks(content("profile.md"))) {
    if (code.starts_with("VIPADYN") || code.starts_with(";")) {
      whole.push_back(code);
    } else if (code.starts_with("VIPA")) {
      statements += code;
    }
  }
  ASSERT_EQ(whole.size(), 2U);
  EXPECT_EQ(read(whole[0]), example("mvs1"));
  const Definitions all = read(block(statements));
  EXPECT_EQ(all.dvipas.size(), 4U);
  EXPECT_EQ(all.ranges.size(), 1U);
  const auto amended = amend_profile(all, whole[1], "change");
  ASSERT_TRUE(amended) << render(amended.error(), whole[1]);
  EXPECT_EQ(amended->dvipas.size(), 3U);
}

TEST(ProfileManual, ItsErrorIsTheOneThatIsShown) {
  const std::string text = "VIPADYNAMIC\n\tVIPADEFINE /24 10.1.1.1 10.1.2.1 ; two\n";
  const auto refused = parse_profile(text + "ENDVIPADYNAMIC", "mvs1.profile");
  ASSERT_FALSE(refused);
  EXPECT_NE(content("profile.md").find(render(refused.error(), text)), std::string::npos);
}

}  // namespace
}  // namespace dvipa::profile
