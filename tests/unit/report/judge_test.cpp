// Who is excused: connections whose own target died within their life, and no other.
// covers: FLV-4, FLV-12 (the harness's own judgement)
#include "harness/conform/judge.hpp"

#include <gtest/gtest.h>

namespace dvipa::conform {
namespace {

using load::ConnectionAccount;
using load::Outcome;
constexpr std::int64_t s = 1'000'000'000;
constexpr std::int64_t offset = 1000 * s;  // realtime minus monotonic

ConnectionAccount connection(const std::string& server, Outcome outcome, std::int64_t begun_ns, std::int64_t ended_ns) {
  ConnectionAccount account;
  account.id = 1;
  account.local = Address::v4(0x0A4D0064);
  account.local_port = 40000;
  account.server = server;
  account.begun_ns = begun_ns;
  account.opened_ns = begun_ns + 1;
  account.ended_ns = ended_ns;
  account.outcome = outcome;
  return account;
}

Judgement judged(const std::vector<ConnectionAccount>& connections, const Sightings& sightings = {},
                 JudgeOptions options = {}) {
  load::Account account;
  account.connections = connections;
  options.realtime_minus_monotonic_ns = offset;
  return judge(account, {{"MVS1", 10 * s}}, sightings, options);
}

TEST(Judge, KeptIsKept) {
  const auto got = judged({connection("MVS1", Outcome::kept, 0, 5 * s), connection("MVS2", Outcome::kept, 0, 20 * s)});
  EXPECT_EQ(got.tally.kept, 2U);
  EXPECT_TRUE(got.incidents.empty());
}

TEST(Judge, ALossWithItsEndpointIsExcused) {
  const auto got =
      judged({connection("MVS1", Outcome::reset, 0, 11 * s), connection("MVS1", Outcome::timed_out, 0, 12 * s)});
  EXPECT_EQ(got.tally.lost_with_endpoint, 2U);
  EXPECT_EQ(got.tally.lost, 0U);
  EXPECT_EQ(got.lost_with.at("MVS1"), 2U);
}

TEST(Judge, ALossWithALivingEndpointIsNot) {
  const auto got =
      judged({connection("MVS2", Outcome::reset, 0, 11 * s), connection("MVS2", Outcome::closed, 0, 11 * s)});
  EXPECT_EQ(got.tally.lost, 2U);
  EXPECT_EQ(got.tally.wrongly_reset, 1U);
  EXPECT_EQ(got.incidents.size(), 2U);
}

TEST(Judge, ALossBeforeTheDeathIsNotExcused) {
  EXPECT_EQ(judged({connection("MVS1", Outcome::reset, 0, 9 * s)}).tally.lost, 1U);
}

TEST(Judge, ALossOfAConnectionMadeLongAfterTheDeathIsNotExcused) {
  EXPECT_EQ(judged({connection("MVS1", Outcome::reset, 10 * s + s / 2, 13 * s)}).tally.lost_with_endpoint, 1U);
  EXPECT_EQ(judged({connection("MVS1", Outcome::reset, 12 * s, 13 * s)}).tally.lost, 1U);
}

TEST(Judge, WhoIsBeyondACutIsLostToThoseClientsOnly) {
  const std::vector<ConnectionAccount> lost = {connection("MVS1", Outcome::reset, 0, 11 * s)};
  const auto judged_with = [&](const Address& client) {
    load::Account account;
    account.connections = lost;
    return judge(account, {{"MVS1", 10 * s, {client}, true}}, {}, {}).tally;
  };
  EXPECT_EQ(judged_with(lost.front().local).lost_with_endpoint, 1U);
  EXPECT_EQ(judged_with(Address::v4(0x0A4D0068)).lost, 1U);
}

TEST(Judge, A4TupleThatAHostBeyondACutStillHasIsExcusedAndNoOther) {
  load::Account account;
  account.connections = {connection("MVS1", Outcome::reset, 0, 11 * s),
                         connection("MVS3", Outcome::reset, 12 * s, 13 * s),
                         connection("MVS3", Outcome::reset, 12 * s, 13 * s)};
  account.connections.back().local_port = 40001;
  const auto with = [&](bool ends_remain) { return judge(account, {{"MVS1", 10 * s, {}, ends_remain}}, {}, {}).tally; };
  EXPECT_EQ(with(true).lost_with_endpoint, 2U);
  EXPECT_EQ(with(true).lost, 1U);
  EXPECT_EQ(with(false).lost, 2U);
}

TEST(Judge, AnUnknownEndpointIsNotExcusedUnlessTheCaptureTellsIt) {
  const auto silent = connection("", Outcome::reset, 9 * s, 11 * s);
  EXPECT_EQ(judged({silent}).tally.lost, 1U);
  Sightings sightings;
  const std::pair<Address, Port> end = {silent.local, silent.local_port};
  sightings.opened[end] = {{offset + 2 * s, "MVS2"}, {offset + 9 * s + 1000, "MVS1"}, {offset + 20 * s, "MVS3"}};
  EXPECT_EQ(judged({silent}, sightings).tally.lost_with_endpoint, 1U);
  sightings.opened[end] = {{offset + 9 * s + 1000, "MVS2"}};
  EXPECT_EQ(judged({silent}, sightings).tally.lost, 1U);
}

TEST(Judge, AConnectionThatDoesNotOpenIsCountedApart) {
  auto refused = connection("", Outcome::refused, 9 * s, 9 * s + 1000);
  refused.opened_ns = 0;
  EXPECT_EQ(judged({refused}).tally.not_opened, 1U);
  EXPECT_EQ(judged({refused}).tally.lost, 0U);
  JudgeOptions options;
  options.refusals_expected = {{9 * s, 10 * s}};
  EXPECT_EQ(judged({refused}, {}, options).tally.not_opened, 0U);
  options.refusals_expected = {{9 * s + 1, 10 * s}};
  EXPECT_EQ(judged({refused}, {}, options).tally.not_opened, 1U);
}

TEST(Judge, AStallIsToldThoughTheConnectionWasKept) {
  auto stalled = connection("MVS2", Outcome::kept, 0, 20 * s);
  stalled.longest_wait_ns = 6 * s;
  const auto got = judged({stalled});
  EXPECT_EQ(got.tally.kept, 1U);
  EXPECT_EQ(got.tally.stalled, 1U);
  EXPECT_EQ(got.incidents.size(), 1U);
}

TEST(Judge, DamageIsNeverExcused) {
  auto damaged = connection("MVS1", Outcome::reset, 0, 11 * s);
  damaged.damages[static_cast<std::size_t>(load::Damage::wrong_server)] = 2;
  damaged.damages[static_cast<std::size_t>(load::Damage::lost)] = 3;
  const auto got = judged({damaged});
  EXPECT_EQ(got.tally.misdelivered, 2U);
  EXPECT_EQ(got.tally.corrupted, 3U);
  EXPECT_FALSE(got.incidents.empty());
}

}  // namespace
}  // namespace dvipa::conform
