// Network namespaces by unshare and setns, which act on one thread.
#include "tests/live/port/namespaces.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "pcap/packet/invariant.hpp"

namespace dvipa::test {

Namespace::Namespace() {
  int error = 0;
  std::thread([&] {
    if (::unshare(CLONE_NEWNET) != 0) error = errno;
    if (error == 0) fd_ = Descriptor(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
  }).join();
  if (!fd_) {
    fmt::print(stderr, "a network namespace: {} (needs CAP_SYS_ADMIN: run as root)\n", std::strerror(error));
    std::exit(3);
  }
  run("ip link set lo up");
  run("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
}

Namespace::Stay::Stay(const Namespace& there) : back_(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)) {
  require(back_ && ::setns(there.fd(), CLONE_NEWNET) == 0, "a thread enters a namespace of its process");
}
Namespace::Stay::~Stay() { require(::setns(back_.get(), CLONE_NEWNET) == 0, "a thread goes back"); }

void Namespace::run(const std::string& command) const {
  const Stay stay(*this);
  if (std::system(command.c_str()) != 0) {
    fmt::print(stderr, "failed: {}\n", command);
    std::exit(3);
  }
}

std::string Namespace::path() const { return fmt::format("/proc/{}/fd/{}", ::getpid(), fd_.get()); }

void join_by_veth(const Namespace& a, const std::string& name_a, const Namespace& b, const std::string& name_b) {
  a.run(fmt::format("ip link add {} type veth peer name {} netns {}", name_a, name_b, b.path()));
  a.run(fmt::format("ip link set {} up", name_a));
  b.run(fmt::format("ip link set {} up", name_b));
}

}  // namespace dvipa::test
