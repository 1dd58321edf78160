#include "tests/live/kernel/own_namespace.hpp"

#include <sched.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <thread>

namespace dvipa::kernel::test {
namespace {

bool in_user_namespace = false;

void write_file(const char* path, const std::string& text) {
  std::ofstream file(path);
  file << text;
  file.flush();
  if (!file) std::fprintf(stderr, "cannot write %s\n", path);
}

// DVIPA_TEST_UNPRIVILEGED=1 makes a run by root give up root first.
void enter_user_namespace() {
  if (geteuid() == 0) {
    if (std::getenv("DVIPA_TEST_UNPRIVILEGED") == nullptr) return;
    constexpr uid_t nobody_id = 65534;
    if (setresgid(nobody_id, nobody_id, nobody_id) != 0 || setresuid(nobody_id, nobody_id, nobody_id) != 0)
      std::abort();
    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);  // else /proc/self stays root's
  }
  const uid_t user = geteuid();
  const gid_t group = getegid();
  if (unshare(CLONE_NEWUSER) != 0) {
    std::fprintf(stderr, "no user namespace (%s): run as root, or set kernel.unprivileged_userns_clone=1\n",
                 std::strerror(errno));
    std::exit(3);
  }
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", "0 " + std::to_string(user) + " 1");
  write_file("/proc/self/gid_map", "0 " + std::to_string(group) + " 1");
  in_user_namespace = true;
}

// Before any thread is started: a user namespace can be entered only by a process with one thread.
class Privileges : public ::testing::Environment {
 public:
  void SetUp() override { enter_user_namespace(); }
};
const ::testing::Environment* const privileges = ::testing::AddGlobalTestEnvironment(new Privileges);

}  // namespace

bool unprivileged() { return in_user_namespace; }

std::string shell(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen((command + " 2>&1").c_str(), "r"), [](FILE*) { return 0; });
  std::string text;
  std::array<char, 4096> bytes{};
  while (const std::size_t count = fread(bytes.data(), 1, bytes.size(), pipe.get())) text.append(bytes.data(), count);
  const int status = pclose(pipe.get());
  EXPECT_EQ(status, 0) << command << ": " << text;
  return text;
}

std::string snapshot() {
  return shell(
      "ip -o -d addr; ip -o -br link; nft list ruleset; cd /proc/sys/net/ipv4/conf;"
      "grep . */arp_ignore */arp_announce */rp_filter");
}

bool within(double seconds, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>(seconds);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

void enter_fresh_namespace() {
  ASSERT_EQ(unshare(CLONE_NEWNET), 0) << std::strerror(errno) << ": run as root, or allow user namespaces";
}

void OwnNamespace::SetUp() {
  enter_fresh_namespace();
  if (HasFatalFailure()) return;
  shell(
      "ip link set lo up; ip link add e0 type veth peer name e1; ip link set e0 addrgenmode none; ip link set e1 "
      "addrgenmode none; ip link set e0 "
      "address 02:00:00:00:00:e0 up;"
      "ip link set e1 address 02:00:00:00:00:e1 up");
  // A kernel drops what comes by IPv6 until its worker has seen that the link is up.
  ASSERT_TRUE(
      within(5, [] { return shell("ip -o -6 route show table local dev e0").find("ff00::/8") != std::string::npos; }));
}

}  // namespace dvipa::kernel::test
