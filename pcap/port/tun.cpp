// The TUN device of local delivery.
#include "pcap/port/tun.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "pcap/port/interface.hpp"

namespace dvipa {
namespace {

tl::expected<void, PortError> bring_up(const std::string& name) {
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  if (!socket || ::ioctl(socket.get(), SIOCGIFFLAGS, &request) != 0) {
    return tl::unexpected(system_error(fmt::format("TUN device {}", name), errno));
  }
  request.ifr_flags |= IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) {
    return tl::unexpected(system_error(fmt::format("bringing TUN device {} up", name), errno));
  }
  return {};
}

tl::expected<void, PortError> set_sysctl(const std::string& path, std::string_view value) {
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return tl::unexpected(system_error(fmt::format("writing {} to {}", value, path), errno));
  }
  return {};
}

// Written before the device is up, so that no packet meets other settings.
tl::expected<void, PortError> prepare(const std::string& name) {
  const std::string ipv4 = fmt::format("/proc/sys/net/ipv4/conf/{}/", name);
  const std::string ipv6 = fmt::format("/proc/sys/net/ipv6/conf/{}/", name);
  if (auto done = set_sysctl(ipv4 + "rp_filter", "0"); !done) return done;
  if (auto done = set_sysctl(ipv4 + "accept_local", "1"); !done) return done;
  if (::access(ipv6.c_str(), F_OK) == 0) {
    // The device speaks to nobody: no address of its own, no router solicitations.
    if (auto done = set_sysctl(ipv6 + "addr_gen_mode", "1"); !done) return done;
    if (auto done = set_sysctl(ipv6 + "accept_ra", "0"); !done) return done;
  }
  return bring_up(name);
}

}  // namespace

tl::expected<TunDevice, PortError> TunDevice::open(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    return tl::unexpected(
        PortError{PortError::Kind::system, fmt::format("TUN device name \"{}\" has not 1 to 15 characters", name)});
  }
  Descriptor fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENXIO || errno == ENODEV)) {
    return tl::unexpected(PortError{PortError::Kind::system,
                                    "there is no /dev/net/tun (modprobe tun; in a container, give it the device)"});
  }
  if (!fd) return tl::unexpected(system_error("opening /dev/net/tun", errno));
  ifreq request{};
  std::memcpy(request.ifr_name, name.c_str(), name.size() + 1);
  request.ifr_flags = static_cast<short>(IFF_TUN | IFF_NO_PI | IFF_VNET_HDR);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    const char* mend = errno == EBUSY ? " (another process has it: is dvipa running already?)" : "";
    return tl::unexpected(system_error(fmt::format("creating TUN device {}{}", name, mend), errno));
  }
  if (auto done = prepare(name); !done) return tl::unexpected(done.error());
  return TunDevice(std::move(fd), name);
}

bool TunDevice::deliver(const Frame& frame, const ParsedFrame& parsed) {
  const std::uint32_t skip = parsed.network_offset;
  if (parsed.network == NetworkProtocol::arp || parsed.packet_end > frame.bytes.size()) {
    ++stats_.refused;
    return false;
  }
  // Offsets of the vnet header count from what is written. Padding is not: it would become part of the checksum.
  VnetHeader vnet = frame.vnet;
  if ((vnet.flags & VnetHeader::needs_checksum) != 0) {
    vnet.checksum_start = static_cast<std::uint16_t>(vnet.checksum_start - skip);
  }
  vnet.header_length =
      vnet.header_length > skip ? static_cast<std::uint16_t>(vnet.header_length - skip) : std::uint16_t{0};
  const auto packet = frame.bytes.subspan(skip, parsed.packet_end - skip);
  const std::array<iovec, 2> parts{{{&vnet, sizeof vnet}, {packet.data(), packet.size()}}};
  const ssize_t written = ::writev(fd_.get(), parts.data(), static_cast<int>(parts.size()));
  if (written < 0) {
    stats_.last_errno = errno;
    ++stats_.refused;
    return false;
  }
  ++stats_.delivered;
  return true;
}

std::vector<std::string> local_delivery_obstacles(const std::string& tun_name) {
  std::vector<std::string> obstacles;
  for (const std::string& interface : {std::string("all"), tun_name}) {
    const std::string key = fmt::format("net/ipv4/conf/{}/rp_filter", interface);
    std::ifstream file("/proc/sys/" + key);
    int value = 0;
    if (file >> value && value != 0) {
      obstacles.push_back(fmt::format("{} is {}: the kernel would drop packets delivered through {} (sysctl -w {}=0)",
                                      key, value, tun_name, key));
    }
  }
  return obstacles;
}

}  // namespace dvipa
