// Every seeded fault of the implementation that a world can show is caught by a scenario or by a random schedule.
// Prints which caught it first, and how many were caught.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>

#include "harness/world/campaign.hpp"
#include "tests/unit/world/scenario_files.hpp"

namespace dvipa::world {
namespace {

constexpr std::uint64_t seeds_max = 2000;

// Why a world does not show it; other tests do (tests/unit/stack).
const std::map<Mutant, const char*>& out_of_reach() {
  static const std::map<Mutant, const char*> all{
      {Mutant::ignore_second_hand, "an owner that meets another one forgets its entries and asks anew"},
      {Mutant::owner_does_not_decide, "nothing is promised of a 4-tuple of which an excluded stack has an end as well"},
      {Mutant::tell_everybody, "who hears more than concerns it does nothing else"},
      {Mutant::syn_to_ended_target, "an entry is asked about in each round when its target listens no longer (RTE-11)"},
      {Mutant::end_not_reported, "the claimant asks about the entry all the same when it has aged (RTE-11)"},
      {Mutant::forget_fragments, "no packet is in fragments here"},
      {Mutant::ignore_rival, "bus and segment are cut together here"},
      {Mutant::keep_as_bystander, "what a bystander keeps it uses only when it has a part, and then it may"},
      {Mutant::first_range_wins, "a range is of one address here"},
      {Mutant::know_without_report, "of two ends, the one that the missing report hides has to be the one that lives"},
      {Mutant::accept_unheld, "a SYN has to come between a look and the change of the filter that follows it"},
      {Mutant::yield_while_fresh, "a SYN has to be under way for longer than a question and its answer"},
      {Mutant::yield_after_syn, "a target has to report between the claim and a SYN, and another one after that"},
      {Mutant::ended_not_reported, "a SYN has to be under way from before a claim until after the release"},
      {Mutant::lives_unnamed,
       "a member has to be met again by the owner, with a SYN under way to it, before the claimant"
       " has lost it"},
      {Mutant::keep_left_over,
       "the client's next packet ends what was left, and what has ended counts for nothing while"
       " a report is missing (FLV-5)"},
      {Mutant::let_go_unreported,
       "an owner has to have claimed anew, with a SYN under way, when it is asked to let go"},
      {Mutant::heard_untold, "what a target says has to reach the owner, and the claimant only after the release"},
      {Mutant::forget_released, "the word of a failed owner has to come between a release and the new owner's list"},
  };
  return all;
}

// Empty: nothing catches it.
std::string first_catch(Mutant mutant, const std::vector<Scenario>& scenarios) {
  for (Scenario scenario : scenarios) {
    scenario.settings.mutant = mutant;
    const Outcome outcome = play(scenario);
    if (outcome.violation) return fmt::format("{}: {}", scenario.name, outcome.violation->property);
    if (!outcome.unmet.empty()) return fmt::format("{}: line {}", scenario.name, outcome.unmet.front().line);
  }
  CampaignOptions options;
  options.last = seeds_max;
  options.limits.mutant = mutant;
  const CampaignResult result = run_campaign(options);
  return result.broken ? fmt::format("seed {}: {}", *result.broken, result.violation->property) : std::string();
}

TEST(WorldMutants, EveryOneIsCaught) {
  const std::vector<Scenario> scenarios = sample::scenarios();
  ASSERT_EQ(first_catch(Mutant::none, scenarios), "");
  unsigned caught = 0;
  for (const MutantName& each : mutant_names) {
    const auto excused = out_of_reach().find(each.mutant);
    if (excused != out_of_reach().end()) {
      fmt::print("{:<26} ({})\n", each.name, excused->second);
      continue;
    }
    const std::string by = first_catch(each.mutant, scenarios);
    EXPECT_NE(by, "") << each.name << " survives: a scenario is missing";
    if (!by.empty()) ++caught;
    fmt::print("{:<26} {}\n", each.name, by.empty() ? "SURVIVES" : by);
  }
  fmt::print("mutants of the world: {} of {} caught\n", caught, mutant_names.size() - out_of_reach().size());
}

}  // namespace
}  // namespace dvipa::world
