// Hidden addresses and sysctls: made, idempotent, taken back, and nothing of the operator's touched.
#include "impl/live/kernel/addresses.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <vector>

#include "impl/live/kernel/sysctl.hpp"
#include "tests/live/kernel/own_namespace.hpp"

namespace dvipa::kernel::test {
namespace {

const Address dvipa_v4 = *parse_address("192.0.2.7");
const Address dvipa_v6 = *parse_address("2001:db8::7");

struct SocketAddress {
  explicit SocketAddress(const Address& address) {
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(address.v4_value());
    v6.sin6_family = AF_INET6;
    std::copy(address.bytes.begin(), address.bytes.end(), std::begin(v6.sin6_addr.s6_addr));
    v4.sin_port = v6.sin6_port = htons(60);
    any = address.is_v4() ? static_cast<sockaddr*>(static_cast<void*>(&v4))
                          : static_cast<sockaddr*>(static_cast<void*>(&v6));
    size = address.is_v4() ? sizeof v4 : sizeof v6;
  }
  SocketAddress(const SocketAddress&) = delete;
  SocketAddress& operator=(const SocketAddress&) = delete;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  sockaddr* any = nullptr;
  socklen_t size = 0;
};

// Whether an application can bind to it: what a hidden address is for.
bool can_bind(const Address& address) {
  const int socket = ::socket(address.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const SocketAddress at(address);
  const int bound = ::bind(socket, at.any, at.size);
  ::close(socket);
  return bound == 0;
}

// Whether what is sent to the address comes to an application here: on `lo` it does so before sendto() returns.
bool takes_packets_for(const Address& address) {
  const int family = address.is_v4() ? AF_INET : AF_INET6;
  const int server = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const int client = ::socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const SocketAddress at(address);
  char byte = 'x';
  bool comes = ::bind(server, at.any, at.size) == 0;
  comes = comes && ::sendto(client, &byte, 1, MSG_DONTWAIT, at.any, at.size) == 1;
  comes = comes && ::recv(server, &byte, 1, MSG_DONTWAIT) == 1;
  ::close(server);
  ::close(client);
  return comes;
}

// While it lives this thread goes before the kernel's own threads on its processor: what the kernel leaves to them is
// done when this thread waits, and not earlier.
class AheadOfTheKernel {
 public:
  AheadOfTheKernel() {
    EXPECT_EQ(::sched_getaffinity(0, sizeof before_, &before_), 0);
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(::sched_getcpu(), &one);
    EXPECT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    permitted_ = schedule(SCHED_FIFO, 1);
  }
  ~AheadOfTheKernel() {
    EXPECT_TRUE(schedule(SCHED_OTHER, 0));
    EXPECT_EQ(::sched_setaffinity(0, sizeof before_, &before_), 0);
  }
  AheadOfTheKernel(const AheadOfTheKernel&) = delete;
  AheadOfTheKernel& operator=(const AheadOfTheKernel&) = delete;
  bool permitted() const { return permitted_; }

 private:
  static bool schedule(int policy, int priority) {
    sched_param parameters{};
    parameters.sched_priority = priority;
    return ::sched_setscheduler(0, policy, &parameters) == 0;
  }
  bool permitted_ = false;
  cpu_set_t before_{};
};

class Addresses : public OwnNamespace {
 protected:
  void SetUp() override {
    OwnNamespace::SetUp();
    auto opened = Journal::open({"addresses", ::testing::TempDir() + "dvipa-" + std::to_string(getpid()), {}});
    ASSERT_TRUE(opened) << to_string(opened.error());
    journal_.emplace(std::move(*opened));
    auto addresses = HiddenAddresses::open(*journal_);
    ASSERT_TRUE(addresses) << to_string(addresses.error());
    addresses_.emplace(std::move(*addresses));
  }
  void TearDown() override {
    if (!journal_) return;
    std::filesystem::remove_all(journal_->path().parent_path());
  }
  std::optional<Journal> journal_;
  std::optional<HiddenAddresses> addresses_;
};

// covers: LST-2: the route of an IPv6 address comes later than the kernel's acknowledgement
TEST_F(Addresses, WhatComesForAnActivatedAddressIsTakenAtOnce) {
  const AheadOfTheKernel ahead;
  if (!ahead.permitted()) GTEST_SKIP() << "without CAP_SYS_NICE the kernel's threads may come first";
  for (const Address& dvipa : {dvipa_v4, dvipa_v6}) {
    EXPECT_FALSE(takes_packets_for(dvipa));
    ASSERT_TRUE(addresses_->activate(dvipa));
    EXPECT_TRUE(takes_packets_for(dvipa)) << dvipa::to_string(dvipa);
    ASSERT_TRUE(addresses_->deactivate(dvipa));
  }
}

// covers: LST-2
TEST_F(Addresses, ActivatedAddressIsUsableAndDeactivatedOneIsNot) {
  const std::string before = snapshot();
  for (const Address& dvipa : {dvipa_v4, dvipa_v6}) {
    EXPECT_FALSE(can_bind(dvipa));  // the control: it is our doing
    ASSERT_TRUE(addresses_->activate(dvipa));
    ASSERT_TRUE(addresses_->activate(dvipa));
    EXPECT_TRUE(can_bind(dvipa)) << dvipa::to_string(dvipa);  // at once: no duplicate address detection
    EXPECT_TRUE(*addresses_->present(dvipa));
    ASSERT_TRUE(addresses_->deactivate(dvipa));
    ASSERT_TRUE(addresses_->deactivate(dvipa));
    EXPECT_FALSE(can_bind(dvipa));
    EXPECT_FALSE(*addresses_->present(dvipa));
  }
  EXPECT_EQ(snapshot(), before);
  EXPECT_TRUE(journal_->standing().empty());
}

TEST_F(Addresses, AddressOfTheOperatorIsUsedAndNeverRemoved) {
  shell("ip addr add 192.0.2.7/32 dev lo; ip addr add 2001:db8::7/128 dev lo nodad");
  const std::string before = snapshot();
  for (const Address& dvipa : {dvipa_v4, dvipa_v6}) {
    ASSERT_TRUE(addresses_->activate(dvipa));
    EXPECT_TRUE(can_bind(dvipa));
    ASSERT_TRUE(addresses_->deactivate(dvipa));
    EXPECT_TRUE(can_bind(dvipa));
  }
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Addresses, AddressReplacedByTheOperatorIsLeft) {
  ASSERT_TRUE(addresses_->activate(dvipa_v4));
  shell("ip addr del 192.0.2.7/32 dev lo; ip addr add 192.0.2.7/32 dev lo");
  ASSERT_TRUE(addresses_->deactivate(dvipa_v4));
  EXPECT_TRUE(can_bind(dvipa_v4));
}

TEST_F(Addresses, HiddenIPv6AddressIsNotChosenAsSource) {
  shell("ip addr add 2001:db8:1::1/64 dev e0 nodad; ip -6 route add default dev e0");
  ASSERT_TRUE(addresses_->activate(dvipa_v6));
  const std::string route = shell("ip -6 route get 2001:db8::9");
  EXPECT_NE(route.find("src 2001:db8:1::1"), std::string::npos) << route;
}

TEST_F(Addresses, RefusalSaysWhatIsMissing) {
  shell("echo 1 > /proc/sys/net/ipv6/conf/lo/disable_ipv6");
  const auto refused = addresses_->activate(dvipa_v6);
  ASSERT_FALSE(refused);
  EXPECT_NE(to_string(refused.error()).find("disable_ipv6"), std::string::npos) << to_string(refused.error());
  EXPECT_TRUE(journal_->standing().empty());
}

TEST_F(Addresses, LoopbackIsRaisedAndLoweredAgain) {
  enter_fresh_namespace();
  auto addresses = HiddenAddresses::open(*journal_);
  ASSERT_TRUE(addresses) << to_string(addresses.error());
  ASSERT_TRUE(addresses->activate(dvipa_v4));
  EXPECT_NE(shell("ip -o link show lo").find("UP"), std::string::npos);
  EXPECT_TRUE(undo_all(*journal_).empty());
  EXPECT_EQ(shell("ip -o link show lo").find("UP"), std::string::npos);
}

TEST_F(Addresses, LoopbackInUseByOthersStaysUp) {
  enter_fresh_namespace();
  auto addresses = HiddenAddresses::open(*journal_);
  ASSERT_TRUE(addresses) << to_string(addresses.error());
  shell("ip addr add 192.0.2.9/32 dev lo");
  EXPECT_TRUE(undo_all(*journal_).empty());
  EXPECT_NE(shell("ip -o link show lo").find("UP"), std::string::npos);
}

TEST_F(Addresses, SysctlsAreSetAndRestored) {
  shell("echo 1 > /proc/sys/net/ipv4/conf/e0/rp_filter; echo 2 > /proc/sys/net/ipv4/conf/all/arp_ignore");
  const std::string before = snapshot();
  ASSERT_TRUE(set_sysctls(*journal_, sysctls_of_interface("e0")));
  EXPECT_NE(snapshot(), before);
  EXPECT_EQ(shell("cd /proc/sys/net/ipv4/conf; cat all/arp_announce e0/rp_filter all/rp_filter"), "2\n0\n0\n");
  EXPECT_EQ(shell("cat /proc/sys/net/ipv4/conf/all/arp_ignore"), "2\n");  // stricter than asked: left
  const std::size_t noted = journal_->standing().size();
  ASSERT_TRUE(set_sysctls(*journal_, sysctls_of_interface("e0")));
  EXPECT_EQ(journal_->standing().size(), noted);
  EXPECT_TRUE(undo_all(*journal_).empty());
  EXPECT_EQ(snapshot(), before);
}

TEST_F(Addresses, SysctlThatTheOperatorChangedSinceIsLeft) {
  ASSERT_TRUE(set_sysctls(*journal_, sysctls_of_interface("e0")));
  shell("echo 3 > /proc/sys/net/ipv4/conf/all/arp_ignore");
  EXPECT_TRUE(undo_all(*journal_).empty());
  EXPECT_EQ(shell("cd /proc/sys/net/ipv4/conf/all; cat arp_ignore arp_announce"), "3\n0\n");
}

TEST_F(Addresses, SysctlOfAMissingInterfaceIsRefused) {
  const auto refused = set_sysctls(*journal_, sysctls_of_interface("e7"));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("e7/rp_filter"), std::string::npos);
}

TEST_F(Addresses, ActivationTakesMicroseconds) {
  std::vector<double> microseconds;
  for (std::uint32_t i = 0; i < 500; ++i) {
    const auto start = std::chrono::steady_clock::now();
    ASSERT_TRUE(addresses_->activate(Address::v4(0xc6330000U + i)));
    microseconds.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(microseconds.begin(), microseconds.end());
  std::printf("activate: median %.1f us, 99 %% %.1f us\n", microseconds[250], microseconds[495]);
  EXPECT_LT(microseconds[250], 1000.0);
}

}  // namespace
}  // namespace dvipa::kernel::test
