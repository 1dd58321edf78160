// The transition tables themselves: guards exclude each other, the whole product of states and events is as recorded,
// and the diagrams in docs/ are those of the tables. DVIPA_UPDATE=1 in the environment writes the recorded files anew.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "impl/roles/vip_owner.hpp"
#include "impl/roles/vip_target.hpp"

namespace dvipa::roles {
namespace {

const std::string root = DVIPA_SOURCE_DIR;

void expect_recorded(const std::string& path, const std::string& text) {
  if (std::getenv("DVIPA_UPDATE") != nullptr) std::ofstream(root + path) << text;
  std::ifstream file(root + path);
  std::stringstream recorded;
  recorded << file.rdbuf();
  EXPECT_EQ(recorded.str(), text) << path << " differs: if the change is meant, run this test with DVIPA_UPDATE=1";
}

// Every event with samples that make each guard true and false.
template <class Visit>
void for_each_owner_event(Visit&& visit) {
  const StackId self{2};
  const Epoch mine{5, self};
  visit("PartGiven", std::vector{PartGiven{}});
  visit("PartTaken", std::vector{PartTaken{}});
  visit("OwnershipVacant", std::vector{OwnershipVacant{self}, OwnershipVacant{{3}}, OwnershipVacant{}});
  visit("OwnerPresent", std::vector{OwnerPresent{}});
  visit("OwnerLeaving", std::vector{OwnerLeaving{self}, OwnerLeaving{{3}}});
  visit("ReportsComplete", std::vector{ReportsComplete{}});
  visit("ReportLimit", std::vector{ReportLimit{}});
  visit("Superseded", std::vector{Superseded{{3}}});
  visit("RivalOwner", std::vector{RivalOwner{}});
  visit("RivalGone", std::vector{RivalGone{}});
  visit("MemberJoined", std::vector{MemberJoined{}});
  visit("ClaimedByOther", std::vector{ClaimedByOther{{3}, {6, {3}}}, ClaimedByOther{{3}, {4, {3}}}});
  visit("ClaimantLost", std::vector{ClaimantLost{}});
  visit("TakeOverAsked", std::vector{TakeOverAsked{{6, {3}}}, TakeOverAsked{{4, {3}}}});
  visit("OwnerReleased", std::vector{OwnerReleased{mine}, OwnerReleased{{4, {3}}}});
  visit("OwnerLost", std::vector{OwnerLost{}});
  visit("GroupLeft", std::vector{GroupLeft{}});
}

std::vector<OwnerFacts> owner_facts() {
  std::vector<OwnerFacts> all;
  for (const Part part : {Part::primary, Part::backup})
    for (const StackId claimant : {nobody, StackId{3}})
      all.push_back({.self = {2},
                     .part = part,
                     .mine = {5, {2}},
                     .newest = {5, {2}},
                     .owner = {2},
                     .claimant = claimant,
                     .claim = {6, {3}}});
  return all;
}

template <class Visit>
void for_each_target_event(Visit&& visit) {
  visit("Named", std::vector{Named{true}, Named{false}});
  visit("NotNamed", std::vector{NotNamed{true}, NotNamed{false}});
  visit("OwnerGone", std::vector{OwnerGone{}});
  visit("ListenerChanged", std::vector{ListenerChanged{}});
  visit("ConnectionsOpened", std::vector{ConnectionsOpened{}});
  visit("ConnectionsEnded", std::vector{ConnectionsEnded{}});
}

const std::vector<TargetFacts> target_facts{{true}, {false}};

template <class State, class Facts, class Probe, class ForEachEvent, class Orders>
std::string product(unsigned states, const std::vector<Facts>& facts, ForEachEvent&& for_each_event, Orders orders) {
  std::string text;
  for (unsigned s = 0; s < states; ++s) {
    const auto state = static_cast<State>(s);
    text += fmt::format("{}\n", name_of(state));
    for_each_event([&](const char* name, const auto& samples) {
      std::vector<std::string> outcomes;
      for (const auto& event : samples)
        for (const Facts& each : facts) {
          auto role = Probe::in_state(state, each);
          EXPECT_LE(Probe::applicable_rows(role, event), 1) << name_of(state) << " + " << name;
          const bool expected = Probe::applicable_rows(role, event) == 1;
          const Outcome outcome = role.process(event, orders);
          EXPECT_EQ(outcome.taken, expected) << name_of(state) << " + " << name;
          if (!outcome.taken) {
            EXPECT_EQ(role.state(), state);
          }
          const std::string line =
              outcome.taken ? fmt::format("{} ({})", name_of(role.state()), outcome.requirement) : "ignored";
          if (std::find(outcomes.begin(), outcomes.end(), line) == outcomes.end()) outcomes.push_back(line);
        }
      text += fmt::format("  {:<18} {}\n", name, fmt::join(outcomes, " | "));
    });
  }
  return text;
}

// Named as in the table, the way the diagrams' readers will look for them.
std::string diagram(const std::vector<RowText>& rows, std::string_view initial) {
  std::string text = fmt::format("stateDiagram-v2\n  [*] --> {}\n", initial);
  for (const RowText& row : rows)
    text += fmt::format("  {} --> {} : {} [{}]\n", row.in, row.become, row.on, row.requirement);
  return text;
}

TEST(OwnerTable, GuardsExcludeEachOtherAndTheProductIsAsRecorded) {
  expect_recorded(
      "/tests/unit/roles/owner_product.txt",
      product<OwnerState, OwnerFacts, OwnerProbe>(
          owner_state_count, owner_facts(), [](auto&& visit) { for_each_owner_event(visit); }, OwnerOrders{}));
}

TEST(TargetTable, GuardsExcludeEachOtherAndTheProductIsAsRecorded) {
  expect_recorded(
      "/tests/unit/roles/target_product.txt",
      product<TargetState, TargetFacts, TargetProbe>(
          target_state_count, target_facts, [](auto&& visit) { for_each_target_event(visit); }, TargetOrders{}));
}

TEST(Diagrams, AreThoseOfTheTables) {
  const std::string text =
      "# State diagrams of the roles\n\nGenerated from the transition tables in `impl/roles`; each arrow carries its "
      "event "
      "and the requirement that it fulfils.\n\n## Ownership of a DVIPA\n\n```mermaid\n" +
      diagram(owner_rows(), "Bystander") + "```\n\n## A target of a DVIPA\n\n```mermaid\n" +
      diagram(target_rows(), "Uninvolved") + "```\n";
  expect_recorded("/docs/roles.md", text);
}

// A guard that overlaps another is what the first two tests are for: two rows of one state and event that are both
// true would be counted, as this sample of both a newer and an older claim shows.
TEST(OwnerTable, TheProbeCountsRows) {
  const OwnerFacts facts = owner_facts().front();
  const VipOwner owner = OwnerProbe::in_state(OwnerState::active, facts);
  EXPECT_EQ(OwnerProbe::applicable_rows(owner, ClaimedByOther{{3}, {6, {3}}}), 1);
  EXPECT_EQ(OwnerProbe::applicable_rows(owner, ClaimedByOther{{3}, {4, {3}}}), 0);
}

TEST(Roles, CopiesGoTheirOwnWay) {
  VipOwner one = OwnerProbe::in_state(OwnerState::backup, owner_facts().front());
  VipOwner other = one;
  OwnerOrders orders;
  other.process(OwnershipVacant{{2}}, orders);
  EXPECT_EQ(one.state(), OwnerState::backup);
  EXPECT_EQ(other.state(), OwnerState::rebuilding);
  EXPECT_NE(one, other);
}

}  // namespace
}  // namespace dvipa::roles
