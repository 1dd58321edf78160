// What a live stack tells members whom a DVIPA does not concern, heard by one that is this test.
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <fstream>
#include <sstream>

#include "impl/live/bus/bus.hpp"
#include "impl/live/cluster.hpp"
#include "tests/live/run/stacks.hpp"

namespace dvipa::test {
namespace {

using namespace std::chrono_literals;
const Address dva1 = *parse_address("10.77.1.1");
constexpr StackId bystander{3};  // of DVA1 while MVS1 owns it

class Bystander : public bus::BusEvents {
 public:
  Bystander(lab::Lab& lab, const Cluster& cluster) {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto opened = lab.within("MVS3", [&] {
      auto bus =
          bus::Bus::open(io_, cluster, bystander, static_cast<Incarnation>(now.count()), {2, 0, 10, 77, 0, 3}, *this);
      if (bus) bus_.emplace(std::move(*bus));
    });
    EXPECT_TRUE(opened && bus_);
  }
  void on_member_up(StackId member, Incarnation, const bus::MacAddress&) override { bus_->send(member, VipaList{}); }
  void on_member_down(StackId, bus::DownReason) override {}
  void on_paused(std::uint64_t) override {}
  void on_message(StackId, Message&& message) override {
    const auto* list = std::get_if<VipaList>(&message);
    if (list == nullptr) return;
    for (const ListEntry& entry : list->entries)
      if (entry.definition.dvipa == dva1 && entry.claim == Claim::owning) owning_ = entry;
  }
  bool run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      io_.restart();
      io_.run_one_for(20ms);
    }
    return true;
  }
  const std::optional<ListEntry>& owning() const { return owning_; }

 private:
  boost::asio::io_context io_;
  std::optional<bus::Bus> bus_;
  std::optional<ListEntry> owning_;  // the newest word of DVA1's owner
};

class Lists : public testing::Test {
 protected:
  // What the owner of DVA1, which is to tell lists to those concerned only, has told the bystander.
  std::optional<ListEntry> told(const std::vector<std::string>& more) {
    const auto path = stacks_.folder() / "cluster.toml";
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    std::ofstream(path) << "lists = \"concerned\"\n" << text.str();
    const auto cluster = read_cluster(path);
    EXPECT_TRUE(cluster);
    Bystander member(stacks_.lab(), *cluster);
    stacks_.start(1, more);
    EXPECT_TRUE(member.run_until([&] { return member.owning().has_value(); }));
    return member.owning();
  }
  Stacks stacks_{3};
};

// covers: LST-4, LST-7
TEST_F(Lists, AStackThatADvipaDoesNotConcernHearsOnlyWhoOwnsIt) {
  const auto entry = told({});
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->epoch.owner, StackId{1});
  EXPECT_FALSE(entry->definition.distribution);
}

TEST_F(Lists, AnOwnerThatTellsEverybodyIsCaught) {
  const auto entry = told({"--mutant", "tell-everybody"});
  ASSERT_TRUE(entry);
  EXPECT_TRUE(entry->definition.distribution);
}

}  // namespace
}  // namespace dvipa::test
