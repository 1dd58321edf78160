// The mesh forms, delivers in order, and says who goes and comes.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/live/bus/group.hpp"

namespace dvipa::bus::test {
namespace {

using Stacks = std::initializer_list<std::uint8_t>;

SrvStat numbered(unsigned number) { return {Address::v4(0x0a010901), {number, StackId{1}}, 80, true}; }

bool ascending(const std::vector<Message>& messages) {
  unsigned expected = 0;
  for (const Message& message : messages) {
    const auto* stat = std::get_if<SrvStat>(&message);
    if (stat != nullptr && stat->epoch.counter != expected++) return false;
  }
  return true;
}

TEST(Mesh, FormsInEveryOrderOfStart) {
  std::vector<std::uint8_t> order = {1, 2, 3, 4};
  do {
    Group group(4);
    for (const std::uint8_t stack : order) group.start(stack, 10U + stack);
    ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
    for (const std::uint8_t stack : order)
      for (const std::uint8_t other : order) {
        if (stack == other) continue;
        EXPECT_EQ(group.recorder(stack).up.at(other), 10U + other);
        EXPECT_EQ(group.recorder(stack).macs.at(other), mac_of(StackId{other}));
        EXPECT_EQ(group.recorder(stack).about_members().size(), 3U) << "nobody goes up and down in between";
      }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST(Mesh, IsJoinedByMembersThatStartLater) {
  Group group(5);
  for (const std::uint8_t stack : Stacks{3, 1, 5, 2, 4}) {
    group.start(stack);
    ASSERT_TRUE(group.run_until([&] { return group.meshed(); })) << "with " << int{stack};
  }
}

TEST(Mesh, DeliversInOrderFromEachToEach) {
  Group group(4);
  for (const std::uint8_t stack : Stacks{1, 2, 3, 4}) group.start(stack);
  ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
  constexpr unsigned each = 2000;
  NewConn bulk{Address::v4(0x0a010901), {1, StackId{1}}, StackId{1}, {}};
  bulk.remotes.resize(3000, {Address::v4(1), 2, 3});
  for (unsigned number = 0; number < each; ++number)
    for (const std::uint8_t from : Stacks{1, 2, 3, 4})
      for (const std::uint8_t to : Stacks{1, 2, 3, 4}) {
        if (from == to) continue;
        EXPECT_TRUE(group.bus(from).send(StackId{to}, numbered(number)));
        if (number % 100 == 0) {
          EXPECT_TRUE(group.bus(from).send(StackId{to}, bulk));
        }
      }
  const auto all_there = [&] {
    for (const std::uint8_t from : Stacks{1, 2, 3, 4})
      for (const std::uint8_t to : Stacks{1, 2, 3, 4})
        if (from != to && group.recorder(to).messages[from].size() != each + each / 100) return false;
    return true;
  };
  ASSERT_TRUE(group.run_until(all_there));
  for (const std::uint8_t to : Stacks{1, 2, 3, 4})
    for (const auto& [from, messages] : group.recorder(to).messages) EXPECT_TRUE(ascending(messages));
}

TEST(Mesh, OrderIsWhatTheCheckSees) {
  EXPECT_TRUE(ascending({numbered(0), numbered(1), numbered(2)}));
  EXPECT_FALSE(ascending({numbered(0), numbered(2), numbered(1)}));
  EXPECT_FALSE(ascending({numbered(0), numbered(2)}));
  EXPECT_FALSE(ascending({numbered(0), numbered(0)}));
}

TEST(Mesh, RecorderSeesWhatMustNotBe) {
  Recorder recorder;
  recorder.on_message(StackId{2}, Leaving{});
  EXPECT_EQ(recorder.faults.size(), 1U);
  recorder.on_member_down(StackId{2}, DownReason::closed);
  EXPECT_EQ(recorder.faults.size(), 2U);
  recorder.on_member_up(StackId{2}, 1, {});
  recorder.on_member_up(StackId{2}, 1, {});
  EXPECT_EQ(recorder.faults.size(), 3U);
}

TEST(Mesh, DropsMessagesToThoseWhoAreNotUp) {
  Group group(3);
  Bus& one = group.start(1);
  EXPECT_FALSE(one.send(StackId{2}, numbered(0)));
  EXPECT_FALSE(one.send(StackId{1}, numbered(0))) << "to itself";
  EXPECT_FALSE(one.send(StackId{9}, numbered(0)));
  EXPECT_EQ(one.counters().messages_not_sent, 3U);
  group.start(2);
  ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
  EXPECT_TRUE(one.send(StackId{2}, numbered(0)));
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("message 1 SrvStat"); }));
}

// With heartbeats of ten seconds it cannot be their absence that tells.
TEST(Mesh, NoticesAtOnceThatAMemberHasEnded) {
  Group group(3, {10'000, 5});
  for (const std::uint8_t stack : Stacks{1, 2, 3}) group.start(stack);
  ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
  group.stop(2);
  ASSERT_TRUE(group.run_until(
      [&] { return group.recorder(1).saw("down 2 closed") && group.recorder(3).saw("down 2 closed"); }, 9'000));
  EXPECT_TRUE(group.recorder(1).is_up(3));
  EXPECT_FALSE(group.bus(1).is_up(StackId{2}));
}

// What was sent before the end still arrives, and before the end is told.
TEST(Mesh, DeliversWhatWasSentBeforeTheEnd) {
  Group group(3);
  for (const std::uint8_t stack : Stacks{1, 2}) group.start(stack);
  ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
  for (unsigned number = 0; number < 100; ++number) group.bus(1).send(StackId{2}, numbered(number));
  bool left = false;
  group.bus(1).leave([&] { left = true; });
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("down 1 left"); }));
  EXPECT_EQ(group.recorder(2).count("message 1 SrvStat"), 100U);
  EXPECT_TRUE(ascending(group.recorder(2).messages[1]));
  const std::vector<std::string> told = group.recorder(2).about_members();
  EXPECT_EQ(told[told.size() - 2], "message 1 Leaving");
  ASSERT_TRUE(group.run_until([&] { return left; }));
}

// covers: FLV-10
TEST(Mesh, KnowsARestartedMemberByItsNewIncarnation) {
  for (const std::uint8_t restarted : Stacks{1, 2}) {
    Group group(2);
    group.start(1, 100);
    group.start(2, 100);
    ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
    const auto other = static_cast<std::uint8_t>(3 - restarted);
    group.stop(restarted);
    group.start(restarted, 101);
    ASSERT_TRUE(group.run_until([&] { return group.meshed() && group.recorder(other).up[restarted] == 101; }));
    const std::string prefix = "up " + std::to_string(restarted) + " incarnation ";
    const std::vector<std::string> expected = {prefix + "100", "down " + std::to_string(restarted) + " closed",
                                               prefix + "101"};
    EXPECT_EQ(group.recorder(other).about_members(), expected);
  }
}

// covers: FLV-10
TEST(Mesh, RefusesAnEarlierIncarnation) {
  for (const std::uint8_t restarted : Stacks{1, 2}) {
    Group group(2);
    group.start(1, 100);
    group.start(2, 100);
    ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
    const auto other = static_cast<std::uint8_t>(3 - restarted);
    group.stop(restarted);
    group.start(restarted, 99);
    const auto refused = [&] { return group.bus(other).counters().handshakes_unexpected >= 3; };
    ASSERT_TRUE(group.run_until(refused));
    EXPECT_FALSE(group.recorder(other).is_up(restarted));
    EXPECT_FALSE(group.recorder(restarted).is_up(other)) << "nor does the refused one think that it is in";
    group.stop(restarted);
    group.start(restarted, 100);
    EXPECT_TRUE(group.run_until([&] { return group.meshed(); })) << "the same life may come back";
  }
}

// covers: MOV-7
TEST(Mesh, LeavingIsAMessageAndThenTheReason) {
  Group group(3);
  for (const std::uint8_t stack : Stacks{1, 2, 3}) group.start(stack);
  ASSERT_TRUE(group.run_until([&] { return group.meshed(); }));
  for (const std::uint8_t to : Stacks{1, 3}) EXPECT_TRUE(group.bus(2).send(StackId{to}, Leaving{}));
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).saw("message 2 Leaving"); }));
  EXPECT_TRUE(group.recorder(1).is_up(2)) << "it is there until it closes";
  EXPECT_TRUE(group.bus(1).send(StackId{2}, numbered(0)));
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("message 1 SrvStat"); }));
  group.bus(2).leave([&] { group.stop(2); });
  ASSERT_TRUE(group.run_until([&] { return !group.running(2); }));
  ASSERT_TRUE(
      group.run_until([&] { return group.recorder(1).saw("down 2 left") && group.recorder(3).saw("down 2 left"); }));
  EXPECT_EQ(group.recorder(1).count("message 2 Leaving"), 1U) << "it is not said twice";
  EXPECT_EQ(group.recorder(2).count("down 1 closed"), 0U) << "who leaves is told nothing any more";
}

