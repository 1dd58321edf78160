// A profile that changes what a running stack has: what it names changes, the rest stays. covers: CFG-7, CFG-8
#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

const std::string original = block(
    "VIPADEFINE CLUSTERPORTS 255.255.255.0 10.1.1.1 10.1.1.2\n"
    "VIPADISTRIBUTE 10.1.1.1 PORT 60 DESTIP ALL\n"
    "VIPABACKUP 30 10.2.2.2\n"
    "VIPARANGE /16 10.9.0.0");

Definitions amended(std::string_view statements) {
  const std::string text = block(statements);
  const auto definitions = amend_profile(read(original), text, "change.profile");
  if (definitions) return *definitions;
  ADD_FAILURE() << render(definitions.error(), text);
  return {};
}

const DvipaDefinition* find(const Definitions& definitions, std::string_view dvipa) {
  for (const DvipaDefinition& each : definitions.dvipas)
    if (each.dvipa == at(dvipa)) return &each;
  return nullptr;
}

TEST(ProfileAmend, ChangesNothingWhenItSaysNothing) { EXPECT_EQ(amended(""), read(original)); }

TEST(ProfileAmend, AddsAndLeavesTheRest) {
  const auto definitions = amended("VIPABACKUP 5 10.3.3.3");
  EXPECT_EQ(definitions.dvipas.size(), 4U);
  EXPECT_EQ(*find(definitions, "10.1.1.1"), *find(read(original), "10.1.1.1"));
}

// covers: CFG-6
TEST(ProfileAmend, SourcesAreAddedReplacedAndDeleted) {
  const auto with = amended("SOURCEVIPA 10.1.1.1 billing\nSOURCEV 10.1.1.2 java*");
  const std::vector<SourceDefinition> expected = {{"billing", at("10.1.1.1")}, {"java*", at("10.1.1.2")}};
  EXPECT_EQ(with.sources, expected);
  const std::string text = block("SOURCEVIPA 10.1.1.2 billing SOURCEVIPA DELETE java*");
  const auto changed = amend_profile(with, text, "change.profile");
  ASSERT_TRUE(changed);
  EXPECT_EQ(changed->sources, (std::vector<SourceDefinition>{{"billing", at("10.1.1.2")}}));
}

TEST(ProfileAmend, DeletesAnAddressWithItsDistribution) {
  const auto definitions = amended("VIPADELETE 10.1.1.1 10.2.2.2");
  ASSERT_EQ(definitions.dvipas.size(), 1U);
  EXPECT_EQ(definitions.dvipas[0].dvipa, at("10.1.1.2"));
  EXPECT_FALSE(amended("VIPADELETE 10.1.1.1 VIPABACKUP 10.1.1.1").dvipas[0].distribution);
}

TEST(ProfileAmend, RedefiningKeepsTheDistribution) {
  const auto definitions = amended("VIPADEFINE MOVEABLE WHENIDLE 255.255.0.0 10.1.1.1");
  EXPECT_EQ(find(definitions, "10.1.1.1")->prefix_bits, 16U);
  EXPECT_EQ(find(definitions, "10.1.1.1")->moveable, Moveable::when_idle);
  EXPECT_FALSE(find(definitions, "10.1.1.1")->cluster_ports);
  EXPECT_TRUE(find(definitions, "10.1.1.1")->distribution);
}

TEST(ProfileAmend, APrimaryCanBecomeABackup) {
  EXPECT_EQ(find(amended("VIPABACKUP 7 10.1.1.2"), "10.1.1.2")->part, Part::backup);
}

TEST(ProfileAmend, ReplacesOrDeletesADistribution) {
  const auto replaced = amended("VIPADISTRIBUTE DISTMETHOD BASEWLM 10.1.1.1 DESTIP 10.0.0.1");
  EXPECT_EQ(find(replaced, "10.1.1.1")->distribution->method, DistMethod::base_wlm);
  EXPECT_TRUE(find(replaced, "10.1.1.1")->distribution->ports.is_every_port());
  EXPECT_FALSE(find(amended("VIPADISTRIBUTE DELETE 10.1.1.1"), "10.1.1.1")->distribution);
  EXPECT_TRUE(find(amended("VIPADIST DELETE 10.1.1.1 VIPADIST 10.1.1.1 DESTIP ALL"), "10.1.1.1")->distribution);
}

TEST(ProfileAmend, ReplacesOrDeletesARange) {
  const auto replaced = amended("VIPARANGE MOVEABLE DISRUPTIVE /16 10.9.3.3 VIPARANGE /24 10.9.1.0");
  ASSERT_EQ(replaced.ranges.size(), 2U);
  EXPECT_EQ(replaced.ranges[0].moveable, Moveable::disruptive);
  EXPECT_TRUE(amended("VIPARANGE DELETE 255.255.0.0 10.9.0.0").ranges.empty());
  EXPECT_EQ(amended("VIPARANGE DELETE /16 10.9.0.0 VIPARANGE /16 10.9.0.0").ranges.size(), 1U);
}

// covers: CFG-8
TEST(ProfileAmend, ABadStatementUndoesTheGoodOnesBeforeIt) {
  const Definitions present = read(original);
  const auto definitions =
      amend_profile(present, block("VIPADELETE 10.1.1.1 VIPABACKUP 255 10.7.7.7"), "change.profile");
  ASSERT_FALSE(definitions);
  EXPECT_EQ(present, read(original));
}

TEST(ProfileAmend, SaysWhatChangedInStatements) {
  const Definitions before = read(original);
  EXPECT_TRUE(differences(before, before).empty());
  const std::vector<std::string> expected = {"- VIPABACKUP 30 10.2.2.2", "+ VIPABACKUP 5 10.3.3.3"};
  EXPECT_EQ(differences(before, amended("VIPADELETE 10.2.2.2 VIPABACKUP 5 10.3.3.3")), expected);
}

}  // namespace
}  // namespace dvipa::profile
