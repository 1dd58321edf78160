// What a killed process leaves is taken back by the next start, whatever the instant of its death.
#include "impl/live/kernel/journal.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>

#include "impl/live/kernel/addresses.hpp"
#include "impl/live/kernel/fence.hpp"
#include "impl/live/kernel/sysctl.hpp"
#include "tests/live/kernel/own_namespace.hpp"

namespace dvipa::kernel::test {
namespace {

class JournalOfChanges : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    directory_ = ::testing::TempDir() + "dvipa-journal-" + std::to_string(getpid());
    std::filesystem::create_directories(directory_);
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }
  Result<Journal> open() { return Journal::open({"MVS1", directory_, {}}); }
  std::filesystem::path directory_;
};

// A device that outlives its maker, as a TUN device does not by itself.
void make_lasting_tun(const char* name) {
  const int tun = ::open("/dev/net/tun", O_RDWR | O_CLOEXEC);
  if (tun < 0 && errno == EACCES && unprivileged()) return;  // the device node is not everyone's on every system
  ifreq request{};
  std::strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (tun < 0 || ioctl(tun, TUNSETIFF, &request) != 0 || ioctl(tun, TUNSETPERSIST, 1) != 0) _exit(10);
  ::close(tun);
}

// The life of a process that changes its host without end.
[[noreturn]] void change_the_host_for_ever(const std::filesystem::path& directory, unsigned seed, int started) {
  std::mt19937 random(seed);
  auto journal = Journal::open({"MVS1", directory, {}});
  if (!journal) _exit(11);
  if (::write(started, "!", 1) != 1) _exit(12);
  auto addresses = HiddenAddresses::open(*journal);
  if (!addresses || !set_sysctls(*journal, sysctls_of_interface("e0"))) _exit(13);
  for (;;) {
    const Address v4 = Address::v4(0xc6336400U + random() % 8);
    const Address v6 = *parse_address("2001:db8::" + std::to_string(1 + random() % 8));
    switch (random() % 8) {
      case 0: {
        auto fence = Fence::open(*journal, "e0");
        if (!fence || !fence->protect(v4)) _exit(14);
        if (random() % 2 == 0 && !fence->close()) _exit(15);
        break;
      }
      case 1:
        if (!journal->about_to(TunDeviceMade{"dvipa0"})) _exit(16);
        make_lasting_tun("dvipa0");
        break;
      case 2:
        if (!undo_all(*journal).empty()) _exit(17);
        if (!set_sysctls(*journal, sysctls_of_interface("e0"))) _exit(18);
        break;
      case 3:
      case 4:
        if (!addresses->deactivate(v4) || !addresses->deactivate(v6)) _exit(19);
        break;
      default:
        if (!addresses->activate(v4) || !addresses->activate(v6)) _exit(20);
    }
  }
}

// Kills such a process `microseconds` after it has begun.
void run_and_kill(const std::filesystem::path& directory, unsigned seed, unsigned microseconds) {
  std::array<int, 2> started{};
  ASSERT_EQ(pipe2(started.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) change_the_host_for_ever(directory, seed, started[1]);
  ::close(started[1]);
  char byte = 0;
  EXPECT_EQ(::read(started[0], &byte, 1), 1);
  ::close(started[0]);
  const auto instant = std::chrono::steady_clock::now() + std::chrono::microseconds(microseconds);
  within(10, [instant] { return std::chrono::steady_clock::now() >= instant; });
  kill(child, SIGKILL);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status)) << "the process gave up by itself, with " << WEXITSTATUS(status);
}

unsigned seed_of_this_run() {
  const char* given = std::getenv("DVIPA_TEST_SEED");
  const unsigned seed = given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 20240117U;
  std::printf("DVIPA_TEST_SEED=%u\n", seed);
  return seed;
}

TEST_F(JournalOfChanges, KilledAtAnyInstantLeavesNothingThatTheNextStartDoesNotTakeBack) {
  std::mt19937 random(seed_of_this_run());
  const std::string before = snapshot();
  unsigned changed = 0;
  for (unsigned i = 0; i < 60; ++i) {
    const auto seed = static_cast<unsigned>(random());
    // Half of them early, where the first changes are made.
    const auto microseconds = static_cast<unsigned>(random() % (i % 2 == 0 ? 1000 : 30000));
    SCOPED_TRACE("seed " + std::to_string(seed) + ", killed after " + std::to_string(microseconds) + " us");
    run_and_kill(directory_, seed, microseconds);
    if (snapshot() != before) ++changed;  // the control: there was something to take back
    auto journal = open();
    ASSERT_TRUE(journal) << to_string(journal.error());
    for (const Failure& each : undo_all(*journal)) ADD_FAILURE() << to_string(each);
    ASSERT_EQ(snapshot(), before);
    EXPECT_TRUE(journal->standing().empty());
    journal->close();
    EXPECT_FALSE(std::filesystem::exists(journal->path()));
  }
  std::printf("%u of 60 deaths left changes\n", changed);
  EXPECT_GT(changed, 20U);
}

TEST_F(JournalOfChanges, WithoutItsJournalAKilledProcessLeavesItsChanges) {
  const std::string before = snapshot();
  run_and_kill(directory_, 1, 20000);
  std::filesystem::remove_all(directory_);
  std::filesystem::create_directories(directory_);
  auto journal = open();
  ASSERT_TRUE(journal);
  undo_all(*journal);
  EXPECT_NE(snapshot(), before);
}

TEST_F(JournalOfChanges, JournalOfALivingProcessIsNotTakenOver) {
  std::array<int, 2> told{};
  ASSERT_EQ(pipe2(told.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto journal = open();
    if (!journal || ::write(told[1], "!", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().what, "already running (pid " + std::to_string(child) + ")");
  kill(child, SIGKILL);
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), nullptr, WEXITED | WNOWAIT), 0);  // dead, but not yet buried
  EXPECT_TRUE(open());
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(open());
  ::close(told[0]);
  ::close(told[1]);
}

