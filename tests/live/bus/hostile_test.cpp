// What strangers and broken members can do to a member: nothing, but be counted. The mesh tests are the control: the
// same bus lets in who has the key.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/live/bus/group.hpp"
#include "tests/live/bus/scripted_peer.hpp"

namespace dvipa::bus::test {
namespace {

const SrvStat some_message{Address::v4(0x0a010901), {1, StackId{1}}, 80, true};

// Member 2 under test, member 3 beside it to see that nothing is disturbed; member 1 is played.
class Hostile : public ::testing::Test {
 protected:
  Hostile() {
    group_.start(2);
    group_.start(3);
    EXPECT_TRUE(group_.run_until([&] { return group_.meshed(); }));
  }
  ~Hostile() override {
    EXPECT_TRUE(group_.recorder(2).is_up(3));
    EXPECT_EQ(group_.recorder(2).count("up 3 incarnation 1"), 1U) << "the honest member was never disturbed";
  }

  const BusCounters& counters() { return group_.bus(2).counters(); }
  // Runs until `counter` is `value`; true when member 1 has had no effect by then.
  bool counted(const std::uint64_t& counter, std::uint64_t value = 1) {
    return group_.run_until([&] { return counter == value; });
  }
  bool no_effect() { return group_.recorder(2).about_members().size() == 1; }

  Group group_{3};
};

TEST_F(Hostile, ThePlayedMemberIsLetInWhenItIsHonest) {
  ScriptedPeer peer(group_, 1, 2);
  ASSERT_TRUE(peer.join());
  peer.send_raw(peer.sealed(some_message));
  EXPECT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("message 1 SrvStat"); }));
  EXPECT_FALSE(no_effect());
}

TEST_F(Hostile, AMemberWithAnotherKeyIsNotHeard) {
  const Cluster other_key = loopback_cluster(3, {20, 5}, 2);
  group_.start(1, 1, &other_key);
  ASSERT_TRUE(group_.run_until([&] { return counters().handshakes_wrong_key >= 3; }));
  EXPECT_TRUE(no_effect());
  EXPECT_TRUE(group_.recorder(1).about_members().empty());
  EXPECT_FALSE(group_.bus(2).send(StackId{1}, some_message));
}

TEST_F(Hostile, AMemberOfAnotherGroupIsNotHeard) {
  Cluster renamed = group_.cluster;
  renamed.members[2].name = "OTHER";
  group_.start(1, 1, &renamed);
  ASSERT_TRUE(group_.run_until([&] { return counters().handshakes_of_other_group >= 3; }));
  EXPECT_TRUE(no_effect());
  EXPECT_TRUE(group_.recorder(1).about_members().empty());
}

TEST_F(Hostile, ARepeatedFrameEndsTheConnectionAndIsDeliveredOnce) {
  ScriptedPeer peer(group_, 1, 2);
  ASSERT_TRUE(peer.join());
  const Bytes frame = peer.sealed(some_message);
  peer.send_raw(frame);
  peer.send_raw(frame);
  ASSERT_TRUE(counted(counters().frames_refused));
  EXPECT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("down 1 closed"); }));
  EXPECT_EQ(group_.recorder(2).count("message 1 SrvStat"), 1U);
  EXPECT_TRUE(group_.run_until([&] { return peer.closed(); }));
}

TEST_F(Hostile, ASkippedReorderedOrAlteredFrameEndsTheConnection) {
  for (const int fault : {0, 1, 2}) {
    ScriptedPeer peer(group_, 1, 2);
    ASSERT_TRUE(peer.join());
    const Bytes first = peer.sealed(some_message);
    Bytes second = peer.sealed(some_message);
    if (fault == 0) peer.send_raw(second);
    if (fault == 1) {
      peer.send_raw(second);
      peer.send_raw(first);
    }
    if (fault == 2) {
      Bytes altered = first;
      altered[wire::frame_length_bytes] ^= 1;
      peer.send_raw(altered);
      peer.send_raw(second);
    }
    ASSERT_TRUE(counted(counters().frames_refused, 1U + static_cast<unsigned>(fault)));
    ASSERT_TRUE(group_.run_until([&] { return !group_.recorder(2).is_up(1); }));
    EXPECT_FALSE(group_.recorder(2).saw("message 1 SrvStat"));
  }
}

TEST_F(Hostile, ARepeatedConversationProvesNothing) {
  Bytes conversation;
  {
    ScriptedPeer peer(group_, 1, 2);
    ASSERT_TRUE(peer.join());
    peer.send_raw(peer.sealed(some_message));
    ASSERT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("message 1 SrvStat"); }));
    conversation = peer.sent();
  }
  ASSERT_TRUE(group_.run_until([&] { return !group_.recorder(2).is_up(1); }));
  const auto events = group_.recorder(2).about_members();
  ScriptedPeer repeater(group_, 1, 2);
  ASSERT_TRUE(repeater.connect());
  repeater.send_raw(conversation);
  ASSERT_TRUE(counted(counters().handshakes_wrong_key));
  EXPECT_EQ(group_.recorder(2).about_members(), events);
}

TEST_F(Hostile, AFrameThatClaimsToBeHugeIsRefusedAtItsLength) {
  ScriptedPeer peer(group_, 1, 2);
  ASSERT_TRUE(peer.join());
  peer.send_raw({0xff, 0xff, 0xff, 0xff});
  ASSERT_TRUE(counted(counters().frames_refused));
  EXPECT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("down 1 closed"); }));
}

