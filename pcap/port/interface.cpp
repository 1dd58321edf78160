// Interface questions by ioctl, which need no capability and take no lock that a busy host holds for long.
#include "pcap/port/interface.hpp"

#include <fmt/format.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace dvipa {
namespace {

bool ask(int socket_fd, unsigned long request, const std::string& name, ifreq& answer) {
  if (name.empty() || name.size() >= IFNAMSIZ) {
    errno = ENODEV;
    return false;
  }
  std::memset(&answer, 0, sizeof answer);
  std::memcpy(answer.ifr_name, name.c_str(), name.size() + 1);
  return ::ioctl(socket_fd, request, &answer) == 0;
}

PortError question_failed(const std::string& name) {
  return errno == ENODEV || errno == ENXIO ? interface_missing(name)
                                           : system_error(fmt::format("interface {}", name), errno);
}

}  // namespace

tl::expected<Interface, PortError> query_interface(int socket_fd, const std::string& name) {
  Interface interface;
  ifreq answer{};
  if (!ask(socket_fd, SIOCGIFINDEX, name, answer)) return tl::unexpected(question_failed(name));
  interface.index = answer.ifr_ifindex;
  if (!ask(socket_fd, SIOCGIFHWADDR, name, answer)) return tl::unexpected(question_failed(name));
  if (answer.ifr_hwaddr.sa_family != ARPHRD_ETHER) {
    return tl::unexpected(
        PortError{PortError::Kind::system, fmt::format("interface {} is not Ethernet (name one that is)", name)});
  }
  std::memcpy(interface.mac.bytes.data(), answer.ifr_hwaddr.sa_data, interface.mac.bytes.size());
  if (!ask(socket_fd, SIOCGIFMTU, name, answer)) return tl::unexpected(question_failed(name));
  interface.mtu = static_cast<unsigned>(answer.ifr_mtu);
  if (!ask(socket_fd, SIOCGIFFLAGS, name, answer)) return tl::unexpected(question_failed(name));
  interface.up = (answer.ifr_flags & IFF_UP) != 0;
  return interface;
}

LinkState link_state(int socket_fd, int index) {
  ifreq answer{};
  answer.ifr_ifindex = index;
  if (::ioctl(socket_fd, SIOCGIFNAME, &answer) != 0) return LinkState::gone;
  if (::ioctl(socket_fd, SIOCGIFFLAGS, &answer) != 0) return LinkState::gone;
  return (answer.ifr_flags & IFF_UP) != 0 ? LinkState::up : LinkState::down;
}

tl::expected<unsigned, PortError> query_mtu(int socket_fd, const std::string& name) {
  ifreq answer{};
  if (!ask(socket_fd, SIOCGIFMTU, name, answer)) return tl::unexpected(question_failed(name));
  return static_cast<unsigned>(answer.ifr_mtu);
}

PortError system_error(std::string_view what, int error_number) {
  const std::string words = std::generic_category().message(error_number);
  if (error_number == EPERM || error_number == EACCES) {
    return {PortError::Kind::not_permitted,
            fmt::format("{}: {} (needs the capability CAP_NET_RAW, for a TUN device CAP_NET_ADMIN: run as root, or "
                        "setcap cap_net_raw,cap_net_admin+ep on the program)",
                        what, words)};
  }
  return {PortError::Kind::system, fmt::format("{}: {}", what, words)};
}

PortError interface_missing(const std::string& name) {
  return {PortError::Kind::interface_missing,
          fmt::format("there is no interface {} (ip link shows those of this network namespace)", name)};
}

PortError interface_down(const std::string& name) {
  return {PortError::Kind::interface_down, fmt::format("interface {} is down (ip link set {} up)", name, name)};
}

}  // namespace dvipa
