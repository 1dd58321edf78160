// The lab on the live kernel: hosts reach each other, a pulled cable loses everything in silence, and nothing is left
// of a lab whatever ends it, for root and for a user without rights.
#include "harness/lab/lab.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <set>

#include "harness/lab/sandbox.hpp"
#include "harness/lab/standing.hpp"

namespace dvipa::lab {
namespace {

using namespace std::chrono_literals;
constexpr uid_t nobody_user = 65534;

sockaddr_in socket_address(const std::string& text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, text.c_str(), &address.sin_addr);
  return address;
}

FileDescriptor udp_socket(Lab& lab, const std::string& host, const std::string& address) {
  FileDescriptor made;
  (void)lab.within(host, [&] {
    made = FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in at = socket_address(address, 7000);
    if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&at), sizeof at) != 0) made.reset();
  });
  return made;
}

bool arrives(const FileDescriptor& from, const FileDescriptor& to, const std::string& address, int limit_ms) {
  const sockaddr_in target = socket_address(address, 7000);
  if (::sendto(from.get(), "x", 1, 0, reinterpret_cast<const sockaddr*>(&target), sizeof target) != 1) return false;
  pollfd waiting{to.get(), POLLIN, 0};
  if (::poll(&waiting, 1, limit_ms) != 1) return false;
  std::array<char, 8> got{};
  return ::recv(to.get(), got.data(), got.size(), 0) == 1;
}

// A bridge begins to forward for a port that is new or has moved when its kernel has noticed that the port is up, which
// takes seconds on a busy machine: what is sent before is lost, and sent again here.
bool comes_through(const FileDescriptor& from, const FileDescriptor& to, const std::string& address) {
  for (int tries = 0; tries < 500; ++tries) {
    if (!arrives(from, to, address, 20)) continue;
    std::array<char, 8> more{};
    while (::recv(to.get(), more.data(), more.size(), MSG_DONTWAIT) > 0) {
    }
    return true;
  }
  return false;
}

// What the body of a sandbox says about the first thing that was not so.
#define REQUIRE(condition)                                                 \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "line %d: not so: %s\n", __LINE__, #condition); \
      return 1;                                                            \
    }                                                                      \
  } while (false)

int hosts_reach_each_other() {
  auto lab = Lab::build(standard_plan(2));
  if (!lab) std::fprintf(stderr, "%s (%s)\n", lab.error().what.c_str(), lab.error().remedy.c_str());
  REQUIRE(lab);
  const auto client = udp_socket(*lab, "client", "10.77.0.101");
  const auto mvs1 = udp_socket(*lab, "MVS1", "10.77.0.1");
  const auto mvs2 = udp_socket(*lab, "MVS2", "10.77.0.2");
  REQUIRE(client && mvs1 && mvs2);
  REQUIRE(comes_through(client, mvs1, "10.77.0.1"));
  REQUIRE(comes_through(mvs1, mvs2, "10.77.0.2"));
  REQUIRE(lab->set_link("MVS1", false));
  REQUIRE(!arrives(client, mvs1, "10.77.0.1", 50));
  REQUIRE(!arrives(mvs1, mvs2, "10.77.0.2", 50));
  REQUIRE(comes_through(client, mvs2, "10.77.0.2"));
  REQUIRE(lab->set_link("MVS1", true));
  REQUIRE(comes_through(client, mvs1, "10.77.0.1"));
  REQUIRE(lab->part({"MVS1", "client"}));
  REQUIRE(comes_through(client, mvs1, "10.77.0.1"));
  REQUIRE(!arrives(client, mvs2, "10.77.0.2", 50));
  REQUIRE(!arrives(mvs2, mvs1, "10.77.0.1", 50));
  REQUIRE(!lab->part({"MVS9"}));
  REQUIRE(lab->part({}));
  REQUIRE(comes_through(client, mvs2, "10.77.0.2"));
  REQUIRE(comes_through(mvs2, mvs1, "10.77.0.1"));
  REQUIRE(*lab->run("MVS2", {"hostname"}) == "MVS2\n");
  REQUIRE(!lab->run("MVS2", {"sh", "-c", "echo reason >&2; exit 3"}));
  REQUIRE(!lab->start("MVS9", {"true"}));
  // /run is the host's own, and stays while the lab does.
  REQUIRE(lab->run("MVS1", {"sh", "-c", "echo here > /run/mark"}));
  REQUIRE(*lab->run("MVS1", {"cat", "/run/mark"}) == "here\n");
  REQUIRE(!lab->run("MVS2", {"test", "-e", "/run/mark"}));
  return 0;
}

