// A report of a million connections, while everybody's heartbeats go on.
#include <gtest/gtest.h>

#include <boost/unordered/unordered_flat_set.hpp>

#include "tests/live/bus/group.hpp"
#include "tests/live/bus/other_process.hpp"

namespace dvipa::bus::test {
namespace {

constexpr std::size_t connections = 1'000'000;

NewConn whole_report() {
  NewConn report{Address::v4(0x0a010901), {1, StackId{3}}, StackId{1}, {}};
  report.remotes.reserve(connections);
  for (std::size_t i = 0; i < connections; ++i)
    report.remotes.push_back(
        {Address::v4(static_cast<std::uint32_t>(0x0b000000 + i)), static_cast<Port>(i % 60'000), 443});
  return report;
}

// Counts what comes instead of keeping it.
class Counting : public Recorder {
 public:
  void on_message(StackId from, Message&& message) override {
    if (const auto* report = std::get_if<NewConn>(&message)) {
      ++parts;
      for (const Remote& remote : report->remotes) clients.insert(remote.client.v4_value());
    } else {
      Recorder::on_message(from, std::move(message));
    }
  }
  std::size_t parts = 0;
  boost::unordered_flat_set<std::uint32_t> clients;
};

// covers: TGT-5
TEST(Report, OfAMillionConnectionsDisturbsNoHeartbeat) {
  const NewConn report = whole_report();  // first, as nobody is heard while it is made
  Group group(3, {50, 5});
  OtherProcess bystander(group.cluster, 2);
  group.start(1);
  Counting owner;
  auto bus = Bus::open(group.io, group.cluster, StackId{3}, 1, mac_of(StackId{3}), owner);
  ASSERT_TRUE(bus);
  const auto all_up = [&] { return owner.is_up(1) && owner.is_up(2) && group.recorder(1).up.size() == 2; };
  ASSERT_TRUE(group.run_until(all_up));
  EXPECT_TRUE(group.bus(1).send(StackId{3}, report));
  EXPECT_TRUE(group.bus(1).send(StackId{3}, EndOfReport{report.dvipa, report.epoch}));
  ASSERT_TRUE(group.run_until([&] { return owner.saw("message 1 EndOfReport"); }, 60'000));
  EXPECT_EQ(owner.clients.size(), connections);
  EXPECT_GE(owner.parts, 10U);
  EXPECT_LE(owner.parts, 100U);
  const auto heartbeats = bus->counters().heartbeats_received;
  ASSERT_TRUE(group.run_until([&] { return bus->counters().heartbeats_received >= heartbeats + 10; }));
  EXPECT_EQ(owner.count("down 1 silent") + owner.count("down 2 silent"), 0U);
  EXPECT_TRUE(owner.is_up(1) && owner.is_up(2));
  EXPECT_EQ(group.recorder(1).about_members().size(), 2U) << "the sender saw nobody go";
  EXPECT_TRUE(owner.faults.empty());
}

}  // namespace
}  // namespace dvipa::bus::test
