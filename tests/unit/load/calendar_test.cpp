// Everything that is put into the calendar comes out once, when it is due.
#include "harness/conform/load/calendar.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <map>

namespace dvipa::load {
namespace {

TEST(Calendar, GivesEachEntryOnceWhenItIsDue) {
  EXPECT_TRUE(rc::check([](std::uint32_t start) {
    auto calendar = std::make_unique<Calendar>(start);
    std::int64_t now = start;
    std::map<std::uint64_t, std::int64_t> due;
    std::uint64_t number = 0;
    for (int step = 0; step < 50; ++step) {
      for (auto count = *rc::gen::inRange(0, 5); count > 0; --count) {
        const std::int64_t at = now + *rc::gen::inRange(1, 1000);
        calendar->add(at, ++number);
        due[number] = at;
      }
      now += *rc::gen::inRange(0, 300);
      calendar->advance(now, [&](std::uint64_t entry) {
        RC_ASSERT(due.contains(entry));
        RC_ASSERT(due[entry] <= now);
        due.erase(entry);
      });
      for (const auto& [entry, at] : due) RC_ASSERT(at > now);
    }
  }));
}

TEST(Calendar, TakesWhatIsPastOrTooFarAtItsEdges) {
  auto calendar = std::make_unique<Calendar>(1000);
  calendar->add(5, 1);
  calendar->add(1'000'000, 2);
  int early = 0;
  calendar->advance(1001, [&](std::uint64_t entry) { early += entry == 1 ? 1 : 100; });
  EXPECT_EQ(early, 1);
  int late = 0;
  calendar->advance(1000 + 4096, [&](std::uint64_t entry) { late += entry == 2 ? 1 : 100; });
  EXPECT_EQ(late, 1);
}

TEST(Calendar, MayBeAddedToByAVisit) {
  auto calendar = std::make_unique<Calendar>(0);
  calendar->add(1, 1);
  int visits = 0;
  calendar->advance(10, [&](std::uint64_t entry) {
    ++visits;
    if (visits < 5) calendar->add(0, entry);
  });
  EXPECT_EQ(visits, 5);
}

}  // namespace
}  // namespace dvipa::load
