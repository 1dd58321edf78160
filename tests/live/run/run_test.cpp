// `dvipa run` as a process on live hosts: what it changes it undoes, whatever ends it, and what it cannot do it says.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <random>

#include "tests/live/run/stacks.hpp"

namespace dvipa::test {
namespace {

using namespace std::chrono_literals;
constexpr const char* dva1 = "10.77.1.1";
constexpr const char* dvb1 = "10.77.2.1";

bool owns(Stacks& stacks, unsigned n, const char* dvipa) {
  return wait_for([&] { return stacks.ownership(n, dvipa) == "active"; });
}

// covers: LST-2, RTE-2, MOV-7
TEST(Run, ACleanStopHandsOverAndUndoesEveryChange) {
  Stacks stacks(5);
  const std::string before = stacks.host_state(1);
  for (const unsigned n : {1U, 5U}) stacks.start(n);
  ASSERT_TRUE(owns(stacks, 1, dva1));
  ASSERT_TRUE(owns(stacks, 5, dvb1));
  EXPECT_NE(stacks.host_state(1), before);
  stacks.process(1).signal(SIGTERM);
  const auto status = stacks.process(1).wait(10s);
  ASSERT_TRUE(status);
  EXPECT_TRUE(status->passed()) << lab::to_string(*status);
  EXPECT_EQ(stacks.host_state(1), before);
  EXPECT_TRUE(owns(stacks, 5, dva1));
}

// Negative control of the test above, and what a killed process leaves is undone by the next.
TEST(Run, WhatAKilledProcessLeftIsCleanedAtTheNextStart) {
  Stacks stacks(5);
  const std::string before = stacks.host_state(1);
  stacks.start(1);
  ASSERT_TRUE(owns(stacks, 1, dva1));
  stacks.process(1).end();
  EXPECT_NE(stacks.host_state(1), before);
  stacks.start(1);
  ASSERT_TRUE(wait_for([&] {
    const auto events = stacks.events(1);
    return std::count_if(events.begin(), events.end(), [](const Json& each) { return each["event"] == "ready"; }) == 2;
  }));
  stacks.process(1).signal(SIGTERM);
  ASSERT_TRUE(stacks.process(1).wait(10s));
  EXPECT_EQ(stacks.host_state(1), before);
}

// SIGTERM at any moment of a takeover: the stack has just seen the owner die.
TEST(Run, ATerminationInTheMiddleOfATakeoverLeavesNothing) {
  Stacks stacks(5);
  const std::string before = stacks.host_state(5);
  std::mt19937 random(20);
  for (int round = 0; round < 4; ++round) {
    for (const unsigned n : {1U, 2U, 5U}) stacks.start(n);
    ASSERT_TRUE(
        wait_for([&] { return stacks.ownership(1, dva1) == "active" && stacks.ownership(5, dvb1) == "active"; }));
    stacks.process(1).end();
    std::uniform_int_distribution<long> microseconds(0, 4000);
    const timespec moment{0, microseconds(random) * 1000};  // the moment is what is tried, not waited for
    ::nanosleep(&moment, nullptr);
    stacks.process(5).signal(SIGTERM);
    ASSERT_TRUE(stacks.process(5).wait(10s)) << "round " << round;
    EXPECT_EQ(stacks.host_state(5), before) << "round " << round;
    stacks.process(2).signal(SIGTERM);
    ASSERT_TRUE(stacks.process(2).wait(10s));
    for (const unsigned n : {1U, 5U}) std::filesystem::remove(stacks.folder() / ("log" + std::to_string(n)));
  }
}

TEST(Run, TheSameStackTwiceOnAHostIsRefused) {
  Stacks stacks(1);
  stacks.start(1);
  ASSERT_TRUE(owns(stacks, 1, dva1));
  const auto [code, text] = stacks.try_run(1, stacks.words(1));
  EXPECT_EQ(code, 3);
  EXPECT_NE(text.find("already running"), std::string::npos) << text;
  EXPECT_TRUE(stacks.process(1).running());
}

TEST(Run, SaysWhatIsMissingAndHowToGetIt) {
  Stacks stacks(1);
  const std::string before = stacks.host_state(1);
  std::vector<std::string> words = stacks.words(1);
  words[7] = "e7";
  auto [code, text] = stacks.try_run(1, words);
  EXPECT_EQ(code, 3);
  EXPECT_NE(text.find("no interface e7"), std::string::npos) << text;

  words = stacks.words(1);
  words.insert(words.begin(), {"setpriv", "--bounding-set=-all", "--inh-caps=-all"});
  std::tie(code, text) = stacks.try_run(1, words);
  EXPECT_EQ(code, 3);
  EXPECT_NE(text.find("CAP_NET_"), std::string::npos) << text;

  words = stacks.words(1);
  words[5] = "MVS9";
  std::tie(code, text) = stacks.try_run(1, words);
  EXPECT_EQ(code, 2);
  EXPECT_NE(text.find("no member MVS9"), std::string::npos) << text;

  std::ofstream(stacks.folder() / "mvs1.profile") << "VIPADYNAMIC\n  VIPADEFINE nonsense\nENDVIPADYNAMIC\n";
  std::tie(code, text) = stacks.try_run(1, stacks.words(1));
  EXPECT_EQ(code, 2);
  EXPECT_NE(text.find(":2:"), std::string::npos) << text;
  EXPECT_EQ(stacks.host_state(1), before);
}

TEST(Run, ABusPortInUseIsAnErrorThatLeavesNothing) {
  Stacks stacks(1);
  const std::string before = stacks.host_state(1);
  auto occupant = stacks.lab().start("MVS1", {"perl", "-MIO::Socket::INET", "-e",
                                              "$s = IO::Socket::INET->new(LocalAddr => '10.77.0.1', LocalPort => 7400, "
                                              "Listen => 1, Proto => 'tcp') or die; sleep 60"});
  ASSERT_TRUE(occupant);
  ASSERT_TRUE(wait_for([&] {
    const auto sockets = stacks.lab().run("MVS1", {"sh", "-c", "cat /proc/net/tcp"});
    return sockets && sockets->find(":1CE8 ") != std::string::npos;
  }));
  const auto [code, text] = stacks.try_run(1, stacks.words(1));
  EXPECT_EQ(code, 3);
  EXPECT_NE(text.find("7400"), std::string::npos) << text;
  EXPECT_EQ(stacks.host_state(1), before);
}

// covers: FLV-1, FLV-2, RTE-2: by either packet port
TEST(Run, TheBackupSucceedsAndThePrimaryTakesBackByEitherPort) {
  for (const char* port : {"raw", "pcap"}) {
    Stacks stacks(5);
    for (const unsigned n : {1U, 2U, 5U}) stacks.start(n, {"--port", port});
    ASSERT_TRUE(owns(stacks, 1, dva1)) << port;
    stacks.process(1).end();
    ASSERT_TRUE(owns(stacks, 5, dva1)) << port;
    stacks.start(1, {"--port", port});
    ASSERT_TRUE(wait_for([&] { return stacks.ownership(5, dva1) == "backup"; })) << port;
    ASSERT_TRUE(owns(stacks, 1, dva1)) << port;
  }
}

}  // namespace
}  // namespace dvipa::test