// As if the user had started the program: a process that changes its user by itself is barred from its own /proc files.
bool become(uid_t user) {
  return user == 0 || (::setgid(user) == 0 && ::setuid(user) == 0 && ::prctl(PR_SET_DUMPABLE, 1) == 0);
}

// Runs `test` as root and again as a user without rights.
class LabFor : public ::testing::TestWithParam<uid_t> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0 && GetParam() != 0) GTEST_SKIP() << "runs as a user without rights already";
    if (GetParam() == 0) return;
    const int probe = run_as_user([] {
      const auto sandbox = run_in_sandbox(Lifetime::of_caller, [] { return 0; });
      return sandbox ? 0 : 1;
    });
    if (probe != 0) GTEST_SKIP() << "the kernel lets no user make namespaces";
  }
  int run_as_user(const std::function<int()>& body) {
    auto child = Process::start([&] {
      if (!become(GetParam())) return 99;
      return body();
    });
    const auto status = child ? child->wait(60s) : std::nullopt;
    return status && status->signal == 0 ? status->code : 98;
  }
};

int in_sandbox(const std::function<int()>& body) {
  const auto sandbox = run_in_sandbox(Lifetime::of_caller, body);
  if (!sandbox) std::fprintf(stderr, "%s (%s)\n", sandbox.error().what.c_str(), sandbox.error().remedy.c_str());
  return sandbox ? sandbox->exit_code : 97;
}

TEST_P(LabFor, HostsReachEachOtherUnlessTheCableIsPulled) {
  EXPECT_EQ(run_as_user([] { return in_sandbox(hosts_reach_each_other); }), 0);
}

TEST_P(LabFor, SandboxGivesTheExitCodeOfItsBody) {
  EXPECT_EQ(run_as_user([] { return in_sandbox([] { return 42; }); }), 42);
  EXPECT_EQ(run_as_user([] { return in_sandbox([]() -> int { return ::kill(::getpid(), SIGKILL); }); }), 128 + SIGKILL);
}

std::set<ino_t> networks_in_use() {
  std::set<ino_t> networks;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    struct stat seen {};
    if (::stat((entry.path() / "ns/net").c_str(), &seen) == 0) networks.insert(seen.st_ino);
  }
  return networks;
}

