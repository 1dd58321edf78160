// What a live stack tells members whom a DVIPA does not concern, heard by one that is this test.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/live/run/bus_member.hpp"

namespace dvipa::test {
namespace {

const Address dva1 = *parse_address("10.77.1.1");
constexpr StackId bystander{3};  // of DVA1 while MVS1 owns it

class Bystander : public BusMember {
 public:
  using BusMember::BusMember;
  void on_message(StackId, Message&& message) override {
    const auto* list = std::get_if<VipaList>(&message);
    if (list == nullptr) return;
    for (const ListEntry& entry : list->entries)
      if (entry.definition.dvipa == dva1 && entry.claim == Claim::owning) owning_ = entry;
  }
  const std::optional<ListEntry>& owning() const { return owning_; }

 private:
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
    Bystander member(stacks_.lab(), *cluster, bystander);
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
