// The real stacks do only what the model allows, and what the model promises holds of them; faults that are seeded in
// them are seen.
#include <gtest/gtest.h>

#include <string>

#include "harness/refine/implementation_model.hpp"
#include "spec/checker/check.hpp"
#include "spec/checker/report.hpp"

namespace dvipa::refine {
namespace {

using Result = checker::Result<ImplementationModel>;

std::string story(const ImplementationModel& model, const Result& result) {
  std::string text;
  for (const auto& property : result.properties)
    text += checker::to_string(property.outcome) + "  " + property.name + "\n";
  if (const auto* found = result.counterexample())
    for (const std::string& line : checker::sentences(model, *found->trace)) text += line + "\n";
  return text;
}

Result explore(const ImplementationModel& model, const std::string& config) {
  checker::Options options;
  options.config = config;
  return checker::check(model, options);
}

// The number of states is recorded: a change that was not meant shows in it.
struct Explored {
  const char* config;
  std::uint64_t states;
};
class Configuration : public testing::TestWithParam<Explored> {};

// covers: FLV-1..7 FLV-9..12 RTE-1..6 RTE-11 RTE-12 TGT-1..7 LST-1 TKB-1..7
TEST_P(Configuration, IsPlayedByTheImplementationAsTheModelAllows) {
  const ImplementationModel model(*model::find_configuration(GetParam().config));
  const Result result = explore(model, GetParam().config);
  EXPECT_EQ(result.verdict, checker::Verdict::holds) << story(model, result);
  EXPECT_EQ(result.counts.unique, GetParam().states);
}

INSTANTIATE_TEST_SUITE_P(
    Refine, Configuration,
    testing::Values(Explored{"smoke", 1147}, Explored{"leftovers", 409}, Explored{"failover", 1054},
                    Explored{"reuse", 5932}, Explored{"listeners", 8908}, Explored{"rivals", 18537},
                    Explored{"double-failure", 34545}, Explored{"backups", 66061}, Explored{"takeback", 84042},
                    Explored{"takeback-listeners", 326205}, Explored{"takeback-reuse", 431312},
                    Explored{"two-claims", 308910}, Explored{"return", 150764}, Explored{"halves", 4561},
                    Explored{"paused", 142882}, Explored{"paused-reuse", 290244}, Explored{"partition", 846962}),
    [](const auto& each) {
      std::string name = each.param.config;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

// The composition begins where the model does, but for what the model's stacks have not heard at its start.
TEST(Composition, BeginsWhereTheModelDoes) {
  for (const model::Rules& rules : implementation_configurations()) {
    const ImplementationModel model(rules);
    model::State ours = model.abstract(model.initial_states().front());
    const model::State theirs = model::TakeoverModel(rules).initial_states().front();
    for (model::Stack i = 1; i <= rules.stacks; ++i) ours.stacks[i].said = theirs.stacks[i].said;
    EXPECT_EQ(differences(rules, {theirs, {}}, {}, theirs, ours), std::vector<std::string>{}) << rules.name;
  }
}

TEST(Composition, IsReadBackAsItWasWritten) {
  const ImplementationModel model(*model::find_configuration("smoke"));
  checker::Bytes before;
  model.encode(model.initial_states().front(), before);
  checker::Bytes after;
  model.encode(model.decode(before), after);
  EXPECT_EQ(before, after);
}

struct Seeded {
  const char* mutant;
  const char* config;
};
class Fault : public testing::TestWithParam<Seeded> {};

TEST_P(Fault, IsSeen) {
  const auto mutant = mutant_of(GetParam().mutant);
  ASSERT_TRUE(mutant);
  const ImplementationModel model(*model::find_configuration(GetParam().config), *mutant);
  const Result result = explore(model, GetParam().config);
  EXPECT_EQ(result.verdict, checker::Verdict::violated) << GetParam().mutant;
  if (const auto* found = result.counterexample())
    std::printf("%s: seen in %zu steps: %s\n", GetParam().mutant, found->trace->steps.size(), found->name.c_str());
}

INSTANTIATE_TEST_SUITE_P(
    Refine, Fault,
    testing::Values(Seeded{"skip-rebuild-barrier", "failover"}, Seeded{"refuse-while-rebuilding", "failover"},
                    Seeded{"forget-connections", "failover"}, Seeded{"forget-listeners", "failover"},
                    Seeded{"ignore-listener-end", "listeners"}, Seeded{"ignore-term-conn", "reuse"},
                    Seeded{"never-advertise", "failover"}, Seeded{"ignore-rank", "double-failure"},
                    Seeded{"keep-failed-target", "failover"}, Seeded{"forget-route", "smoke"},
                    Seeded{"no-route-to-self", "failover"}, Seeded{"accept-old-epoch", "takeback"},
                    Seeded{"end-at-once", "reuse"}, Seeded{"skip-rebuild-barrier", "takeback"},
                    Seeded{"routes-not-reported", "takeback"}, Seeded{"ended-not-reported", "takeback"},
                    Seeded{"handover-in-silence", "takeback"}, Seeded{"refuse-as-former-owner", "takeback"},
                    Seeded{"lives-unnamed", "backups"}, Seeded{"let-go-unreported", "rivals"},
                    Seeded{"heard-untold", "two-claims"}, Seeded{"forget-released", "backups"},
                    Seeded{"ignore-pause", "paused"}, Seeded{"keep-old-forwarder", "paused"},
                    Seeded{"accept-old-epoch", "paused"}, Seeded{"ignore-rank", "halves"},
                    Seeded{"forget-connections", "halves"}, Seeded{"open-beside-stranger", "partition"},
                    Seeded{"forget-strangers", "partition"}),
    [](const auto& each) {
      std::string name = std::string(each.param.mutant) + "_in_" + each.param.config;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

}  // namespace
}  // namespace dvipa::refine
