#include "impl/live/kernel/neighbours.hpp"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace dvipa::kernel {
namespace {

using Request = std::array<char, 128>;

nlmsghdr* start(Request& bytes, std::uint16_t type, std::uint16_t flags, int interface, const Address& neighbour) {
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  ndmsg body{};
  body.ndm_family = AF_INET;
  body.ndm_ifindex = interface;
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  mnl_attr_put(request, NDA_DST, 4, neighbour.bytes.data() + 12);
  return request;
}

}  // namespace

Result<Neighbours> Neighbours::open(const std::string& interface) {
  const unsigned index = ::if_nametoindex(interface.c_str());
  if (index == 0) return tl::unexpected(failure("look for " + interface, errno));
  auto netlink = Netlink::open(NETLINK_ROUTE);
  if (!netlink) return tl::unexpected(netlink.error());
  return Neighbours(std::move(*netlink), static_cast<int>(index));
}

void Neighbours::ask_anew(const Address& neighbour) {
  if (!neighbour.is_v4()) return;
  std::uint16_t state = NUD_NONE;
  Request get{};
  const int unknown =
      netlink_.exchange_quietly(*start(get, RTM_GETNEIGH, 0, interface_, neighbour), [&](const nlmsghdr& answer) {
        ndmsg body{};
        std::memcpy(&body, mnl_nlmsg_get_payload(&answer), sizeof body);
        state = body.ndm_state;
      });
  if (unknown != 0 || (state & (NUD_INCOMPLETE | NUD_PROBE)) == 0) return;
  Request forget{};
  (void)netlink_.exchange_quietly(*start(forget, RTM_DELNEIGH, NLM_F_ACK, interface_, neighbour), {});
}

}  // namespace dvipa::kernel
