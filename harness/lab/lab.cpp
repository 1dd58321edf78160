// A host is a process that holds namespaces and sleeps. Set-up is left to `ip -batch`; faults, which are timed, are
// system calls.
#include "harness/lab/lab.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <set>

#include "harness/lab/command.hpp"
#include "harness/lab/pidfd.hpp"

namespace dvipa::lab {
namespace {

constexpr int namespaces_of_host = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS;
const std::string segment;  // the holder of the bridges is the host without a name
constexpr const char* bridge = "segment";
constexpr const char* bridge_beyond = "beyond";  // what is parted from it

Failure no_such_host(const std::string& host) {
  return {fmt::format("there is no host '{}'", host), "see dvipa lab status"};
}

// /run is the host's own (state files there are its own), and /sys shows its interfaces where the kernel lets it.
bool furnish(const std::string& name) {
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return false;
  if (::mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=0755") != 0) return false;
  if (::mount("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr) != 0 && errno != EPERM &&
      errno != EBUSY)
    return false;
  return name == segment || ::sethostname(name.data(), name.size()) == 0;
}

int hold_namespaces(const std::string& name, int ready) {
  const bool made = ::unshare(namespaces_of_host) == 0 && furnish(name);
  const int error_number = made ? 0 : errno;
  if (::write(ready, &error_number, sizeof error_number) != sizeof error_number) return 1;
  ::close(ready);
  for (;;) ::pause();
}

bool write_sysctl(const std::string& name, const std::string& value) {
  std::string path = "/proc/sys/" + name;
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file && ::write(file.get(), value.data(), value.size()) == static_cast<ssize_t>(value.size());
}

bool kernel_has_v6() { return ::access("/proc/sys/net/ipv6", F_OK) == 0; }

// Room for thousands of connections that are all opened at once, and no second of waiting for IPv6 addresses.
int set_sysctls() {
  bool fine = write_sysctl("net/core/somaxconn", "16384");
  fine &= write_sysctl("net/ipv4/tcp_max_syn_backlog", "16384");
  fine &= write_sysctl("net/ipv4/ip_local_port_range", "10240 65000");
  if (kernel_has_v6())
    fine &= write_sysctl("net/ipv6/conf/all/accept_dad", "0") && write_sysctl("net/ipv6/conf/e0/accept_dad", "0");
  return fine ? 0 : 1;
}

bool is_host_name(const std::string& name) {
  return !name.empty() && name.size() < IFNAMSIZ &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

Result<void> check(const Plan& plan) {
  std::set<std::string> names{bridge, bridge_beyond};
  for (const HostPlan& host : plan.hosts) {
    if (!is_host_name(host.name) || !names.insert(host.name).second)
      return tl::unexpected(Failure{fmt::format("'{}' cannot be the name of a host", host.name),
                                    "use each name once: 1-15 letters, digits, '-', and not 'segment' or 'beyond'"});
    if (host.addresses.empty() || !host.addresses.front().is_v4())
      return tl::unexpected(Failure{fmt::format("{} has no IPv4 address", host.name), "give it one as its first"});
  }
  return {};
}

// fd77::N
Address address_v6(unsigned number) {
  Address address{{0xfd, 0x77}};
  address.bytes[15] = static_cast<std::uint8_t>(number);
  return address;
}

}  // namespace

Plan standard_plan(unsigned stacks, unsigned clients) {
  Plan plan;
  constexpr std::uint32_t network = 10U << 24 | 77U << 16;
  for (unsigned n = 0; n < clients; ++n) {
    HostPlan client{n == 0 ? "client" : fmt::format("client{}", n + 1), {}, true};
    const unsigned first = stacks_max + 1 + n * client_addresses;
    for (unsigned i = 0; i < client_addresses; ++i) client.addresses.push_back(Address::v4(network + first + i));
    for (unsigned i = 0; i < client_addresses; ++i) client.addresses.push_back(address_v6(first + i));
    plan.hosts.push_back(std::move(client));
  }
  for (unsigned n = 1; n <= stacks; ++n)
    plan.hosts.push_back({fmt::format("MVS{}", n), {Address::v4(network + n), address_v6(n)}});
  return plan;
}

std::string mac_address(const HostPlan& host) {
  const auto value = host.addresses.front().v4_value();
  return fmt::format("02:00:{:02x}:{:02x}:{:02x}:{:02x}", value >> 24, value >> 16 & 255U, value >> 8 & 255U,
                     value & 255U);
}

bool enter(int pidfd, int flags) { return ::setns(pidfd, flags) == 0; }

Result<Lab> Lab::build(const Plan& plan) {
  if (auto fine = check(plan); !fine) return tl::unexpected(fine.error());
  Lab lab;
  lab.plan_ = plan;
  lab.own_network_ = FileDescriptor(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  if (!lab.own_network_) return failure("open /proc/self/ns/net", errno);
  if (auto held = lab.hold(segment); !held) return tl::unexpected(held.error());
  for (const HostPlan& host : plan.hosts)
    if (auto held = lab.hold(host.name); !held) return tl::unexpected(held.error());
  if (auto connected = lab.connect_hosts(); !connected) return tl::unexpected(connected.error());
  for (const HostPlan& host : plan.hosts)
    if (auto configured = lab.configure(host); !configured) return tl::unexpected(configured.error());
  auto opened = lab.within(
      segment, [&lab] { lab.segment_socket_ = FileDescriptor(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)); });
  if (!opened) return tl::unexpected(opened.error());
  if (!lab.segment_socket_) return failure("socket", errno);
  return lab;
}

Result<void> Lab::hold(const std::string& name) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return failure("pipe", errno);
  const FileDescriptor read(ends[0]);
  FileDescriptor write(ends[1]);
  auto holder = Process::start([&] { return hold_namespaces(name, write.get()); });
  if (!holder) return tl::unexpected(holder.error());
  write.reset();
  int error_number = 0;
  if (::read(read.get(), &error_number, sizeof error_number) != sizeof error_number) error_number = ECHILD;
  if (error_number != 0) return failure("make the namespaces of a host", error_number);
  hosts_[name].holder = std::move(*holder);
  return {};
}

Result<void> Lab::connect_hosts() {
  std::string batch;
  // Without an address of its own a bridge takes that of one of its ports, and another one when that is moved.
  for (unsigned n = 0; const char* each : {bridge, bridge_beyond})
    batch += fmt::format(
        "link add {0} address 02:00:00:00:00:{1:02x} type bridge stp_state 0 forward_delay 0 mcast_snooping 0\n"
        "link set {0} up\n",
        each, ++n);
  for (const HostPlan& host : plan_.hosts) {
    batch += fmt::format("link add {} type veth peer name e0 address {} netns {}\n", host.name, mac_address(host),
                         holder(host.name));
    batch += fmt::format("link set {} master {} up\n", host.name, bridge);
  }
  auto process = [this](const std::function<int()>& body) { return start(segment, body); };
  auto output = run_command(process, {"ip", "-batch", "-"}, batch);
  if (!output) return tl::unexpected(output.error());
  return {};
}

Result<void> Lab::configure(const HostPlan& host) {
  auto sysctls = start(host.name, set_sysctls);
  if (!sysctls) return tl::unexpected(sysctls.error());
  if (const auto status = sysctls->wait(std::chrono::seconds(10)); !status || !status->passed())
    return tl::unexpected(Failure{"the network sysctls of a host cannot be written", "mount /proc/sys read-write"});
  std::string batch = "link set lo up\nlink set e0 up\n";
  for (const Address& address : host.addresses) {
    if (address.is_v4()) {
      batch += fmt::format("addr add {}/{} brd + dev e0\n", to_string(address), plan_.prefix_bits);
    } else if (kernel_has_v6()) {
      batch += fmt::format("addr add {}/{} dev e0 nodad\n", to_string(address), plan_.prefix_bits_v6);
    }
  }
  auto process = [this, &host](const std::function<int()>& body) { return start(host.name, body); };
  auto output = run_command(process, {"ip", "-batch", "-"}, batch);
  if (!output) return tl::unexpected(output.error());
  return {};
}

Result<Lab::Host*> Lab::find(const std::string& host) {
  const auto found = hosts_.find(host);
  if (found == hosts_.end()) return tl::unexpected(no_such_host(host));
  return &found->second;
}

pid_t Lab::holder(const std::string& host) const {
  const auto found = hosts_.find(host);
  return found == hosts_.end() ? 0 : found->second.holder.pid();
}

Result<Process> Lab::start(const std::string& host, const std::function<int()>& body) {
  const auto found = find(host);
  if (!found) return tl::unexpected(found.error());
  const int pidfd = (*found)->holder.pidfd();
  return Process::start([&body, pidfd, &host] {
    std::array<char, 4096> folder{};
    const bool stays = ::getcwd(folder.data(), folder.size()) != nullptr;  // a mount namespace is entered at its root
    if (!enter(pidfd, namespaces_of_host) || (stays && ::chdir(folder.data()) != 0)) {
      fmt::print(stderr, "enter {}: {}\n", host, std::strerror(errno));
      return 127;
    }
    return body();
  });
}

Result<Process> Lab::start(const std::string& host, const std::vector<std::string>& command) {
  return start(host, [&command] { return execute(command); });
}

Result<std::string> Lab::run(const std::string& host, const std::vector<std::string>& command) {
  auto process = [this, &host](const std::function<int()>& body) { return start(host, body); };
  return run_command(process, command, "");
}

Result<void> Lab::within(const std::string& host, const std::function<void()>& action) {
  const auto found = find(host);
  if (!found) return tl::unexpected(found.error());
  if (!enter((*found)->holder.pidfd(), CLONE_NEWNET)) return failure("enter the network of " + host, errno);
  action();
  // Were this process left in a host's network, everything after would be done to the wrong host.
  if (::setns(own_network_.get(), CLONE_NEWNET) != 0) std::abort();
  return {};
}

Result<void> Lab::within_segment(const std::function<void(const std::vector<std::string>& interfaces)>& action) {
  return within(segment, [&action] { action({bridge, bridge_beyond}); });
}

Result<void> Lab::set_link(const std::string& host, bool up) {
  if (host == segment || !hosts_.contains(host)) return tl::unexpected(no_such_host(host));
  ifreq request{};
  host.copy(request.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(segment_socket_.get(), SIOCGIFFLAGS, &request) != 0) return failure("read the link of " + host, errno);
  const auto flags = static_cast<unsigned>(request.ifr_flags);
  request.ifr_flags = static_cast<short>(up ? flags | IFF_UP : flags & ~unsigned{IFF_UP});
  if (::ioctl(segment_socket_.get(), SIOCSIFFLAGS, &request) != 0) return failure("set the link of " + host, errno);
  return {};
}

Result<void> Lab::move_port(const std::string& host, const char* from, const char* to) {
  ifreq port{};
  host.copy(port.ifr_name, IFNAMSIZ - 1);
  if (::ioctl(segment_socket_.get(), SIOCGIFINDEX, &port) != 0) return failure("find the cable of " + host, errno);
  ifreq request{};
  request.ifr_ifindex = port.ifr_ifindex;
  std::strncpy(request.ifr_name, from, IFNAMSIZ - 1);
  if (::ioctl(segment_socket_.get(), SIOCBRDELIF, &request) != 0) return failure("part " + host, errno);
  request = {};
  request.ifr_ifindex = port.ifr_ifindex;
  std::strncpy(request.ifr_name, to, IFNAMSIZ - 1);
  if (::ioctl(segment_socket_.get(), SIOCBRADDIF, &request) != 0) return failure("part " + host, errno);
  return {};
}

Result<void> Lab::part(const std::set<std::string>& hosts) {
  for (const std::string& host : hosts)
    if (host == segment || !hosts_.contains(host)) return tl::unexpected(no_such_host(host));
  for (const HostPlan& host : plan_.hosts) {
    const bool is_beyond = beyond_.contains(host.name);
    if (is_beyond == hosts.contains(host.name)) continue;
    auto moved = is_beyond ? move_port(host.name, bridge_beyond, bridge) : move_port(host.name, bridge, bridge_beyond);
    if (!moved) return moved;
    is_beyond ? void(beyond_.erase(host.name)) : void(beyond_.insert(host.name));
  }
  return {};
}

}  // namespace dvipa::lab