TEST_F(Hostile, GarbageIsCountedAndDropped) {
  for (const Bytes& garbage : {Bytes{'G', 'E', 'T', ' ', '/'}, Bytes(5000, 0), Bytes(100'000, 0xff)}) {
    ScriptedPeer stranger(group_, 1, 2);
    ASSERT_TRUE(stranger.connect());
    const std::uint64_t before = counters().handshakes_malformed;
    stranger.send_raw(garbage);
    ASSERT_TRUE(counted(counters().handshakes_malformed, before + 1));
    EXPECT_TRUE(group_.run_until([&] { return stranger.closed(); }));
  }
  EXPECT_TRUE(no_effect());
}

TEST_F(Hostile, AnAddressThatIsNoMembersIsRefusedBeforeItSpeaks) {
  ScriptedPeer stranger(group_, 1, 2);
  stranger.come_from(stranger_address());
  ASSERT_TRUE(stranger.connect());
  ASSERT_TRUE(counted(counters().connections_refused));
  EXPECT_TRUE(group_.run_until([&] { return stranger.closed(); }));
  // Member 3 is called by member 2; all that it can do is knock.
  ScriptedPeer higher(group_, 1, 2);
  higher.come_from(group_.cluster.members[2].xcf);
  const std::uint64_t before = counters().knocks;
  ASSERT_TRUE(higher.connect());
  ASSERT_TRUE(counted(counters().knocks, before + 1));
  EXPECT_TRUE(group_.run_until([&] { return higher.closed(); }));
  EXPECT_TRUE(no_effect());
}

TEST_F(Hostile, ThoseWhoSayNothingAreFewAndNotForLongAndKeepNobodyOut) {
  std::vector<std::unique_ptr<ScriptedPeer>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<ScriptedPeer>(group_, 1, 2));
    ASSERT_TRUE(silent.back()->connect());
  }
  ASSERT_TRUE(counted(counters().connections_refused, 16)) << "four are kept";
  group_.start(1);
  ASSERT_TRUE(group_.run_until([&] { return group_.meshed(); })) << "the true member gets in all the same";
  ASSERT_TRUE(group_.run_until([&] { return counters().handshakes_timed_out >= 3; }));
  for (const auto& each : silent) EXPECT_TRUE(group_.run_until([&] { return each->closed(); }));
}

TEST_F(Hostile, AHelloWithoutAProofEndsAfterAWhile) {
  ScriptedPeer stranger(group_, 1, 2);
  ASSERT_TRUE(stranger.connect());
  ASSERT_TRUE(stranger.say_hello());
  ASSERT_TRUE(counted(counters().handshakes_timed_out));
  EXPECT_TRUE(no_effect());
}

// Byte by byte, without end: the time allowed is for the whole handshake.
TEST_F(Hostile, ASlowHelloEndsAfterAWhile) {
  ScriptedPeer source(group_, 1, 2);
  ScriptedPeer slow(group_, 1, 2);
  ASSERT_TRUE(source.connect() && source.say_hello());
  const Bytes hello = source.sent();
  ASSERT_TRUE(slow.connect());
  std::size_t next = 0;
  ASSERT_TRUE(group_.run_until([&] {
    if (next < hello.size() - 1 && next < counters().heartbeats_sent) slow.send_raw({hello[next++]});
    return slow.closed();
  }));
  EXPECT_GT(next, 1U);
  EXPECT_TRUE(no_effect());
}

// covers: LST-6
TEST_F(Hostile, UnknownAndMalformedMessagesOfAMemberAreIgnoredAndTheNextOneIsRead) {
  ScriptedPeer peer(group_, 1, 2);
  ASSERT_TRUE(peer.join());
  peer.send_raw(peer.sealed(Bytes{1, 0x7f, 0xff, 1, 2, 3}));  // an unknown kind
  peer.send_raw(peer.sealed(Bytes{9, 0, 1}));                 // an unknown version
  peer.send_raw(peer.sealed(Bytes{1, 0, 2, 0}));              // half an element
  peer.send_raw(peer.sealed(some_message));
  ASSERT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("message 1 SrvStat"); }));
  EXPECT_EQ(counters().messages_unknown, 2U);
  EXPECT_EQ(counters().messages_malformed, 1U);
  EXPECT_TRUE(group_.recorder(2).is_up(1));
}

// Two connections of one member: the newer life wins, and what the older one has sent is not delivered after its end.
// covers: FLV-10
TEST_F(Hostile, ANewerConnectionReplacesTheOlderOne) {
  ScriptedPeer old_life(group_, 1, 2, 7);
  ASSERT_TRUE(old_life.join());
  ScriptedPeer new_life(group_, 1, 2, 8);
  ASSERT_TRUE(new_life.connect() && new_life.say_hello() && new_life.prove());
  new_life.send_raw(new_life.sealed(Bytes{}));
  old_life.send_raw(old_life.sealed(some_message));
  ASSERT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("up 1 incarnation 8"); }));
  EXPECT_TRUE(group_.run_until([&] { return old_life.closed(); }));
  // The Recorder watches that no message comes while its sender is down; a message of the old life in the new one
  // would be the second.
  new_life.send_raw(new_life.sealed(EndOfReport{some_message.dvipa, some_message.epoch}));
  ASSERT_TRUE(group_.run_until([&] { return group_.recorder(2).saw("message 1 EndOfReport"); }));
  const auto& events = group_.recorder(2).events;
  const auto new_up = std::find(events.begin(), events.end(), "up 1 incarnation 8");
  EXPECT_EQ(std::find(new_up, events.end(), "message 1 SrvStat"), events.end());
  ScriptedPeer oldest(group_, 1, 2, 6);
  EXPECT_TRUE(oldest.connect() && oldest.say_hello() && oldest.prove()) << "it has the key";
  EXPECT_TRUE(counted(counters().handshakes_unexpected)) << "but its life is over";
  EXPECT_TRUE(group_.recorder(2).is_up(1));
}

}  // namespace
}  // namespace dvipa::bus::test
