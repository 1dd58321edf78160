// A DVIPA that is on nobody's link: where it is, the client learns by OSPF, from BIRD as docs/routing.md sets it up.
#include <gtest/gtest.h>

#include <fstream>

#include "tests/live/run/stacks.hpp"
#include "tests/live/run/talk.hpp"

namespace dvipa::test {
namespace {

using namespace std::chrono_literals;
constexpr const char* address = "10.99.1.1";
const std::string examples = DVIPA_SOURCE_DIR "/docs/examples/bird/";

class Routed : public testing::Test {
 protected:
  void run_bird(const std::string& host, const std::string& configuration) {
    auto bird = stacks_.lab().start(
        host, {"bird", "-f", "-c", examples + configuration, "-s", "/run/bird.sock", "-P", "/run/bird.pid"});
    ASSERT_TRUE(bird);
    processes_.push_back(std::move(*bird));
  }
  void start_stack(unsigned n) { stacks_.start(n, {"--advertise", "exec:" + examples + "advertise"}); }
  void define(unsigned n, const std::string& statements) {
    std::ofstream(stacks_.folder() / ("mvs" + std::to_string(n) + ".profile")) << "VIPADYNAMIC\n"
                                                                               << statements << "\nENDVIPADYNAMIC\n";
  }
  // Within the time that OSPF takes to find a neighbour and to tell of a route.
  bool client_goes_by(const std::string& gateway) {
    return wait_for(
        [&] {
          const auto route = stacks_.lab().run("client", {"ip", "route", "get", address});
          return route && route->find("via " + gateway + " ") != std::string::npos;
        },
        60s);
  }

  Stacks stacks_{2};
  std::vector<lab::Process> processes_;
};

// covers: RTE-2, FLV-4, TKB-6
TEST_F(Routed, TheRouteFollowsTheOwnerThroughFailoverAndTakeback) {
  define(1, " VIPADEFINE 255.255.255.255 10.99.1.1\n VIPADISTRIBUTE DEFINE 10.99.1.1 PORT 60 DESTIP 10.77.0.2");
  define(2, " VIPABACKUP 10 10.99.1.1");
  run_bird("client", "router.conf");
  for (const char* host : {"MVS1", "MVS2"}) run_bird(host, "stack.conf");
  for (const unsigned n : {1U, 2U}) start_stack(n);
  auto server = start_answering(stacks_.lab(), "MVS2", "0.0.0.0");
  ASSERT_TRUE(server);
  ASSERT_TRUE(wait_for([&] { return stacks_.ownership(1, address) == "active"; }));
  ASSERT_TRUE(client_goes_by("10.77.0.1"));
  ASSERT_TRUE(wait_for([&] {
    const auto events = stacks_.events(1);
    return std::ranges::any_of(events, [](const Json& each) { return each["event"] == "listener"; });
  }));
  Client client(stacks_.lab(), address);
  EXPECT_EQ(client.served_by(), "MVS2");

  stacks_.process(1).signal(SIGKILL);  // its route stays behind; that of the new owner is better
  ASSERT_TRUE(client_goes_by("10.77.0.2"));
  EXPECT_EQ(client.served_by(), "MVS2");

  start_stack(1);
  ASSERT_TRUE(wait_for([&] { return stacks_.ownership(2, address) == "backup"; }));
  ASSERT_TRUE(client_goes_by("10.77.0.1"));
  EXPECT_EQ(client.served_by(), "MVS2");
  const auto left = stacks_.lab().run("MVS2", {"ip", "route", "show", "table", "77"});
  EXPECT_TRUE(!left || left->find(address) == std::string::npos) << *left;
}

}  // namespace
}  // namespace dvipa::test
