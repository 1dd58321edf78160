// The comparison of a world with another stage sees a difference in anything that they have to agree on, and nothing
// else.
#include "harness/world/view.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace dvipa::world {
namespace {

constexpr StackId s1{1};
constexpr StackId s2{2};

View usual() {
  View view;
  view.stacks[s1] = {"active", s1, {}, true, {{60, {s2}}}, {{1, s2}}};
  view.stacks[s2] = {"backup", s1, {}, false, {}, {}};
  view.connections[1] = {"established", s2, 3, false, {s2}, false, false};
  return view;
}

std::string where_they_differ(const View& one, const View& other) {
  std::string all;
  for (const Difference& each : differences(one, other)) all += (all.empty() ? "" : "; ") + each.where;
  return all;
}

TEST(Comparison, SeesEachDifference) {
  const std::pair<std::function<void(View&)>, const char*> all[] = {
      {[](View& v) { v.stacks.erase(s2); }, "S2"},
      {[](View& v) { v.stacks[s1].state = "rebuilding"; }, "S1's state"},
      {[](View& v) { v.stacks[s2].owner = s2; }, "the owner that S2 knows"},
      {[](View& v) { v.stacks[s2].claimant = s2; }, "the claimant that S2 knows"},
      {[](View& v) { v.stacks[s2].advertises = true; }, "what S2 does on the network"},
      {[](View& v) {
         v.stacks[s1].listeners[60] = {s1, s2};
       },
       "S1's DPT"},
      {[](View& v) { v.stacks[s1].routes[1] = s1; }, "S1's CRT"},
      {[](View& v) {
         v.connections[1].held_at = {s1, s2};
       },
       "who holds an end of c1"},
      {[](View& v) { v.connections[1].state = "opening"; }, "the state of c1"},
      {[](View& v) { v.connections[1].peer = s1; }, "who serves c1"},
      {[](View& v) { v.connections[1].acknowledged = 2; }, "what is acknowledged of c1"},
      {[](View& v) { v.connections[1].state = "reset"; }, "the state of c1"},
      {[](View& v) { v.connections.clear(); }, "c1"},
  };
  EXPECT_EQ(where_they_differ(usual(), usual()), "");
  for (const auto& [change, where] : all) {
    View changed = usual();
    change(changed);
    EXPECT_EQ(where_they_differ(usual(), changed), where);
  }
}

TEST(Comparison, LeavesOutWhatIsPromisedToNobody) {
  View contested = usual();
  contested.connections[1] = {"reset", {}, 0, false, {}, false, true};
  contested.stacks[s1].routes.clear();
  EXPECT_EQ(where_they_differ(usual(), contested), "");
}

// A client whose target has failed learns of it when it next has something to say.
TEST(Comparison, LeavesOpenWhenAClientLearnsThatItsTargetHasFailed) {
  View unaware = usual();
  unaware.connections[1].held_at.clear();
  View aware = unaware;
  aware.connections[1].state = "reset";
  EXPECT_EQ(where_they_differ(unaware, aware), "");
  unaware.connections[1].waits = true;
  EXPECT_EQ(where_they_differ(unaware, aware), "the state of c1");
}

}  // namespace
}  // namespace dvipa::world
