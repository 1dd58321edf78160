// Silence, pauses, and lateness of one's own.
#include <gtest/gtest.h>

#include <chrono>

#include "impl/live/bus/pause_watch.hpp"
#include "tests/live/bus/group.hpp"
#include "tests/live/bus/other_process.hpp"
#include "tests/live/bus/scripted_peer.hpp"

namespace dvipa::bus::test {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

const EndOfReport question{Address::v4(0x0a010901), {1, StackId{1}}};

milliseconds silence_of(const Cluster& cluster) {
  return milliseconds(cluster.heartbeat.interval_ms * cluster.heartbeat.misses);
}

TEST(PauseWatch, TellsEachPauseOnceAndNoShorterOne) {
  const BootClock::time_point start{};
  PauseWatch watch(milliseconds(100), start);
  EXPECT_FALSE(watch.look(start + milliseconds(100)));
  EXPECT_EQ(watch.look(start + milliseconds(101)), milliseconds(101));
  EXPECT_FALSE(watch.look(start + milliseconds(102)));
  watch.beat(start + milliseconds(150));
  EXPECT_FALSE(watch.look(start + milliseconds(250)));
  EXPECT_EQ(watch.look(start + milliseconds(400)), milliseconds(250));
}

// The connection stays open: nothing but silence can tell.
TEST(Silence, OfAMemberIsNoticedInTimeAndNotBefore) {
  Group group(2, {40, 5});
  group.start(2);
  ScriptedPeer mute(group, 1, 2);
  ASSERT_TRUE(mute.join());
  const auto last_word = Clock::now();
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("down 1 silent"); }));
  const auto elapsed = Clock::now() - last_word;
  const auto late = milliseconds(group.bus(2).counters().lateness_ms_max);
  std::printf("silence noticed after %.1f ms of %lld ms; own lateness %lld ms\n",
              std::chrono::duration<double, std::milli>(elapsed).count(),
              static_cast<long long>(silence_of(group.cluster).count()), static_cast<long long>(late.count()));
  EXPECT_GE(elapsed, silence_of(group.cluster) - milliseconds(20));
  // One check later, and as late as each of the twenty checks was on a busy machine.
  EXPECT_LE(elapsed, silence_of(group.cluster) + milliseconds(20) + 21 * late);
  EXPECT_TRUE(group.run_until([&] { return mute.closed(); })) << "its connection is closed";
}

// The control of the test above: one byte in each interval, never a whole frame, is a sign of life.
TEST(Silence, IsBrokenByAnyByte) {
  Group group(2, {40, 5});
  group.start(2);
  ScriptedPeer slow(group, 1, 2);
  ASSERT_TRUE(slow.join());
  const Bytes frame = slow.sealed(Message(question));
  std::size_t next = 0;
  const std::uint64_t beats_before = group.bus(2).counters().heartbeats_sent;
  const auto beats = [&] { return group.bus(2).counters().heartbeats_sent - beats_before; };
  ASSERT_TRUE(group.run_until([&] {
    if (next < beats() && next < frame.size()) slow.send_raw({frame[next++]});
    return next == frame.size();
  }));
  EXPECT_GT(frame.size(), 2U * group.cluster.heartbeat.misses) << "long enough to be called silent twice";
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("message 1 EndOfReport"); }));
  EXPECT_FALSE(group.recorder(2).saw("down 1 silent"));
}

TEST(Silence, NothingOfASilentMemberArrivesAfterItIsDown) {
  Group group(2, {20, 5});
  group.start(2);
  ScriptedPeer mute(group, 1, 2);
  ASSERT_TRUE(mute.join());
  ASSERT_TRUE(group.run_until([&] { return group.recorder(2).saw("down 1 silent"); }));
  mute.send_raw(mute.sealed(Message(question)));
  ScriptedPeer again(group, 1, 2, 2);
  ASSERT_TRUE(again.join());
  EXPECT_FALSE(group.recorder(2).saw("message 1 EndOfReport"));
}

// covers: FLV-9
TEST(Pause, IsToldToThePausedMemberBeforeAnythingElse) {
  Group group(2, {100, 5});
  OtherProcess paused(group.cluster, 2);
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2) && paused.saw("up 1 incarnation 1"); }));
  paused.stop();
  EXPECT_TRUE(group.bus(1).send(StackId{2}, question));  // waits for it in its socket
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).saw("down 2 silent"); }));
  paused.go_on();
  ASSERT_TRUE(group.run_until([&] { return paused.saw("paused") && paused.saw("down 1 closed"); }));
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2); })) << "it is back";
  ASSERT_TRUE(group.run_until([&] { return paused.events().size() >= 5; }));
  const std::vector<std::string> expected = {"up 1 incarnation 1", "paused", "message 1 EndOfReport", "down 1 closed",
                                             "up 1 incarnation 1"};
  EXPECT_EQ(paused.events(), expected);
  EXPECT_FALSE(group.recorder(1).saw("message 2 SrvStat")) << "its late answer is not heard";
}