TEST(Mesh, LeaveEndsEvenWhenNobodyAnswers) {
  Group group(3);
  group.start(1);
  bool left = false;
  group.bus(1).leave([&] { left = true; });
  EXPECT_TRUE(group.run_until([&] { return left; }));
}

TEST(Mesh, TellsWhyItCannotListen) {
  Group group(3);
  group.start(1);
  Recorder recorder;
  const auto in_use = Bus::open(group.io, group.cluster, StackId{1}, 1, {}, recorder);
  ASSERT_FALSE(in_use);
  EXPECT_EQ(in_use.error().error_number, EADDRINUSE);
  EXPECT_NE(in_use.error().what.find("listen at 127."), std::string::npos) << in_use.error().what;
  EXPECT_NE(in_use.error().what.find(":7400"), std::string::npos);
  EXPECT_FALSE(in_use.error().remedy.empty());

  Cluster elsewhere = group.cluster;
  elsewhere.members[1].xcf = Address::v4(0xc0000201);  // 192.0.2.1: nobody's
  const auto not_here = Bus::open(group.io, elsewhere, StackId{2}, 1, {}, recorder);
  ASSERT_FALSE(not_here);
  EXPECT_EQ(not_here.error().error_number, EADDRNOTAVAIL);

  EXPECT_FALSE(Bus::open(group.io, group.cluster, StackId{4}, 1, {}, recorder)) << "no member";
}

}  // namespace
}  // namespace dvipa::bus::test
