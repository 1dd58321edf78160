// What an operator asks of live stacks, through the command as he types it: displays, changed profiles, leaving and
// joining the group, deactivated addresses, quiesced listeners.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "tests/live/run/stacks.hpp"

namespace dvipa::test {
namespace {

using namespace std::chrono_literals;
constexpr const char* dva1 = "10.77.1.1";
constexpr const char* dvb1 = "10.77.2.1";

class Operator : public testing::Test {
 protected:
  // What `dvipa WORDS` prints on host n, standard error included, and its exit code.
  std::pair<int, std::string> dvipa(unsigned n, std::vector<std::string> words) {
    const std::string output = (stacks_.folder() / "output").string();
    words.insert(words.begin(), DVIPA_COMMAND);
    auto process = stacks_.lab().start("MVS" + std::to_string(n), [&] {
      const int file = ::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
      ::dup2(file, STDOUT_FILENO);
      ::dup2(file, STDERR_FILENO);
      return lab::execute(words);
    });
    if (!process) return {-1, process.error().what};
    const auto status = process->wait(30s);
    std::ifstream file(output);
    std::stringstream text;
    text << file.rdbuf();
    return {status ? status->code : -1, text.str()};
  }
  std::string done(unsigned n, std::vector<std::string> words) {
    const auto [code, text] = dvipa(n, std::move(words));
    EXPECT_EQ(code, 0) << text;
    return text;
  }
  // The first row of a report that has this value; null when none has.
  Json row(unsigned n, const char* report, const char* key, const Json& value) {
    const Json shown = Json::parse(done(n, {"netstat", report, "detail", "--json"}), nullptr, false);
    for (const Json& each : shown.value("rows", Json::array()))
      if (each.value(key, Json()) == value) return each;
    return {};
  }
  std::string status(unsigned n, const char* address) {
    return row(n, "vipadyn", "ip_address", address).value("status", "");
  }
  int ready(unsigned n, const char* target) { return row(n, "vdpt", "target", target).value("ready", -1); }
  void start(std::initializer_list<unsigned> numbers) {
    for (const unsigned n : numbers) stacks_.start(n);
    ASSERT_TRUE(wait_for([&] { return stacks_.ownership(1, dva1) == "active"; }));
    if (std::ranges::find(numbers, 5U) != numbers.end()) {
      ASSERT_TRUE(wait_for([&] { return stacks_.ownership(5, dvb1) == "active"; }));
    }
  }
  lab::Process serve(unsigned n) {
    const std::string host = "MVS" + std::to_string(n);
    auto server = stacks_.lab().start(host, {DVIPA_COMMAND, "serve", "--name", host});
    EXPECT_TRUE(server);
    return std::move(*server);
  }

