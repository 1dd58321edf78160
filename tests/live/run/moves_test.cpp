// Addresses that move between live stacks: the preloaded library, libdvipa's call, a listener without an address, the
// operator (CFG-5, MOV). Connections are real and stay open through every move.
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>

#include "impl/live/activation/dvipa.h"
#include "tests/live/run/stacks.hpp"
#include "tests/live/run/talk.hpp"

namespace dvipa::test {
namespace {

using namespace std::chrono_literals;
constexpr const char* address = "10.77.9.1";

class Moves : public testing::Test {
 protected:
  void start(unsigned count, const std::string& moveable = "NONDISRUPTIVE") {
    for (unsigned n = 1; n <= count; ++n) {
      std::ofstream(stacks_.folder() / fmt::format("mvs{}.profile", n))
          << "VIPADYNAMIC\n VIPARANGE DEFINE MOVEABLE " << moveable << " 255.255.255.0 10.77.9.0\n"
          << sources_ << "ENDVIPADYNAMIC\n";
      stacks_.start(n);
    }
    for (unsigned n = 1; n <= count; ++n)
      ASSERT_TRUE(wait_for([&] {
        const auto events = stacks_.events(n);
        return std::ranges::any_of(events, [](const Json& each) { return each["event"] == "ready"; });
      })) << n;
  }
  static std::string host(unsigned n) { return fmt::format("MVS{}", n); }
  // An unchanged program that binds to the address: a server that answers with the name of its host.
  void serve_with_preload(unsigned n) {
    auto started = start_answering(stacks_.lab(), host(n), address, {"env", "LD_PRELOAD=" DVIPA_PRELOAD});
    ASSERT_TRUE(started);
    servers_.push_back(std::move(*started));
    ASSERT_TRUE(wait_for([&] { return listens(n); })) << n;
  }
  bool listens(unsigned n) {
    const auto sockets = stacks_.lab().run(host(n), {"ss", "-Hltn"});
    return sockets && sockets->find(fmt::format("{}:{}", address, answering_port)) != std::string::npos;
  }
  bool has_address(unsigned n) {
    const auto addresses = stacks_.lab().run(host(n), {"ip", "-o", "address", "show", "dev", "lo"});
    return addresses && addresses->find(address) != std::string::npos;
  }
  // What `act` returns, run on host n.
  int result_on(unsigned n, const std::function<int()>& act) {
    auto process = stacks_.lab().start(host(n), act);
    if (!process) return -1;
    const auto status = process->wait(30s);
    return status ? status->code : -1;
  }

  // How many connections stack n has reset, by its log.
  int broken(unsigned n) {
    int found = 0;
    for (const Json& event : stacks_.events(n))
      if (event["event"] == "broken") found += event.value("connections", 0);
    return found;
  }

  std::string sources_;
  Stacks stacks_{3};
  std::vector<lab::Process> servers_;
};

// 0 or the errno.
int activate(const char* text) {
  const sockaddr_in asked = place(text);
  return dvipa_activate(generic(asked), sizeof asked) == 0 ? 0 : errno;
}

int bind_and_listen(bool free) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  if (free) ::setsockopt(socket, IPPROTO_IP, IP_FREEBIND, &yes, sizeof yes);
  const sockaddr_in to = place(address);
  return ::bind(socket, generic(to), sizeof to) == 0 && ::listen(socket, 9) == 0 ? 0 : errno;
}

// covers: CFG-5, MOV-1, MOV-2, MOV-4
TEST_F(Moves, AChainOfMovesKeepsTheConnectionsOnEveryHost) {
  start(3);
  std::vector<Client> clients;
  for (unsigned n = 1; n <= 3; ++n) {
    serve_with_preload(n);
    clients.emplace_back(stacks_.lab(), address);
    for (unsigned i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].served_by(), host(i + 1)) << "on " << n;
  }
  EXPECT_EQ(result_on(1, [] { return activate(address); }), 0);  // and back to the first
  EXPECT_EQ(stacks_.ownership(1, address), "active");
  for (unsigned i = 0; i < clients.size(); ++i) EXPECT_EQ(clients[i].served_by(), host(i + 1));
  EXPECT_EQ(Client(stacks_.lab(), address).served_by(), host(1));
}