// The control: a stop that is shorter than the limit is not a pause, and nobody goes down.
TEST(Pause, ThatIsShortIsNone) {
  Group group(2, {1'000, 5});
  OtherProcess paused(group.cluster, 2);
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2) && paused.saw("up 1 incarnation 1"); }));
  paused.stop();
  group.bus(1).send(StackId{2}, question);
  EXPECT_TRUE(group.stays_false([&] { return group.recorder(1).about_members().size() > 1; }, 300));
  paused.go_on();
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).saw("message 2 SrvStat"); }));
  EXPECT_FALSE(paused.saw("paused"));
  EXPECT_TRUE(group.recorder(1).is_up(2));
}

TEST(Pause, OfADeadProcessIsAnEnd) {
  Group group(2, {10'000, 5});
  OtherProcess other(group.cluster, 2);
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2); }));
  other.kill();
  EXPECT_TRUE(group.run_until([&] { return group.recorder(1).saw("down 2 closed"); }, 9'000));
}

// Our own process is busy for longer than a peer may be silent. Its heartbeats wait unread all that time: they are
// read before it is judged. The peer waits for longer, so that it does not give us up meanwhile.
TEST(Lateness, OfOnesOwnIsNotTakenForSilence) {
  Group group(2, {20, 5});
  Cluster patient = group.cluster;
  patient.heartbeat.misses = 1000;
  OtherProcess other(patient, 2);
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2); }));
  for (int i = 0; i < 5; ++i) {
    const std::size_t pauses = group.recorder(1).count("paused");
    const auto busy_until = Clock::now() + 3 * silence_of(group.cluster);
    while (Clock::now() < busy_until) {
    }
    ASSERT_TRUE(group.run_until([&] { return group.recorder(1).count("paused") == pauses + 1; }))
        << "that we were late is told";
    const auto received = group.bus(1).counters().heartbeats_received;
    ASSERT_TRUE(group.run_until([&] { return group.bus(1).counters().heartbeats_received >= received + 10; }));
  }
  EXPECT_GE(group.bus(1).counters().lateness_ms_max, 100U);
  EXPECT_TRUE(group.recorder(1).is_up(2));
  EXPECT_FALSE(group.recorder(1).saw("down 2 silent"));
}

// The whole host is late: nothing waits in the socket either, because the peer did not run. It gets the time that is
// its due from when we run again.
TEST(Lateness, OfTheWholeHostIsNotTakenForSilence) {
  Group group(2, {20, 5});
  Cluster patient = group.cluster;
  patient.heartbeat.misses = 1000;
  OtherProcess other(patient, 2);
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.recorder(1).is_up(2); }));
  for (int i = 0; i < 5; ++i) {
    const std::size_t pauses = group.recorder(1).count("paused");
    other.stop();
    const auto sent = group.bus(1).counters().heartbeats_sent;
    ASSERT_TRUE(group.run_until([&] { return group.bus(1).counters().heartbeats_sent > sent; }));  // a few checks
    const auto busy_until = Clock::now() + 3 * silence_of(group.cluster);
    while (Clock::now() < busy_until) {
    }
    ASSERT_TRUE(group.run_until([&] { return group.recorder(1).count("paused") == pauses + 1; }));
    group.io.restart();
    group.io.poll();  // the whole check in which the pause was told
    other.go_on();
    const auto received = group.bus(1).counters().heartbeats_received;
    ASSERT_TRUE(group.run_until([&] { return group.bus(1).counters().heartbeats_received >= received + 10; }));
  }
  EXPECT_TRUE(group.recorder(1).is_up(2));
  EXPECT_FALSE(group.recorder(1).saw("down 2 silent"));
}

// The shell asks before it forwards, without waiting for the loop.
// covers: FLV-9
TEST(Lateness, IsToldWhenAskedFor) {
  Group group(2, {20, 5});
  group.start(1);
  ASSERT_TRUE(group.run_until([&] { return group.bus(1).counters().lateness_ms_max < 20'000; }));
  const std::size_t before = group.recorder(1).count("paused");
  const auto busy_until = Clock::now() + 2 * silence_of(group.cluster);
  while (Clock::now() < busy_until) {
  }
  group.bus(1).notice_pause();
  EXPECT_EQ(group.recorder(1).count("paused"), before + 1);
  group.bus(1).notice_pause();
  EXPECT_EQ(group.recorder(1).count("paused"), before + 1);
}

// A peer that lives, but takes nothing of what it is sent. It could be mute for 20 seconds: it is not that.
TEST(Silence, IsWhatAPeerIsBlamedForThatDoesNotDrain) {
  NewConn bulk{question.dvipa, question.epoch, StackId{2}, {}};
  bulk.remotes.resize(100'000, {Address::v4(1), 2, 3});
  for (const bool by_amount : {true, false}) {
    Group group(2, {20, 1000});
    BusLimits limits;
    if (by_amount) limits.unsent_bytes_max = 4'000'000;
    if (!by_amount) limits.undrained_max = milliseconds(300);
    group.start(2, 1, nullptr, limits);
    ScriptedPeer full(group, 1, 2);
    ASSERT_TRUE(full.join());
    const int messages = by_amount ? 100 : 30;
    int sent = 0;
    ASSERT_TRUE(group.run_until(
        [&] {
          if (sent < messages && group.bus(2).send(StackId{1}, bulk)) ++sent;
          full.send_raw(full.sealed(Bytes{}));
          return group.recorder(2).saw("down 1 silent");
        },
        15'000));
    if (by_amount) {
      EXPECT_LT(sent, messages) << "it takes no more";
    }
  }
}

}  // namespace
}  // namespace dvipa::bus::test
