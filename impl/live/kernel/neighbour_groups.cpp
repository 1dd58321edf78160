#include "impl/live/kernel/neighbour_groups.hpp"

#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace dvipa::kernel {

Address solicited_node_group(const Address& address) {
  Address group{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}};
  std::copy(address.bytes.begin() + 13, address.bytes.end(), group.bytes.begin() + 13);
  return group;
}

Result<NeighbourGroups> NeighbourGroups::open(const std::string& interface) {
  const unsigned index = if_nametoindex(interface.c_str());
  if (index == 0) return tl::unexpected(failure("look for " + interface, errno));
  const int socket = ::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0 && errno != EAFNOSUPPORT) return tl::unexpected(failure("open an IPv6 socket", errno));
  return NeighbourGroups(socket, index);
}

NeighbourGroups::NeighbourGroups(NeighbourGroups&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), interface_(other.interface_), joined_(std::move(other.joined_)) {}

NeighbourGroups::~NeighbourGroups() {
  if (socket_ >= 0) ::close(socket_);
}

namespace {

bool change_membership(int socket, int option, const Address& group, unsigned interface) {
  ipv6_mreq request{};
  std::memcpy(&request.ipv6mr_multiaddr, group.bytes.data(), group.bytes.size());
  request.ipv6mr_interface = interface;
  return ::setsockopt(socket, IPPROTO_IPV6, option, &request, sizeof request) == 0;
}

}  // namespace

Result<void> NeighbourGroups::join(const Address& dvipa) {
  if (dvipa.is_v4() || socket_ < 0 || joined_.contains(dvipa)) return {};
  const Address group = solicited_node_group(dvipa);
  const bool member = std::ranges::any_of(joined_, [&](const auto& each) { return each.second == group; });
  if (!member && !change_membership(socket_, IPV6_JOIN_GROUP, group, interface_))
    return tl::unexpected(failure("join " + dvipa::to_string(group), errno));
  joined_.emplace(dvipa, group);
  return {};
}

Result<void> NeighbourGroups::leave(const Address& dvipa) {
  const auto joined = joined_.find(dvipa);
  if (joined == joined_.end()) return {};
  const Address group = joined->second;
  joined_.erase(joined);
  if (std::ranges::any_of(joined_, [&](const auto& each) { return each.second == group; })) return {};
  if (!change_membership(socket_, IPV6_LEAVE_GROUP, group, interface_))
    return tl::unexpected(failure("leave " + dvipa::to_string(group), errno));
  return {};
}

}  // namespace dvipa::kernel