// covers: MOV-2, MOV-3
TEST_F(Moves, WithItsLastConnectionTheOldOwnerDeletesTheAddress) {
  start(2);
  serve_with_preload(1);
  {
    Client client(stacks_.lab(), address);
    ASSERT_EQ(client.served_by(), host(1));
    EXPECT_EQ(result_on(2, [] { return activate(address); }), 0);
    EXPECT_EQ(client.served_by(), host(1));
    EXPECT_TRUE(has_address(1));
  }
  EXPECT_TRUE(wait_for([&] { return !has_address(1); }));
  EXPECT_EQ(result_on(1, [] { return activate(address); }), 0);
  EXPECT_TRUE(wait_for([&] { return !has_address(2); }));  // nothing was ever connected there
}

// covers: MOV-1
TEST_F(Moves, TheCallReturnsWhenTheAddressCanBeBoundTo) {
  start(2);
  for (const unsigned n : {1U, 2U, 1U})
    EXPECT_EQ(result_on(n,
                        [] {
                          const int error = activate(address);
                          return error != 0 ? error : bind_and_listen(false);
                        }),
              0)
        << n;
  EXPECT_EQ(result_on(1, [] { return activate("10.78.0.1"); }), EADDRNOTAVAIL);
  EXPECT_EQ(result_on(3, [] { return activate(address); }), ENOENT);  // no stack runs there
}

// covers: CFG-5
TEST_F(Moves, AListenerThatNeedsNoAddressIsEnough) {
  start(1);
  auto listener = stacks_.lab().start(host(1), [] {
    if (bind_and_listen(true) != 0) return 1;
    ::pause();
    return 0;
  });
  ASSERT_TRUE(listener);
  EXPECT_TRUE(wait_for([&] { return stacks_.ownership(1, address) == "active"; }));
}

// covers: MOV-6
TEST_F(Moves, ADisruptiveOneIsTakenByNoApplication) {
  start(2, "DISRUPTIVE");
  serve_with_preload(1);
  Client client(stacks_.lab(), address);
  EXPECT_EQ(result_on(2, [] { return activate(address); }), EADDRINUSE);
  EXPECT_EQ(client.served_by(), host(1));
  const auto moved = stacks_.lab().run(host(2), {DVIPA_COMMAND, "vary", "sysplex", "activate,10.77.9.1"});
  EXPECT_TRUE(moved) << moved.error().what;
  EXPECT_EQ(stacks_.ownership(2, address), "active");
  EXPECT_TRUE(wait_for([&] { return !has_address(1); }));  // it keeps the address while it has connections
  EXPECT_NE(client.served_by(), host(1));
  EXPECT_TRUE(wait_for([&] { return broken(1) == 1; }));
}

// covers: CFG-6: a program's own connections have the source that the profile says; others, and those to the loopback,
// have their own
TEST_F(Moves, ConnectionsOfAJobHaveItsSource) {
  sources_ = " SOURCEVIPA 10.77.9.1 billing\n SOURCEVIPA 10.78.0.1 nowhere\n";
  start(1);
  const auto source_of = [&](const std::string& job) {
    const auto seen = stacks_.lab().run(
        host(1), {"env", "LD_PRELOAD=" DVIPA_PRELOAD, "DVIPA_JOBNAME=" + job, "perl", "-MIO::Socket::INET", "-e",
                  "$s = IO::Socket::INET->new(PeerAddr => '10.77.0.2', PeerPort => 81) or print(0 + $!), exit;"
                  "print $s->sockhost"});
    return seen ? *seen : seen.error().what;
  };
  auto server = stacks_.lab().start(
      host(2), {"perl", "-MIO::Socket::INET", "-e",
                "$l = IO::Socket::INET->new(LocalAddr => '10.77.0.2', LocalPort => 81, Listen => 9, ReuseAddr => 1);"
                "push @all, $l->accept while 1"});
  ASSERT_TRUE(server);
  ASSERT_TRUE(wait_for([&] {
    const auto sockets = stacks_.lab().run(host(2), {"ss", "-Hltn"});
    return sockets && sockets->find(":81 ") != std::string::npos;
  }));
  EXPECT_EQ(source_of("other"), "10.77.0.1");
  EXPECT_EQ(source_of("billing"), address);
  EXPECT_EQ(stacks_.ownership(1, address), "active");
  EXPECT_EQ(source_of("nowhere"), std::to_string(EADDRNOTAVAIL));
}

}  // namespace
}  // namespace dvipa::test
