// What a live owner tells a claimant, heard by a claimant that is this test. A load shows neither, for what an owner
// does not tell its targets tell as well.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "tests/live/run/bus_member.hpp"
#include "tests/live/run/talk.hpp"

namespace dvipa::test {
namespace {

constexpr const char* dva1 = "10.77.1.1";
constexpr StackId owner{1};
constexpr StackId target{2};
constexpr StackId claimant{5};

class Claimant : public BusMember {
 public:
  using BusMember::BusMember;
  void on_message(StackId from, Message&& message) override {
    if (const auto* list = std::get_if<VipaList>(&message)) {
      for (const ListEntry& entry : list->entries)
        if (entry.claim == Claim::owning)
          for (const StackId stack : {owner, target}) send(stack, EndOfReport{entry.definition.dvipa, entry.epoch});
    } else if (const auto* routed = std::get_if<NewConn>(&message)) {
      if (from == owner && routed->target == target && routed->epoch == claim_)
        for (const Remote& remote : routed->remotes) routed_.insert(remote);
    } else if (const auto* end = std::get_if<EndOfReport>(&message)) {
      if (end->epoch == claim_) ended_.insert(from);
    } else if (const auto* listener = std::get_if<SrvStat>(&message)) {
      owner_stopped_listening_ = owner_stopped_listening_ || (from == owner && !listener->listening);
    }
  }

  void claim() {
    ListEntry entry;
    entry.definition.dvipa = *parse_address(dva1);
    entry.definition.part = Part::primary;
    entry.definition.distribution.emplace().ports.ranges = {{answering_port, answering_port}};
    entry.claim = Claim::claiming;
    entry.epoch = claim_;
    VipaList list;
    list.entries = {entry};
    for (const StackId stack : {owner, target}) send(stack, list);
  }
  bool has_reports() const { return ended_.size() == 2; }
  bool owner_stopped_listening() const { return owner_stopped_listening_; }
  // What the owner has said that it routes to the target.
  std::size_t routed() const { return routed_.size(); }

 private:
  const Epoch claim_{1000, claimant};
  std::set<Remote> routed_;
  std::set<StackId> ended_;
  bool owner_stopped_listening_ = false;
};

struct Told {
  std::size_t before = 0;  // of what was open when the claim came
  std::size_t during = 0;  // of what was opened since
  std::size_t expected_before = 0;
  std::size_t expected_during = 0;
};

class Claims : public testing::Test {
 protected:
  std::size_t open(Claimant& member, std::vector<Client>& clients, unsigned count) {
    std::size_t at_target = 0;
    for (unsigned i = 0; i < count; ++i) {
      clients.emplace_back(stacks_.lab(), dva1);
      member.run_until([] { return true; });
      at_target += clients.back().served_by() == "MVS2" ? 1 : 0;
    }
    return at_target;
  }
  // This member is a test that does other things as well: it may be silent for ten seconds.
  void give_time() {
    const auto path = stacks_.folder() / "cluster.toml";
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    std::string changed = text.str();
    const std::string misses = "misses = 5";
    ASSERT_NE(changed.find(misses), std::string::npos);
    std::ofstream(path) << changed.replace(changed.find(misses), misses.size(), "misses = 200");
  }
  Told play(const std::string& mutant) {
    Told told;
    give_time();
    const auto cluster = read_cluster(stacks_.folder() / "cluster.toml");
    if (!cluster) return told;
    Claimant member(stacks_.lab(), *cluster, claimant);
    std::vector<std::string> fault;
    if (!mutant.empty()) fault = {"--mutant", mutant};
    for (const unsigned n : {1U, 2U}) stacks_.start(n, fault);
    auto first = start_answering(stacks_.lab(), "MVS1", "0.0.0.0");
    auto second = start_answering(stacks_.lab(), "MVS2", "0.0.0.0");
    EXPECT_TRUE(member.run_until([&] { return known(1) == 2 && member.hears_of(target); }));
    std::vector<Client> clients;
    told.expected_before = open(member, clients, 4);
    member.claim();
    EXPECT_TRUE(member.run_until([&] { return member.has_reports(); }));
    told.before = member.routed();
    told.expected_during = open(member, clients, 4);
    first->signal(SIGKILL);  // the owner tells of it after all that it has told before
    EXPECT_TRUE(member.run_until([&] { return member.owner_stopped_listening(); }));
    told.during = member.routed() - told.before;
    return told;
  }
  // How many targets the stack knows for the DVIPA, by its log.
  std::size_t known(unsigned n) {
    std::set<std::string> targets;
    for (const Json& event : stacks_.events(n))
      if (event["event"] == "listener" && event["dvipa"] == dva1) targets.insert(event.value("target", ""));
    return targets.size();
  }

  Stacks stacks_{5};
};

// covers: TKB-1, TKB-5
TEST_F(Claims, TheOwnerTellsWhatItRoutesAndGoesOnTelling) {
  const Told told = play("");
  EXPECT_GT(told.expected_before, 0U);
  EXPECT_EQ(told.before, told.expected_before);
  EXPECT_GT(told.expected_during, 0U);
  EXPECT_EQ(told.during, told.expected_during);
}

TEST_F(Claims, AnOwnerThatDoesNotTellItsRoutesIsCaught) {
  const Told told = play("routes-not-reported");
  EXPECT_GT(told.expected_before, 0U);
  EXPECT_LT(told.before, told.expected_before);
}

TEST_F(Claims, AnOwnerThatHandsOverInSilenceIsCaught) {
  const Told told = play("handover-in-silence");
  EXPECT_EQ(told.before, told.expected_before);
  EXPECT_GT(told.expected_during, 0U);
  EXPECT_LT(told.during, told.expected_during);
}

}  // namespace
}  // namespace dvipa::test
