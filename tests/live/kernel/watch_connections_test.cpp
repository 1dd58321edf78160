// The watch of sockets, for connections: from handshake or SYN to the end of TIME_WAIT, none missed, and in time.
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "impl/live/kernel/sock_diag.hpp"
#include "tests/live/kernel/frames.hpp"
#include "tests/live/kernel/watch_fixture.hpp"

namespace dvipa::kernel::test {
namespace {

class ConnectionWatched : public Watch {};

// covers: TGT-4, TGT-6
TEST_P(ConnectionWatched, InboundConnectionsAreToldFromHandshakeToEnd) {
  watch({dvipa_v4, dvipa_v6});
  for (const auto& [dvipa, client_address] : {std::pair(dvipa_v4, client_v4), std::pair(dvipa_v6, client_v6)}) {
    const Socket listener = listen_on(any_v6, 80);  // IPv4 by an IPv6 socket, too
    Socket client = connect_from(client_address, 0, dvipa, 80);
    const Connection connection{dvipa, {client_address, local_port(client), 80}};
    ASSERT_TRUE(soon([&] { return told_.open.contains(connection); }));
    EXPECT_FALSE(told_.open.at(connection));
    EXPECT_TRUE(*watch_->holds(connection));
    EXPECT_EQ(*watch_->dump_now({{dvipa}}), std::vector<Connection>{connection});
    Socket server = accept_from(listener);
    client.close();  // the client waits in TIME_WAIT, the server's end is gone at once
    settle();
    EXPECT_TRUE(told_.open.contains(connection));
    server.close();
    EXPECT_TRUE(soon([&] { return told_.open.empty(); }));
    EXPECT_FALSE(*watch_->holds(connection));
    EXPECT_TRUE(watch_->dump_now({{dvipa}})->empty());
  }
  EXPECT_EQ(told_.opened, 2U);
}

TEST_P(ConnectionWatched, ConnectionsOfOtherAddressesAreNotTold) {
  watch({dvipa_v4});
  const Socket listener = listen_on(any_v4, 80);
  Socket client = connect_from(client_v4, 0, other_v4, 80);
  Socket server = accept_from(listener);
  settle();
  EXPECT_TRUE(told_.open.empty());
  watch_->unwatch(dvipa_v4);
  Socket second = connect_from(client_v4, 0, dvipa_v4, 80);
  watch({other_v4});
  settle();
  EXPECT_TRUE(told_.open.empty());
  second.close();
  server.close();
  client.close();
  settle();
  EXPECT_EQ(told_.opened, 0U);
}

// covers: TGT-3
TEST_P(ConnectionWatched, OutboundConnectionIsToldFromItsSynOn) {
  shell("ip neigh add 192.0.2.200 lladdr 02:00:00:00:00:99 dev e0; ip route add 192.0.2.200 dev e0");
  watch({dvipa_v4});
  Socket waiting = connect_from(dvipa_v4, 0, *parse_address("192.0.2.200"), 80, false);  // nobody answers
  const Connection connection{dvipa_v4, {*parse_address("192.0.2.200"), 80, local_port(waiting)}};
  ASSERT_TRUE(soon([&] { return told_.open.contains(connection); }));
  EXPECT_TRUE(told_.open.at(connection));
  waiting.close();
  EXPECT_TRUE(soon([&] { return told_.open.empty(); }));
}

// covers: TGT-3, TGT-4
TEST_P(ConnectionWatched, RefusedOutboundConnectionLeavesNothing) {
  watch({dvipa_v4});
  for (int i = 0; i < 20; ++i) {
    Socket refused = connect_from(dvipa_v4, 0, client_v4, 80, false);
    settle();
  }
  settle();
  EXPECT_TRUE(soon([&] { return told_.open.empty(); }));
  EXPECT_EQ(told_.opened, told_.ended);
}

// covers: TGT-4
TEST_P(ConnectionWatched, ResetEndsAConnectionAtOnceThoughItsSocketStaysOpen) {
  watch({dvipa_v4});
  const Socket listener = listen_on(dvipa_v4, 80);
  Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
  Socket server = accept_from(listener);
  ASSERT_TRUE(soon([&] { return told_.open.size() == 1; }));
  client.abort();
  EXPECT_TRUE(soon([&] { return told_.open.empty(); }));
  server.close();  // which must not be told again
  settle();
  EXPECT_EQ(told_.opened, 1U);
  EXPECT_EQ(told_.ended, 1U);
}

// covers: TGT-4
TEST_P(ConnectionWatched, ConnectionInTimeWaitIsStillOne) {
  watch({dvipa_v4});
  const Socket listener = listen_on(dvipa_v4, 80);
  Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
  Socket server = accept_from(listener);
  ASSERT_TRUE(soon([&] { return told_.open.size() == 1; }));
  const Connection connection = told_.open.begin()->first;
  server.close();  // the active end
  client.close();
  ASSERT_TRUE(
      soon([&] { return shell("ss -Htn state time-wait src 192.0.2.7").find("192.0.2.7") != std::string::npos; }));
  settle();
  EXPECT_TRUE(told_.open.contains(connection));
  EXPECT_TRUE(*watch_->holds(connection));
  EXPECT_EQ(*watch_->dump_now({{dvipa_v4}}), std::vector<Connection>{connection});
}

// covers: TGT-4
TEST_P(ConnectionWatched, EndOfAMinisocketIsToldWhenItsTimeIsOver) {
  watch({dvipa_v4});
  const Socket listener = listen_on(dvipa_v4, 80);
  Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
  Socket server = accept_from(listener);
  ASSERT_TRUE(soon([&] { return told_.open.size() == 1; }));
  const Connection connection = told_.open.begin()->first;
  const int seconds = 1;
  ASSERT_EQ(setsockopt(server.number(), IPPROTO_TCP, TCP_LINGER2, &seconds, sizeof seconds), 0);
  server.close();  // orphaned in FIN_WAIT2 until that time is over, for the client stays open
  settle();
  EXPECT_TRUE(told_.open.contains(connection));  // the control: the socket is gone, the connection not
  EXPECT_TRUE(soon([&] { return told_.open.empty(); }, 15));
  EXPECT_FALSE(*watch_->holds(connection));
}

// covers: TGT-3
TEST_P(ConnectionWatched, HalfOpenConnectionsAreInADump) {
  shell(
      "ip neigh add 192.0.2.200 lladdr 02:00:00:00:00:99 dev e0; ip route add 192.0.2.200 dev e0;"
      "for s in all e0; do echo 0 > /proc/sys/net/ipv4/conf/$s/rp_filter; done");
  watch({dvipa_v4});
  const Socket listener = listen_on(dvipa_v4, 80);
  send_from_peer(syn_frame({2, 0, 0, 0, 0, 0x99}, dvipa_v4, 80, *parse_address("192.0.2.200"), 4000));
  const Connection connection{dvipa_v4, {*parse_address("192.0.2.200"), 4000, 80}};
  ASSERT_TRUE(soon([&] { return watch_->holds(connection).value_or(false); }));
  EXPECT_EQ(*watch_->dump_now({{dvipa_v4}}), std::vector<Connection>{connection});
  settle();
  EXPECT_EQ(told_.opened, 0U);  // it is not complete
}

TEST_P(ConnectionWatched, ConnectionsThatWereThereBeforeAreFoundAndTheirEndIsTold) {
  const Socket listener = listen_on(dvipa_v4, 80);
  Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
  Socket server = accept_from(listener);
  Socket outbound = connect_from(dvipa_v4, 4000, dvipa_v4, 80);  // both ends are ours
  const Found found = watch({dvipa_v4});
  EXPECT_EQ(found.connections.size(), 3U);
  for (const Connection& each : found.connections) told_.open.emplace(each, false);
  client.close();
  server.close();
  EXPECT_TRUE(soon([&] { return told_.open.size() == 2; }));
  EXPECT_EQ(told_.opened, 0U);
}

// Opens and closes many, some at once and some later, and returns how many. Runs in a process of its own.
[[noreturn]] void be_busy(unsigned connections) {
  const Socket listener = listen_on(dvipa_v4, 80);
  std::deque<std::pair<Socket, Socket>> open;
  for (unsigned i = 0; i < connections; ++i) {
    Socket client = connect_from(client_v4, static_cast<Port>(2000 + i), dvipa_v4, 80);
    Socket server = accept_from(listener);
    open.emplace_back(std::move(client), std::move(server));
    // The client resets, so that nothing waits in TIME_WAIT.
    if (i % 3 == 0 || open.size() > 500) {
      open.front().first.abort();
      open.pop_front();
    }
  }
  while (!open.empty()) {
    open.front().first.abort();
    open.pop_front();
  }
  _exit(::testing::Test::HasFailure() ? 1 : 0);
}

// covers: TGT-3, TGT-4
TEST_P(ConnectionWatched, OfThousandsOfConnectionsNoneIsMissed) {
  watch({dvipa_v4});
  constexpr unsigned connections = 5000;
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) be_busy(connections);
  EXPECT_TRUE(soon([&] { return told_.ended >= connections; }, 60))
      << told_.opened << " opened, " << told_.ended << " ended";
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  settle();
  EXPECT_EQ(told_.opened, connections);
  EXPECT_EQ(told_.ended, connections);
  EXPECT_TRUE(told_.open.empty());
  std::printf("%u connections in %.2f s\n", connections, std::chrono::duration<double>(Clock::now() - start).count());
}

// What no room was left for is found by comparison: what is open in the end is known, what has ended is not.
TEST_P(ConnectionWatched, AfterLostNoticesTheDifferenceIsTold) {
  open_watch({.buffer_bytes = 4096});
  watch({dvipa_v4});
  const unsigned lines_before = log_lines_;
  const Socket listener = listen_on(dvipa_v4, 80);
  std::vector<Socket> clients;
  std::vector<Socket> servers;
  constexpr unsigned connections = 2000;
  for (unsigned i = 0; i < connections; ++i) {  // the loop does not run meanwhile
    clients.push_back(connect_from(client_v4, 0, dvipa_v4, 80));
    servers.push_back(accept_from(listener));
  }
  EXPECT_TRUE(soon([&] { return told_.open.size() == connections; }, 30)) << told_.open.size();
  EXPECT_GT(log_lines_, lines_before) << "nothing was lost";
  for (Socket& each : clients) each.abort();
  servers.clear();
  EXPECT_TRUE(soon([&] { return told_.open.empty(); }, 30)) << told_.open.size();
}

// On an idle host listeners are told within 10 ms and all else within one; the bounds leave room for a busy one.
TEST_P(ConnectionWatched, IsPrompt) {
  watch({dvipa_v4});
  std::map<std::string, std::vector<double>> milliseconds;
  const auto measure = [&](const char* what, const std::function<bool()>& so) {
    const auto start = Clock::now();
    ASSERT_TRUE(soon(so));
    milliseconds[what].push_back(std::chrono::duration<double, std::milli>(Clock::now() - start).count());
  };
  for (int i = 0; i < 50; ++i) {
    Socket listener = listen_on(dvipa_v4, 80);
    measure("listener starts", [&] { return listening(dvipa_v4, 80); });
    Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
    measure("connection opens", [&] { return told_.open.size() == 1; });
    Socket server = accept_from(listener);
    client.abort();
    measure("connection is reset", [&] { return told_.open.empty(); });
    listener.close();
    measure("listener ends", [&] { return !listening(dvipa_v4, 80); });
  }
  for (auto& [what, times] : milliseconds) {
    std::sort(times.begin(), times.end());
    std::printf("%-20s median %.2f ms, 90 %% %.2f ms\n", what.c_str(), times[25], times[45]);
  }
  EXPECT_LT(milliseconds["listener starts"][25], 50.0);
  for (const char* what : {"connection opens", "connection is reset", "listener ends"})
    EXPECT_LT(milliseconds[what][25], 25.0) << what;
}

TEST_P(ConnectionWatched, LookUpTakesMicroseconds) {
  watch({dvipa_v4});
  const Socket listener = listen_on(dvipa_v4, 80);
  std::vector<Socket> sockets;
  for (unsigned i = 0; i < 2000; ++i) sockets.push_back(connect_from(client_v4, 0, dvipa_v4, 80));
  const auto start = Clock::now();
  const auto all = watch_->dump_now({{dvipa_v4}});
  const auto dumped = Clock::now();
  ASSERT_EQ(all->size(), 2000U);
  for (const Connection& each : *all) ASSERT_TRUE(*watch_->holds(each));
  const auto looked_up = Clock::now();
  using Microseconds = std::chrono::duration<double, std::micro>;
  const double each_us = Microseconds(looked_up - dumped).count() / 2000;
  std::printf("dump of 2000: %.0f us; look-up: %.1f us\n", Microseconds(dumped - start).count(), each_us);
  EXPECT_LT(each_us, 100.0);
}

// covers: RTE-13
TEST_P(ConnectionWatched, OneThatIsAbortedEndsAndItsListenerStays) {
  watch({dvipa_v4});
  const Socket listener = listen_on(any_v4, 60);
  const Socket client = connect_from(client_v4, 0, dvipa_v4, 60);
  const Socket server = accept_from(listener);
  const Connection connection{dvipa_v4, {client_v4, local_port(client), 60}};
  ASSERT_TRUE(soon([&] { return told_.open.contains(connection); }));
  auto diag = SockDiag::open();
  ASSERT_TRUE(diag) << to_string(diag.error());
  EXPECT_TRUE(diag->abort(connection).value());
  EXPECT_TRUE(soon([&] { return !told_.open.contains(connection); }));
  EXPECT_FALSE(diag->abort(connection).value()) << "it is gone";
  const Socket again = connect_from(client_v4, 0, dvipa_v4, 60);
  EXPECT_TRUE(bool(accept_from(listener)));
}

INSTANTIATE_TEST_SUITE_P(Connections, ConnectionWatched,
                         ::testing::Values(SocketWatch::Means::bpf, SocketWatch::Means::sock_diag),
                         [](const auto& each) { return each.param == SocketWatch::Means::bpf ? "Bpf" : "SockDiag"; });

}  // namespace
}  // namespace dvipa::kernel::test