// The kernel closes packet sockets one after the other, each when nobody can be using it any more.
TEST_F(JournalOfChanges, DyingProcessIsWaitedFor) {
  std::array<int, 2> told{};
  ASSERT_EQ(pipe2(told.data(), O_CLOEXEC), 0);
  const pid_t child = fork();
  if (child == 0) {
    for (int i = 0; i < 50; ++i)
      if (::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)) < 0) _exit(2);
    auto journal = open();
    if (!journal || ::write(told[1], "!", 1) != 1) _exit(1);
    for (;;) pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(told[0], &byte, 1), 1);
  kill(child, SIGKILL);
  const auto taken_over = open();
  siginfo_t how{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(child), &how, WEXITED | WNOHANG), 0);
  EXPECT_TRUE(taken_over) << to_string(taken_over.error());
  EXPECT_EQ(how.si_pid, child);  // it was dead before its journal was taken over
  waitpid(child, nullptr, 0);
  ::close(told[0]);
  ::close(told[1]);
}

TEST_F(JournalOfChanges, ProcessOfTheSameNumberButAnotherStartIsAnother) {
  std::filesystem::path path;
  {
    auto journal = open();
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->about_to(TunDeviceMade{"gone0"}));
    path = journal->path();
  }
  // The parent lives, but since later than this.
  std::string text = shell("cat " + path.string());
  const std::size_t pid = text.find("\"pid\":");
  const std::size_t start = text.find("\"started\":");
  ASSERT_LT(pid, start) << text;
  text.replace(pid, text.find('}') - pid, "\"pid\":" + std::to_string(getppid()) + ",\"started\":1");
  std::ofstream(path) << text;
  auto journal = open();
  ASSERT_TRUE(journal) << to_string(journal.error());
  EXPECT_EQ(journal->standing().size(), 1U);
}

TEST_F(JournalOfChanges, ChangeThatWasOnlyAnnouncedIsNotTakenFromTheOperator) {
  shell("ip addr add 192.0.2.7/32 dev lo; ip link add dvipa0 type veth peer name dvipa1");
  const std::string before = snapshot();
  {
    auto journal = open();
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->about_to(AddressAdded{*parse_address("192.0.2.7")}));
    ASSERT_TRUE(journal->about_to(TunDeviceMade{"dvipa0"}));
    ASSERT_TRUE(journal->about_to(SysctlSet{"net/ipv4/conf/e0/rp_filter", "1", "7"}));
    ASSERT_TRUE(journal->about_to(FenceTableMade{"dvipa_e0"}));
  }
  auto journal = open();
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->standing().size(), 4U);
  EXPECT_TRUE(undo_all(*journal).empty());
  EXPECT_EQ(snapshot(), before);
}

TEST_F(JournalOfChanges, TornLastLineIsAChangeThatWasNotMade) {
  std::filesystem::path path;
  {
    auto journal = open();
    ASSERT_TRUE(journal);
    ASSERT_TRUE(journal->about_to(AddressAdded{*parse_address("192.0.2.7")}));
    path = journal->path();
  }
  std::ofstream(path, std::ios::app) << R"({"do":{"address":"192.0)";
  auto journal = open();
  ASSERT_TRUE(journal);
  ASSERT_EQ(journal->standing().size(), 1U);
  EXPECT_EQ(journal->standing()[0], HostChange(AddressAdded{*parse_address("192.0.2.7")}));
}

TEST_F(JournalOfChanges, ForeignTextIsNoHarm) {
  auto path = std::filesystem::path();
  {
    auto journal = open();
    ASSERT_TRUE(journal);
    path = journal->path();
  }
  std::ofstream(path, std::ios::app) << "[]\n{\"do\":3}\n{\"do\":{\"address\":\"nowhere\"}}\n\xff\n"
                                     << R"({"do":{"sysctl":"net/../kernel/hostname","before":"x","after":"y"}})" << '\n'
                                     << R"({"do":{"fence":"x; flush ruleset"}})" << '\n';
  auto journal = open();
  ASSERT_TRUE(journal);
  EXPECT_EQ(journal->standing().size(), 2U);
  EXPECT_EQ(undo_all(*journal).size(), 2U);  // both refused
}

TEST_F(JournalOfChanges, FileStaysSmall) {
  auto journal = open();
  ASSERT_TRUE(journal);
  for (int i = 0; i < 5000; ++i) {
    const AddressAdded change{Address::v4(static_cast<std::uint32_t>(i))};
    ASSERT_TRUE(journal->about_to(change));
    if (i >= 10) {
      ASSERT_TRUE(journal->undone(change));
    }
  }
  EXPECT_LT(std::filesystem::file_size(journal->path()), 65536U);
  EXPECT_EQ(journal->standing().size(), 10U);
  const auto standing = journal->standing();
  { const Journal closed = std::move(*journal); }
  auto again = open();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->standing(), standing);
}

TEST_F(JournalOfChanges, DirectoryThatCannotBeWrittenHasAnAlternative) {
  const auto fallen_back = Journal::open({"MVS1", "/proc/nowhere", directory_});
  ASSERT_TRUE(fallen_back) << to_string(fallen_back.error());
  EXPECT_EQ(fallen_back->path().parent_path(), directory_);
  const auto refused = Journal::open({"MVS1", "/proc/nowhere", {}});
  ASSERT_FALSE(refused);
  EXPECT_FALSE(refused.error().remedy.empty());
}

}  // namespace
}  // namespace dvipa::kernel::test
