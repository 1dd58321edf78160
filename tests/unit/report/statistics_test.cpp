// Percentiles by nearest rank.
#include "harness/conform/statistics.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <vector>

namespace dvipa::conform {
namespace {

TEST(Percentiles, OfNothingAreZero) {
  const auto none = percentiles_of({});
  EXPECT_EQ(none.p50, 0);
  EXPECT_EQ(none.max, 0);
}

TEST(Percentiles, OfOneAreThatOne) {
  const std::vector<double> one = {7.5};
  const auto got = percentiles_of(one);
  EXPECT_EQ(got.p50, 7.5);
  EXPECT_EQ(got.p99, 7.5);
  EXPECT_EQ(got.max, 7.5);
}

TEST(Percentiles, OfAHundredAndOfTwenty) {
  std::vector<double> samples;
  for (int i = 100; i >= 1; --i) samples.push_back(i);
  EXPECT_EQ(percentiles_of(samples).p50, 50);
  EXPECT_EQ(percentiles_of(samples).p99, 99);
  EXPECT_EQ(percentiles_of(samples).max, 100);
  samples.erase(samples.begin(), samples.begin() + 80);
  EXPECT_EQ(percentiles_of(samples).p99, 20);  // the strict side
}

TEST(Percentiles, AreSamplesThatSplitThemAsTheySay) {
  EXPECT_TRUE(rc::check([] {
    const auto samples = *rc::gen::nonEmpty(rc::gen::container<std::vector<double>>(
        rc::gen::map(rc::gen::inRange(-1000, 1000), [](int i) { return i / 7.0; })));
    const auto got = percentiles_of(samples);
    const auto at_most = [&](double value) {
      return static_cast<double>(std::ranges::count_if(samples, [&](double each) { return each <= value; })) /
             static_cast<double>(samples.size());
    };
    RC_ASSERT(std::ranges::find(samples, got.p50) != samples.end());
    RC_ASSERT(std::ranges::find(samples, got.p99) != samples.end());
    RC_ASSERT(at_most(got.p50) >= 0.5);
    RC_ASSERT(at_most(got.p99) >= 0.99);
    RC_ASSERT(got.max == std::ranges::max(samples));
  }));
}

}  // namespace
}  // namespace dvipa::conform
