#pragma once
// A watch of sockets by either means in a namespace of its own, and what it told.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "impl/live/kernel/socket_watch.hpp"
#include "tests/live/kernel/own_namespace.hpp"
#include "tests/live/kernel/sockets.hpp"

namespace dvipa::kernel::test {

using Clock = std::chrono::steady_clock;

inline const Address dvipa_v4 = *parse_address("192.0.2.7");
inline const Address dvipa_v6 = *parse_address("2001:db8::7");
inline const Address other_v4 = *parse_address("192.0.2.8");
inline const Address client_v4 = *parse_address("192.0.2.99");
inline const Address client_v6 = *parse_address("2001:db8::99");

// What was told, and that it was told in pairs.
class Told final : public SocketEvents {
 public:
  void listener_started(const Listener& listener) override {
    EXPECT_TRUE(listening.insert(listener).second) << "started twice";
  }
  void listener_ended(const Listener& listener) override {
    EXPECT_EQ(listening.erase(listener), 1U) << "ended, but was not listening";
  }
  void connection_opened(const Connection& connection, bool outbound) override {
    EXPECT_TRUE(open.emplace(connection, outbound).second) << "opened twice";
    ++opened;
  }
  void connection_ended(const Connection& connection) override {
    EXPECT_EQ(open.erase(connection), 1U) << "ended, but was not open";
    ++ended;
  }
  std::set<Listener> listening;
  std::map<Connection, bool> open;
  unsigned opened = 0;
  unsigned ended = 0;
};

class Watch : public OwnNamespace, public ::testing::WithParamInterface<SocketWatch::Means> {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    shell(
        "for a in 192.0.2.7/32 192.0.2.8/32 192.0.2.99/32 2001:db8::7/128 2001:db8::99/128;"
        "do ip addr add $a dev lo; done");
    open_watch({});
  }
  void open_watch(SocketWatchOptions options) {
    watch_.reset();
    options.allow_bpf = GetParam() == SocketWatch::Means::bpf;
    options.log = [this](const std::string& line) {
      logged_ = line;
      ++log_lines_;
    };
    auto opened = SocketWatch::open(io_, told_, options);
    ASSERT_TRUE(opened) << to_string(opened.error());
    watch_ = std::move(*opened);
    if (options.allow_bpf && watch_->means() != SocketWatch::Means::bpf) GTEST_SKIP() << "no BPF here";
    EXPECT_EQ(watch_->means(), GetParam());
  }
  Found watch(const std::vector<Address>& dvipas) {
    auto found = watch_->watch(dvipas);
    EXPECT_TRUE(found) << to_string(found.error());
    return found.value_or(Found{});
  }
  // Runs the event loop until it is so; false after `seconds`.
  bool soon(const std::function<bool()>& so, double seconds = 5) {
    const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    while (!so()) {
      if (Clock::now() > end) return false;
      io_.restart();
      io_.run_one_until(end);
    }
    return true;
  }
  // Runs the event loop as long as anything could still be told: a listener that starts now is told after everything
  // that happened before.
  void settle() {
    const Port marker = static_cast<Port>(60000 + markers_++ % 1000);
    {
      const Socket listener = listen_on(any_v4, marker);
      ASSERT_TRUE(soon([&] { return told_.listening.contains({any_v4, marker}); }));
    }
    ASSERT_TRUE(soon([&] { return !told_.listening.contains({any_v4, marker}); }));
  }
  bool listening(const Address& address, Port port) const { return told_.listening.contains({address, port}); }

  boost::asio::io_context io_;
  Told told_;
  std::unique_ptr<SocketWatch> watch_;
  std::string logged_;  // the last line
  unsigned log_lines_ = 0;
  unsigned markers_ = 0;
};

}  // namespace dvipa::kernel::test
