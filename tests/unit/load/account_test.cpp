// The account survives its way between processes, and bytes that are none are refused.
#include "harness/conform/load/account.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace dvipa::load {
namespace {

Account sample() {
  Account account;
  ConnectionAccount connection;
  connection.id = ~std::uint64_t{0};
  connection.use = Use::churn;
  connection.target = 1;
  connection.local = Address::v4(0x0A4D0064);
  connection.local_port = 65000;
  connection.server = "MVS4";
  connection.begun_ns = 1;
  connection.opened_ns = 2;
  connection.ended_ns = 3;
  connection.exchanges = 4;
  connection.longest_wait_ns = 5;
  connection.outcome = Outcome::timed_out;
  connection.damages = {1, 2, 3, 4, 5, 6, 7};
  account.connections.push_back(connection);
  account.probes = {{{10, -1, false, 3}, {11, 12, true, 4}}, {}};
  account.probe_servers = {"MVS1", ""};
  account.windows = {{1, 2, {{1, "MVS5", 77}}}};
  account.pauses = {{8, 9}};
  return account;
}

TEST(Account, SurvivesItsWay) {
  const auto got = account_from(to_bytes(sample()));
  ASSERT_TRUE(got);
  EXPECT_EQ(to_bytes(*got), to_bytes(sample()));
  EXPECT_EQ(got->connections[0].local, sample().connections[0].local);
  EXPECT_EQ(got->connections[0].outcome, Outcome::timed_out);
  EXPECT_EQ(got->connections[0].damages, sample().connections[0].damages);
  EXPECT_EQ(got->probes[0][1].wait_ns, 12);
  EXPECT_TRUE(got->probes[0][1].sent_again);
  EXPECT_EQ(got->pauses[0].to_ns, 9);
  EXPECT_EQ(got->windows[0].waits[0].server, "MVS5");
}

TEST(Account, RefusesWhatIsNone) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& garbage) { RC_ASSERT(!account_from(garbage)); }));
  auto cut = to_bytes(sample());
  cut.pop_back();
  EXPECT_FALSE(account_from(cut));
}

}  // namespace
}  // namespace dvipa::load
