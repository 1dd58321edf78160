// Leaving out steps where a delivery changes nothing leaves every verdict as it is.
#include <gtest/gtest.h>

#include "spec/checker/check.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

checker::Result<TakeoverModel> run(const Rules& rules, bool partial_order) {
  const TakeoverModel model(rules);
  checker::Options options;
  options.partial_order = partial_order;
  options.stop_at_first = false;
  options.threads = 2;
  return checker::check(model, options);
}

// Of every property, also of those that are still open when another is violated.
void expect_the_same_outcomes(const Rules& rules, const char* what) {
  const auto with = run(rules, true);
  const auto without = run(rules, false);
  EXPECT_EQ(with.verdict, without.verdict) << rules.name << " " << what;
  ASSERT_EQ(with.properties.size(), without.properties.size());
  for (std::size_t i = 0; i < with.properties.size(); ++i)
    EXPECT_EQ(with.properties[i].outcome, without.properties[i].outcome)
        << rules.name << " " << what << ": " << with.properties[i].name;
  EXPECT_LE(with.counts.unique, without.counts.unique) << rules.name << " " << what;
  std::printf("%s %s: %llu of %llu states\n", rules.name.c_str(), what,
              static_cast<unsigned long long>(with.counts.unique),
              static_cast<unsigned long long>(without.counts.unique));
}

TEST(PartialOrder, DecidesEveryPropertyOfTheProtocolAlike) {
  for (const char* name : {"failover", "listeners", "double-failure", "takeback", "takeback-listeners", "rivals",
                           "backups", "departure", "paused-reuse", "targets", "when-idle", "isolated"}) {
    Rules rules = *find_configuration(name);
    rules.liveness = false;  // decided without reduction in any case
    expect_the_same_outcomes(rules, "");
  }
}

TEST(PartialOrder, SeesWithoutEachDecisionAndWithEachFaultWhatIsSeenWithout) {
  for (const DeviationText& each : deviations()) {
    const std::string config(each.config);
    if (config != "failover" && config != "takeback" && config != "smoke" && config != "listeners" &&
        config != "double-failure" && config != "backups")
      continue;
    Rules rules = *find_configuration(config);
    rules.deviations.set(static_cast<std::size_t>(each.deviation));
    expect_the_same_outcomes(rules, std::string(each.name).c_str());
  }
}

}  // namespace
}  // namespace dvipa::model
