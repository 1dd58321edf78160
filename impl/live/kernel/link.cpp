#include "impl/live/kernel/link.hpp"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace dvipa::kernel {
namespace {

using Request = std::array<char, 256>;

nlmsghdr* start(Request& bytes, std::uint16_t type, std::uint16_t flags, ifinfomsg& body) {
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  return request;
}

// The kind that rtnetlink tells ("tun", "veth"), empty when it tells none.
std::string kind_of(const nlmsghdr& link) {
  std::string kind;
  for_each_attribute(link, sizeof(ifinfomsg), [&kind](const nlattr& attribute) {
    if (mnl_attr_get_type(&attribute) != IFLA_LINKINFO) return;
    for_each_nested_attribute(attribute, [&kind](const nlattr& nested) {
      if (mnl_attr_get_type(&nested) == IFLA_INFO_KIND) kind = mnl_attr_get_str(&nested);
    });
  });
  return kind;
}

}  // namespace

Result<bool> loopback_is_up(Netlink& route) {
  Request bytes{};
  ifinfomsg body{};
  body.ifi_index = loopback_index;
  bool up = false;
  const auto asked = route.exchange(
      *start(bytes, RTM_GETLINK, 0, body),
      [&up](const nlmsghdr& link) {
        up = (static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&link))->ifi_flags & IFF_UP) != 0;
      },
      "look at lo");
  if (!asked) return tl::unexpected(asked.error());
  return up;
}

Result<void> set_loopback(Netlink& route, bool up) {
  Request bytes{};
  ifinfomsg body{};
  body.ifi_index = loopback_index;
  body.ifi_flags = up ? unsigned{IFF_UP} : 0U;
  body.ifi_change = IFF_UP;
  return route.exchange(*start(bytes, RTM_NEWLINK, NLM_F_ACK, body), {}, up ? "bring lo up" : "take lo down");
}

Result<void> remove_tun_device(Netlink& route, const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ)
    return tl::unexpected(Failure{"remove TUN device '" + name + "': no interface can have this name", "", EINVAL});
  Request bytes{};
  ifinfomsg body{};
  nlmsghdr* look = start(bytes, RTM_GETLINK, 0, body);
  mnl_attr_put_strz(look, IFLA_IFNAME, name.c_str());
  int index = 0;
  const int error = route.exchange_quietly(*look, [&index](const nlmsghdr& link) {
    if (kind_of(link) == "tun") index = static_cast<const ifinfomsg*>(mnl_nlmsg_get_payload(&link))->ifi_index;
  });
  if (error == ENODEV || (error == 0 && index == 0)) return {};
  if (error != 0) return tl::unexpected(failure("look at interface " + name, error));
  bytes = {};
  body.ifi_index = index;
  return route.exchange(*start(bytes, RTM_DELLINK, NLM_F_ACK, body), {}, "remove TUN device " + name);
}

}  // namespace dvipa::kernel
