// The protocol holds in the configurations of CI; every decision that is dropped and every fault that is seeded is
// seen.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include "spec/checker/check.hpp"
#include "spec/model/needed.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

checker::Result<TakeoverModel> run(std::string_view config) {
  const TakeoverModel model(*find_configuration(config));
  checker::Options options;
  options.config = std::string(config);
  options.threads = 2;
  return checker::check(model, options);
}

std::string story(const checker::Result<TakeoverModel>& result, std::string_view config) {
  const TakeoverModel model(*find_configuration(config));
  std::string text;
  for (const auto& property : result.properties)
    text += property.name + ": " + checker::to_string(property.outcome) + "\n";
  if (const auto* found = result.counterexample()) text += scenario_of(model, found->name, *found->trace);
  return text;
}

struct Pinned {
  const char* config;
  std::uint64_t unique;
};
class Configuration : public testing::TestWithParam<Pinned> {};

// covers: FLV-1..12 TKB-1..7 RTE-1..6 RTE-11 RTE-12 TGT-1..7 LST-1 LST-5 MOV-2 MOV-4 MOV-7
TEST_P(Configuration, HoldsAndHasItsPinnedNumberOfStates) {
  const auto result = run(GetParam().config);
  EXPECT_EQ(result.verdict, checker::Verdict::holds) << story(result, GetParam().config);
  EXPECT_EQ(result.counts.unique, GetParam().unique);
}

INSTANTIATE_TEST_SUITE_P(
    Model, Configuration,
    testing::Values(Pinned{"smoke", 782}, Pinned{"leftovers", 175}, Pinned{"failover", 654}, Pinned{"reuse", 4439},
                    Pinned{"listeners", 4841}, Pinned{"double-failure", 13510}, Pinned{"takeback", 25607},
                    Pinned{"takeback-listeners", 47307}, Pinned{"takeback-reuse", 81677}, Pinned{"rivals", 19457},
                    Pinned{"return", 130568}, Pinned{"departure", 219014}, Pinned{"backups", 23050},
                    Pinned{"moves", 234719}, Pinned{"moved-on-return", 141830}, Pinned{"halves", 3486},
                    Pinned{"partition", 200558}, Pinned{"isolated", 287810}, Pinned{"isolated-failure", 184865},
                    Pinned{"targets", 71882}, Pinned{"paused", 179842}, Pinned{"paused-reuse", 65017},
                    Pinned{"two-claims", 308461}, Pinned{"when-idle", 11714}, Pinned{"disruptive", 486705},
                    Pinned{"two-dvipas", 218691}, Pinned{"chain", 1060164}, Pinned{"standard", 465753},
                    Pinned{"handover", 560513}),
    [](const auto& each) {
      std::string name = each.param.config;
      for (char& c : name)
        if (c == '-') c = '_';
      return name;
    });

// What another DVIPA does to this one is that a list is sent again (docs/protocol.md): wherever it may fall.
// covers: LST-1 CFG-7
TEST(OtherDvipas, ChangeNothingWhenAListIsSentAgainAtAnyTime) {
  for (const char* name :
       {"failover", "listeners", "double-failure", "backups", "takeback-listeners", "when-idle", "rivals"}) {
    Rules rules = *find_configuration(name);
    rules.budget.lists = 1;
    rules.liveness = false;
    checker::Options options;
    options.threads = 2;
    const auto result = checker::check(TakeoverModel(rules), options);
    EXPECT_EQ(result.verdict, checker::Verdict::holds) << name;
    EXPECT_GT(result.counts.unique, run(name).counts.unique) << name;
  }
}

// A witness that is not reached is a violation, so that one which some configuration has, and that holds, was reached.
TEST(Properties, HaveEachAWitnessThatTheyDoNotHoldInVain) {
  std::map<std::string, bool> witnessed;
  for (const Rules& rules : configurations()) {
    const auto properties = TakeoverModel(rules).properties();
    for (const auto& each : properties)
      if (each.kind != checker::PropertyKind::sometimes) witnessed.try_emplace(each.name, false);
    for (const auto& each : properties)
      if (each.kind == checker::PropertyKind::sometimes) witnessed[each.name.substr(each.name.find(": ") + 2)] = true;
  }
  EXPECT_EQ(witnessed.size(), 15U);
  for (const auto& [name, has_witness] : witnessed) EXPECT_TRUE(has_witness) << name;
}

TEST(DecisionsNeeded, AreAsTheDocumentSays) {
  std::ifstream file(std::string(DVIPA_SOURCE_DIR) + "/docs/decisions-needed.md");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), needed_table(2)) << "dvipa check --table > docs/decisions-needed.md";
}

TEST(Deviations, AreAllSeenButTheOneThatIsOnlyAPrecaution) {
  unsigned mutants = 0;
  for (const DeviationText& each : deviations()) {
    mutants += each.is_decision ? 0 : 1;
    ASSERT_TRUE(each.config.empty() || find_configuration(each.config)) << each.name;
    EXPECT_EQ(each.config.empty(), !each.instead.empty()) << each.name << " is seen nowhere, and nothing says why";
    EXPECT_TRUE(!each.config.empty() || each.name == "TGT-6/report") << each.name;
  }
  EXPECT_GE(mutants, 15U);
}

// A state is its bytes: whatever random walks meet is read back as it was written.
TEST(TakeoverState, IsReadBackAsItWasWritten) {
  for (const char* config : {"takeback", "partition", "paused-reuse", "moves", "deepest"}) {
    const TakeoverModel model(*find_configuration(config));
    std::mt19937 random(7);
    State state = model.initial_states().front();
    for (unsigned step = 0; step < 3000; ++step) {
      std::vector<State> next;
      const auto keep = [&](const Action&, const State& each) { next.push_back(each); };
      model.for_each_successor(state, checker::Visitor<State, Action>(keep));
      state = next.empty() ? model.initial_states().front() : next[random() % next.size()];
      checker::Bytes once;
      checker::Bytes twice;
      model.encode(state, once);
      model.encode(model.decode(once), twice);
      ASSERT_EQ(once, twice) << config << " step " << step;
    }
  }
}

}  // namespace
}  // namespace dvipa::model