bool becomes_true(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

// What a lab in the making tells the test, through shared memory.
struct Seen {
  std::array<ino_t, 8> networks{};
  unsigned count = 0;
  int ready = 0;
};

int stay_with_lab(Seen* seen) {
  auto lab = Lab::build(standard_plan(2));
  REQUIRE(lab);
  auto process = lab->start("MVS1", {"sh", "-c", "setsid sleep 1000 & sleep 1000"});
  REQUIRE(process);
  for (const HostPlan& host : lab->hosts()) {
    struct stat entry {};
    REQUIRE(::stat(("/proc/" + std::to_string(lab->holder(host.name)) + "/ns/net").c_str(), &entry) == 0);
    seen->networks[seen->count++] = entry.st_ino;
  }
  __atomic_store_n(&seen->ready, 1, __ATOMIC_RELEASE);
  for (;;) ::pause();
}

TEST_P(LabFor, NothingIsLeftAfterTheKillOfItsMaker) {
  auto* seen =
      static_cast<Seen*>(::mmap(nullptr, sizeof(Seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(seen, MAP_FAILED);
  new (seen) Seen;
  auto maker = Process::start([&] {
    if (!become(GetParam())) return 99;
    return in_sandbox([&] { return stay_with_lab(seen); });
  });
  ASSERT_TRUE(maker);
  ASSERT_TRUE(becomes_true([&] { return __atomic_load_n(&seen->ready, __ATOMIC_ACQUIRE) == 1; }));
  const auto left = [&] {
    const auto in_use = networks_in_use();
    return std::any_of(seen->networks.begin(), seen->networks.begin() + seen->count,
                       [&](ino_t network) { return in_use.contains(network); });
  };
  ASSERT_EQ(seen->count, 3U);
  if (::geteuid() == 0) {
    ASSERT_TRUE(left());
  }
  maker->signal(SIGKILL);
  EXPECT_TRUE(becomes_true([&] { return !left(); })) << "processes of the lab outlive it";
  ::munmap(seen, sizeof(Seen));
}

std::string unique_name(const char* use) { return std::string(use) + "-" + std::to_string(::getpid()); }

int stand_and_fall(const std::string& name) {
  auto lab = put_up(name, standard_plan(2));
  if (!lab) std::fprintf(stderr, "%s (%s)\n", lab.error().what.c_str(), lab.error().remedy.c_str());
  REQUIRE(lab);
  REQUIRE(!put_up(name, standard_plan(1)));
  const auto found = standing_lab(name);
  REQUIRE(found && found->alive && found->hosts.size() == 3);
  const auto ran = run_inside(*found, "MVS2",
                              {"sh", "-c", "test $(hostname) = MVS2 && ip -o addr show dev e0 | grep -q 10.77.0.2/16"});
  REQUIRE(ran && ran->passed());
  const auto failed = run_inside(*found, "MVS1", {"sh", "-c", "exit 7"});
  REQUIRE(failed && failed->code == 7);
  REQUIRE(run_inside(*found, "MVS1", {"sh", "-c", "setsid sleep 1000 > /dev/null 2>&1 &"})->passed());
  REQUIRE(!run_inside(*found, "MVS7", {"true"}));
  REQUIRE(take_down(*found));
  REQUIRE(!standing_lab(name));
  REQUIRE(becomes_true([&] { return ::kill(found->hosts.front().holder, 0) != 0; }));
  return 0;
}

TEST_P(LabFor, AStandingLabIsEnteredAndTakenDown) {
  const std::string name = unique_name(GetParam() == 0 ? "root" : "user");
  EXPECT_EQ(run_as_user([&] { return stand_and_fall(name); }), 0);
}

int fall_by_kill(const std::string& name) {
  auto lab = put_up(name, standard_plan(1));
  REQUIRE(lab);
  REQUIRE(::kill(lab->keeper, SIGKILL) == 0);
  REQUIRE(becomes_true([&] { return !standing_lab(name)->alive; }));
  const auto ended = standing_lab(name);
  REQUIRE(!run_inside(*ended, "MVS1", {"true"}));
  REQUIRE(take_down(*ended));
  REQUIRE(!standing_lab(name));
  return 0;
}

TEST_P(LabFor, TheNoteOfAKilledLabIsCleaned) {
  EXPECT_EQ(run_as_user([&] { return fall_by_kill(unique_name("killed")); }), 0);
}

INSTANTIATE_TEST_SUITE_P(Users, LabFor, ::testing::Values(uid_t{0}, nobody_user),
                         [](const auto& each) { return each.param == 0 ? "Root" : "NoRights"; });

TEST(LabPlan, NamesAndAddressesAreChecked) {
  const Address address = Address::v4(10U << 24 | 1);
  EXPECT_FALSE(Lab::build(Plan{{{"", {address}}}, 8}));
  EXPECT_FALSE(Lab::build(Plan{{{"a name that is too long", {address}}}, 8}));
  EXPECT_FALSE(Lab::build(Plan{{{"one", {address}}, {"one", {address}}}, 8}));
  EXPECT_FALSE(Lab::build(Plan{{{"one", {}}}, 8}));
}

}  // namespace
}  // namespace dvipa::lab
