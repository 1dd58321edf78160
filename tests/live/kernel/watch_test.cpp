// The watch of sockets, for listeners: what starts and ends is told once, in pairs; and what it falls back to.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>

#include "tests/live/kernel/watch_fixture.hpp"

namespace dvipa::kernel::test {
namespace {

// covers: TGT-1
TEST_P(Watch, ListenersThatWereThereBeforeAreFound) {
  const Socket own = listen_on(dvipa_v4, 80);
  const Socket wildcard = listen_on(any_v4, 81);
  const Socket both = listen_on(any_v6, 82);
  const Socket only_v6 = listen_on(any_v6, 83, {.v6_only = true});
  const Socket other = listen_on(other_v4, 84);
  EXPECT_EQ(watch({dvipa_v4}).listeners, (std::vector<Listener>{{any_v4, 81}, {any_v4, 82}, {dvipa_v4, 80}}));
  EXPECT_EQ(watch({dvipa_v6}).listeners, (std::vector<Listener>{{any_v6, 82}, {any_v6, 83}}));
}

// covers: TGT-1, TGT-2
TEST_P(Watch, ListenersAreToldWhenTheyStartAndEnd) {
  watch({dvipa_v4, dvipa_v6});
  Socket own = listen_on(dvipa_v4, 80);
  Socket mapped = listen_on(dvipa_v4, 81, {.v6_socket = true});
  Socket own_v6 = listen_on(dvipa_v6, 80);
  Socket wildcard = listen_on(any_v4, 82);
  Socket both = listen_on(any_v6, 83);
  Socket only_v6 = listen_on(any_v6, 84, {.v6_only = true});
  Socket unwatched = listen_on(other_v4, 85);
  const std::set<Listener> expected{{dvipa_v4, 80}, {dvipa_v4, 81}, {dvipa_v6, 80}, {any_v4, 82},
                                    {any_v4, 83},   {any_v6, 83},   {any_v6, 84}};
  EXPECT_TRUE(soon([&] { return told_.listening == expected; }));
  settle();
  EXPECT_EQ(told_.listening, expected);
  for (Socket* each : {&own, &mapped, &own_v6, &wildcard, &both, &only_v6, &unwatched}) each->close();
  EXPECT_TRUE(soon([&] { return told_.listening.empty(); }));
}

// covers: TGT-2
TEST_P(Watch, PortEndsWithItsLastListener) {
  watch({dvipa_v4});
  Socket first = listen_on(dvipa_v4, 80, {.reuse_port = true});
  Socket second = listen_on(dvipa_v4, 80, {.reuse_port = true});
  Socket wildcard = listen_on(any_v4, 81, {.reuse_port = true});
  Socket wildcard_v6 = listen_on(any_v6, 81, {.reuse_port = true});
  ASSERT_TRUE(soon([&] { return listening(dvipa_v4, 80) && listening(any_v4, 81) && listening(any_v6, 81); }));
  first.close();
  wildcard.close();
  settle();
  EXPECT_TRUE(listening(dvipa_v4, 80));
  EXPECT_TRUE(listening(any_v4, 81));  // by the socket on ::
  second.close();
  wildcard_v6.close();
  EXPECT_TRUE(soon([&] { return told_.listening.empty(); }));
}

// covers: TGT-2, TGT-4
TEST_P(Watch, CrashOfTheApplicationEndsItsListenersAndConnections) {
  watch({dvipa_v4});
  std::array<int, 2> ready{};
  ASSERT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    const Socket listener = listen_on(dvipa_v4, 80);
    if (::write(ready[1], "!", 1) != 1) _exit(1);
    const Socket first = accept_from(listener);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  Socket client = connect_from(client_v4, 0, dvipa_v4, 80);
  ASSERT_TRUE(soon([&] { return listening(dvipa_v4, 80) && told_.open.size() == 1; }));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(soon([&] { return told_.listening.empty(); }));
  client.close();
  EXPECT_TRUE(soon([&] { return told_.open.empty() || watch_->holds(told_.open.begin()->first).value_or(false); }));
  ::close(ready[0]);
  ::close(ready[1]);
}

INSTANTIATE_TEST_SUITE_P(ByMeans, Watch, ::testing::Values(SocketWatch::Means::bpf, SocketWatch::Means::sock_diag),
                         [](const auto& each) { return each.param == SocketWatch::Means::bpf ? "Bpf" : "SockDiag"; });

class WatchWithoutBpf : public OwnNamespace {};

TEST_F(WatchWithoutBpf, FallsBackAndSaysWhy) {
  if (!unprivileged()) GTEST_SKIP() << "BPF is permitted here";
  boost::asio::io_context io;
  Told told;
  std::string logged;
  auto watch = SocketWatch::open(io, told, {.log = [&](const std::string& line) { logged = line; }});
  ASSERT_TRUE(watch) << to_string(watch.error());
  EXPECT_EQ((*watch)->means(), SocketWatch::Means::sock_diag);
  EXPECT_NE(logged.find("CAP_BPF"), std::string::npos) << logged;
}

}  // namespace
}  // namespace dvipa::kernel::test