  Stacks stacks_{5};
};

TEST_F(Operator, ReportsShowWhatEachStackHas) {
  start({1, 2, 5});
  const lab::Process server = serve(2);
  EXPECT_TRUE(wait_for([&] { return ready(1, "MVS2") == 1; }));
  EXPECT_EQ(ready(1, "MVS4"), 0);
  EXPECT_EQ(status(1, dva1), "ACTIVE");
  EXPECT_EQ(status(5, dva1), "BACKUP");
  EXPECT_EQ(row(5, "vipadyn", "ip_address", dva1).value("owner", ""), "MVS1");
  EXPECT_EQ(row(2, "vipadyn", "ip_address", dva1).value("dist", ""), "DEST");
  EXPECT_EQ(row(5, "vipadcfg", "statement", "VIPABACKUP").value("rank", 0), 10);
  const std::string table = done(1, {"netstat", "vdpt"});
  EXPECT_NE(table.find("Dest IPaddr"), std::string::npos) << table;
  EXPECT_NE(table.find("10.77.0.2"), std::string::npos) << table;
  const std::string metrics = done(1, {"netstat", "metrics"});
  EXPECT_NE(metrics.find("dvipa_owner{dvipa=\"10.77.1.1\"} 1\n"), std::string::npos) << metrics;
}

// covers: RTE-4: the owner shows what it routes, the target what it holds
TEST_F(Operator, ConnectionsAreCountedAndShownByRole) {
  start({1, 2});
  const lab::Process server = serve(2);
  ASSERT_TRUE(wait_for([&] { return ready(1, "MVS2") == 1; }));
  auto client = stacks_.lab().start(
      "client",
      {"perl", "-MIO::Socket::INET", "-e",
       "@c = map { IO::Socket::INET->new(PeerAddr => '10.77.1.1', PeerPort => 60) or die } 1 .. 3; sleep 60"});
  ASSERT_TRUE(client);
  EXPECT_TRUE(wait_for([&] { return row(1, "vdpt", "target", "MVS2").value("total_connections", 0) == 3; }));
  EXPECT_EQ(row(1, "vdpt", "target", "MVS2").value("active_connections", 0), 3);
  EXPECT_EQ(row(1, "vcrt", "target", "MVS2").value("role", ""), "routed");
  EXPECT_EQ(row(2, "vcrt", "target", "MVS2").value("role", ""), "held");
  const std::string bounded = done(1, {"netstat", "vcrt", "--max", "2"});
  EXPECT_NE(bounded.find("2 of 3 connections are shown"), std::string::npos) << bounded;
}

// covers: MOV-2: what a former owner goes on serving
TEST_F(Operator, AFormerOwnerShowsEveryConnectionThatItHolds) {
  start({1, 2, 5});
  const lab::Process server = serve(1);
  ASSERT_TRUE(wait_for([&] { return ready(1, "MVS1") == 1; }));
  auto client = stacks_.lab().start(
      "client",
      {"perl", "-MIO::Socket::INET", "-e",
       "@c = map { IO::Socket::INET->new(PeerAddr => '10.77.1.1', PeerPort => 60) or die } 1 .. 3; sleep 60"});
  ASSERT_TRUE(client);
  EXPECT_TRUE(wait_for([&] { return row(1, "vdpt", "target", "MVS1").value("total_connections", 0) == 3; }));
  const std::string file = (stacks_.folder() / "move.profile").string();
  std::ofstream(file) << "VIPADYNAMIC\n  VIPADEFINE MOVEABLE IMMEDIATE 255.255.255.0 10.77.1.1\nENDVIPADYNAMIC\n";
  done(2, {"vary", "--obey", file});
  EXPECT_TRUE(wait_for([&] { return stacks_.ownership(2, dva1) == "active"; }));
  const Json shown = Json::parse(done(1, {"netstat", "vcrt", "--json"}), nullptr, false);
  EXPECT_EQ(shown.value("rows", Json::array()).size(), 3U) << shown;
  EXPECT_EQ(row(1, "vcrt", "target", "MVS1").value("role", ""), "held");
}

TEST_F(Operator, SaysWhyThereIsNoAnswer) {
  auto [code, text] = dvipa(1, {"netstat", "vdpt"});
  EXPECT_EQ(code, 3);
  EXPECT_NE(text.find("no stack runs on this host"), std::string::npos) << text;
  start({1});
  std::tie(code, text) = dvipa(1, {"vary", "sysplex", "deactivate,10.9.9.9"});
  EXPECT_EQ(code, 1);
  EXPECT_NE(text.find("does not define 10.9.9.9"), std::string::npos) << text;
  std::tie(code, text) = dvipa(1, {"vary", "sysplex", "joingroup"});
  EXPECT_EQ(code, 1) << text;
  std::tie(code, text) = dvipa(1, {"vary", "sysplex", "halt"});
  EXPECT_EQ(code, 2) << text;
  // It may have its socket elsewhere.
  const std::string socket = (stacks_.folder() / "own.sock").string();
  stacks_.start(2, {"--control", socket});
  ASSERT_TRUE(wait_for([&] { return dvipa(2, {"netstat", "vipadyn", "--control", socket}).first == 0; }));
  EXPECT_EQ(dvipa(2, {"netstat", "vipadyn"}).first, 3);
}

// covers: CFG-7, CFG-8
TEST_F(Operator, AProfileIsObeyedWholeOrNotAtAll) {
  start({1});
  const std::string file = (stacks_.folder() / "change.profile").string();
  std::ofstream(file) << "VIPADYNAMIC\n  VIPABACKUP 7 10.77.3.1\n  VIPADELETE 10.99.9.9\nENDVIPADYNAMIC\n";
  const auto [code, text] = dvipa(1, {"vary", "--obey", file});
  EXPECT_EQ(code, 2);
  EXPECT_NE(text.find("change.profile:3:"), std::string::npos) << text;
  EXPECT_NE(text.find('^'), std::string::npos) << text;
  EXPECT_TRUE(row(1, "vipadcfg", "ip_address", "10.77.3.1").is_null());

  std::ofstream(file) << "VIPADYNAMIC\n  VIPADEFINE 255.255.255.0 10.77.3.1\n  VIPADELETE 10.77.2.1\nENDVIPADYNAMIC\n";
  const std::string said = done(1, {"vary", "--obey", file});
  EXPECT_NE(said.find("+ VIPADEFINE MOVEABLE IMMEDIATE 255.255.255.0 10.77.3.1"), std::string::npos) << said;
  EXPECT_NE(said.find("- VIPABACKUP 30 10.77.2.1"), std::string::npos) << said;
  EXPECT_TRUE(wait_for([&] { return stacks_.ownership(1, "10.77.3.1") == "active"; }));
  EXPECT_TRUE(row(1, "vipadcfg", "ip_address", dvb1).is_null());
  EXPECT_EQ(stacks_.ownership(1, dva1), "active");
}

// covers: MOV-7
TEST_F(Operator, LeavingTheGroupHandsOverAndJoiningTakesBack) {
  start({1, 2, 5});
  const std::string said = done(1, {"vary", "sysplex", "leavegroup"});
  EXPECT_NE(said.find("it owned 10.77.1.1"), std::string::npos) << said;
  EXPECT_TRUE(wait_for([&] { return stacks_.ownership(5, dva1) == "active"; }));
  EXPECT_TRUE(stacks_.process(1).running());
  EXPECT_TRUE(wait_for([&] {
    const auto addresses = stacks_.lab().run("MVS1", {"ip", "-o", "address", "show", "dev", "lo"});
    return addresses && addresses->find("10.77.") == std::string::npos;
  }));
  done(1, {"vary", "sysplex", "joingroup"});
  EXPECT_TRUE(wait_for([&] { return stacks_.ownership(5, dva1) == "backup"; }));
  EXPECT_TRUE(wait_for([&] { return status(1, dva1) == "ACTIVE"; }));
  // Out of the group a stack is stopped like any other.
  done(1, {"vary", "sysplex", "leavegroup"});
  stacks_.process(1).signal(SIGTERM);
  const auto ended = stacks_.process(1).wait(10s);
  EXPECT_TRUE(ended && ended->passed());
}

// covers: MOV-7
TEST_F(Operator, ADeactivatedAddressIsItsBackupsUntilItIsReactivated) {
  start({1, 2, 5});
  const std::string said = done(1, {"vary", "sysplex", "deactivate,dvipa=10.77.1.1"});
  EXPECT_NE(said.find("MVS5 owns it"), std::string::npos) << said;
  EXPECT_EQ(status(1, dva1), "DEACTIVATED");
  EXPECT_EQ(status(5, dva1), "ACTIVE");
  EXPECT_EQ(dvipa(1, {"vary", "sysplex", "deactivate,10.77.1.1"}).first, 1);
  const std::string back = done(1, {"vary", "sysplex", "reactivate,10.77.1.1"});
  EXPECT_NE(back.find("this stack owns it"), std::string::npos) << back;
  EXPECT_EQ(status(1, dva1), "ACTIVE");
  EXPECT_EQ(status(5, dva1), "BACKUP");
}

// covers: MOV-7, TGT-2
TEST_F(Operator, AQuiescedTargetGetsNoNewConnectionsUntilItResumes) {
  start({1, 2, 5});
  const lab::Process server = serve(2);
  ASSERT_TRUE(wait_for([&] { return ready(1, "MVS2") == 1; }));
  done(2, {"vary", "sysplex", "quiesce,PORT=60"});
  EXPECT_TRUE(wait_for([&] { return ready(1, "MVS2") == 0; }));
  done(2, {"vary", "sysplex", "resume,60"});
  EXPECT_TRUE(wait_for([&] { return ready(1, "MVS2") == 1; }));
  done(2, {"vary", "sysplex", "quiesce"});
  EXPECT_TRUE(wait_for([&] { return ready(1, "MVS2") == 0; }));
  EXPECT_EQ(dvipa(2, {"vary", "sysplex", "resume,60"}).first, 1);
  done(2, {"vary", "sysplex", "resume", "target"});
  EXPECT_TRUE(wait_for([&] { return ready(1, "MVS2") == 1; }));
}

}  // namespace
}  // namespace dvipa::test
