// An entry whose connection is gone without a word: its owner asks the target, which is a member of the group that is
// this test, after the minute or so for which nothing was routed by it (RTE-11).
#include <gtest/gtest.h>

#include <set>

#include "tests/live/run/bus_member.hpp"

namespace dvipa::test {
namespace {

const Address dva1 = *parse_address("10.77.1.1");
constexpr StackId owner{1};
constexpr StackId target{2};

class Target : public BusMember {
 public:
  using BusMember::BusMember;
  void on_message(StackId from, Message&& message) override {
    if (const auto* list = std::get_if<VipaList>(&message)) {
      for (const ListEntry& entry : list->entries)
        if (entry.definition.dvipa == dva1 && entry.claim == Claim::owning) report(from, entry.epoch);
    } else if (const auto* verify = std::get_if<Verify>(&message)) {
      asked_.insert(verify->remotes.begin(), verify->remotes.end());
      send(from, NotHeld{verify->dvipa, verify->epoch, verify->remotes});
    }
  }
  const std::set<Remote>& asked() const { return asked_; }
  const Remote connection{*parse_address("10.77.0.100"), 40000, 60};

 private:
  void report(StackId to, Epoch epoch) {
    send(to, NewConn{dva1, epoch, target, {connection}});
    send(to, EndOfReport{dva1, epoch});
  }
  std::set<Remote> asked_;
};

// covers: RTE-11
TEST(Ageing, AnEntryThatNobodyUsesIsAskedAboutAndGoes) {
  Stacks stacks(2);
  const auto cluster = read_cluster(stacks.folder() / "cluster.toml");
  ASSERT_TRUE(cluster);
  Target member(stacks.lab(), *cluster, target);
  stacks.start(1);
  const auto routes = [&] {
    const auto shown = stacks.lab().run("MVS1", {DVIPA_COMMAND, "netstat", "vcrt", "--json"});
    return shown ? Json::parse(*shown, nullptr, false).value("total", -1) : -1;
  };
  ASSERT_TRUE(member.run_until([&] { return routes() == 1; }));
  EXPECT_TRUE(member.run_until([&] { return member.asked().contains(member.connection); }, std::chrono::seconds(120)));
  EXPECT_TRUE(member.run_until([&] { return routes() == 0; }));
}

}  // namespace
}  // namespace dvipa::test
