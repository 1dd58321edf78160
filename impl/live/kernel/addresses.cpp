#include "impl/live/kernel/addresses.hpp"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <span>
#include <thread>

#include "impl/live/kernel/link.hpp"

namespace dvipa::kernel {
namespace {

// Every address that we add bears this as its protocol (IFA_PROTO, Linux 5.18), so that our own can be told from an
// equal one of the operator's, also after this process is gone. 1 to 3 are the kernel's.
constexpr std::uint8_t address_mark = 0xd7;

using Request = std::array<char, 256>;

std::span<const std::uint8_t> wire_bytes(const Address& address) {
  const std::span<const std::uint8_t> all(address.bytes);
  return address.is_v4() ? all.subspan(12) : all;
}

nlmsghdr* start(Request& bytes, std::uint16_t type, std::uint16_t flags, const Address& address) {
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = type;
  request->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  ifaddrmsg body{};
  body.ifa_family = address.is_v4() ? AF_INET : AF_INET6;
  body.ifa_index = loopback_index;
  if ((flags & NLM_F_DUMP) != NLM_F_DUMP) {
    body.ifa_prefixlen = address.is_v4() ? 32 : 128;
    body.ifa_flags = address.is_v4() ? 0 : IFA_F_NODAD;
    body.ifa_scope = RT_SCOPE_UNIVERSE;
  }
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  return request;
}

int add(Netlink& netlink, const Address& address) {
  Request bytes{};
  nlmsghdr* request = start(bytes, RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, address);
  const auto value = wire_bytes(address);
  mnl_attr_put(request, IFA_LOCAL, value.size(), value.data());
  mnl_attr_put(request, IFA_ADDRESS, value.size(), value.data());
  mnl_attr_put_u8(request, IFA_PROTO, address_mark);
  if (!address.is_v4()) {
    // A preferred life of zero: never chosen as the source of connections that do not ask for it (RFC 4862, 5.5.4).
    ifa_cacheinfo life{};
    life.ifa_valid = UINT32_MAX;
    life.ifa_prefered = 0;
    mnl_attr_put(request, IFA_CACHEINFO, sizeof life, &life);
  }
  return netlink.exchange_quietly(*request, {});
}

int remove(Netlink& netlink, const Address& address) {
  Request bytes{};
  nlmsghdr* request = start(bytes, RTM_DELADDR, NLM_F_ACK, address);
  const auto value = wire_bytes(address);
  mnl_attr_put(request, IFA_LOCAL, value.size(), value.data());
  return netlink.exchange_quietly(*request, {});
}

struct Presence {
  bool present = false;
  bool marked = false;
};

Presence presence_in(const nlmsghdr& message, const Address& wanted) {
  const auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
  Presence seen;
  if (body->ifa_index != static_cast<unsigned>(loopback_index)) return seen;
  if (body->ifa_prefixlen != (wanted.is_v4() ? 32 : 128)) return seen;
  const auto value = wire_bytes(wanted);
  for_each_attribute(message, sizeof(ifaddrmsg), [&](const nlattr& attribute) {
    const auto type = mnl_attr_get_type(&attribute);
    if (type == (wanted.is_v4() ? IFA_LOCAL : IFA_ADDRESS) && mnl_attr_get_payload_len(&attribute) == value.size() &&
        std::memcmp(mnl_attr_get_payload(&attribute), value.data(), value.size()) == 0)
      seen.present = true;
    if (type == IFA_PROTO) seen.marked = mnl_attr_get_u8(&attribute) == address_mark;
  });
  seen.marked = seen.marked && seen.present;
  return seen;
}

Result<Presence> look(Netlink& netlink, const Address& address) {
  Request bytes{};
  Presence found;
  const auto asked = netlink.exchange(
      *start(bytes, RTM_GETADDR, NLM_F_DUMP, address),
      [&](const nlmsghdr& message) {
        const Presence seen = presence_in(message, address);
        if (seen.present) found = seen;
      },
      "look for " + dvipa::to_string(address) + " on lo");
  if (!asked) return tl::unexpected(asked.error());
  return found;
}

// Whether what is sent to the address is for this host.
Result<bool> is_local(Netlink& netlink, const Address& address) {
  Request bytes{};
  nlmsghdr* request = mnl_nlmsg_put_header(bytes.data());
  request->nlmsg_type = RTM_GETROUTE;
  request->nlmsg_flags = NLM_F_REQUEST;
  rtmsg body{};
  body.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
  body.rtm_dst_len = address.is_v4() ? 32 : 128;
  std::memcpy(mnl_nlmsg_put_extra_header(request, sizeof body), &body, sizeof body);
  const auto value = wire_bytes(address);
  mnl_attr_put(request, RTA_DST, value.size(), value.data());
  bool local = false;
  const int error = netlink.exchange_quietly(*request, [&](const nlmsghdr& message) {
    local = static_cast<const rtmsg*>(mnl_nlmsg_get_payload(&message))->rtm_type == RTN_LOCAL;
  });
  const bool unroutable = error == ENETUNREACH || error == EHOSTUNREACH;
  if (error != 0 && !unroutable)
    return tl::unexpected(failure("look for the route to " + dvipa::to_string(address), error));
  return local;
}

// The kernel acknowledges an IPv6 address before it has its route, which a work queue adds, some milliseconds later on
// a busy host. Until then what comes for the address is answered with an ICMPv6 error, and its clients give up.
Result<void> await_route(Netlink& netlink, const Address& address) {
  constexpr std::chrono::milliseconds limit{1000};
  constexpr std::chrono::microseconds pause{200};
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto local = is_local(netlink, address);
    if (!local) return tl::unexpected(local.error());
    if (*local) return {};
    if (std::chrono::steady_clock::now() > until)
      return tl::unexpected(failure("wait for the route to " + dvipa::to_string(address), ETIMEDOUT));
    std::this_thread::sleep_for(pause);
  }
}

Failure refused_address(const Address& address, int error) {
  Failure refused = failure("add " + dvipa::to_string(address) + " to lo", error);
  if (!address.is_v4() && (error == EACCES || error == EPERM || error == EOPNOTSUPP))
    refused.remedy = "enable IPv6 on lo (sysctl net.ipv6.conf.lo.disable_ipv6=0), or run with CAP_NET_ADMIN";
  return refused;
}

}  // namespace

Result<HiddenAddresses> HiddenAddresses::open(Journal& journal) {
  auto netlink = Netlink::open(NETLINK_ROUTE);
  if (!netlink) return tl::unexpected(netlink.error());
  const auto up = loopback_is_up(*netlink);
  if (!up) return tl::unexpected(up.error());
  if (!*up) {
    if (auto noted = journal.about_to(LoopbackRaised{}); !noted) return tl::unexpected(noted.error());
    if (auto raised = set_loopback(*netlink, true); !raised) return tl::unexpected(raised.error());
  }
  return HiddenAddresses(journal, std::move(*netlink));
}

Result<void> HiddenAddresses::activate(const Address& dvipa) {
  const HostChange change = AddressAdded{dvipa};
  if (auto noted = journal_->about_to(change); !noted) return noted;
  const int error = add(netlink_, dvipa);
  if (error == 0) return await_route(netlink_, dvipa);
  if (error != EEXIST) {
    if (auto noted = journal_->undone(change); !noted) return noted;
    return tl::unexpected(refused_address(dvipa, error));
  }
  const auto seen = look(netlink_, dvipa);
  if (!seen) return tl::unexpected(seen.error());
  if (!seen->marked)
    if (auto noted = journal_->undone(change); !noted) return noted;
  return await_route(netlink_, dvipa);
}

Result<void> HiddenAddresses::deactivate(const Address& dvipa) {
  const HostChange change = AddressAdded{dvipa};
  const auto& standing = journal_->standing();
  if (std::find(standing.begin(), standing.end(), change) == standing.end()) return {};
  if (auto removed = remove_marked_address(netlink_, dvipa); !removed) return removed;
  return journal_->undone(change);
}

Result<bool> HiddenAddresses::present(const Address& dvipa) {
  const auto seen = look(netlink_, dvipa);
  if (!seen) return tl::unexpected(seen.error());
  return seen->present;
}

Result<void> lower_idle_loopback(Netlink& netlink) {
  bool idle = true;
  for (const Address& family : {Address::v4(0), Address{}}) {
    Request bytes{};
    const auto asked = netlink.exchange(
        *start(bytes, RTM_GETADDR, NLM_F_DUMP, family),
        [&idle](const nlmsghdr& message) {
          const auto* body = static_cast<const ifaddrmsg*>(mnl_nlmsg_get_payload(&message));
          if (body->ifa_index == static_cast<unsigned>(loopback_index) && body->ifa_scope != RT_SCOPE_HOST)
            idle = false;
        },
        "look at the addresses of lo");
    if (!asked) return tl::unexpected(asked.error());
  }
  if (!idle) return {};
  return set_loopback(netlink, false);
}

Result<void> remove_marked_address(Netlink& netlink, const Address& address) {
  const auto seen = look(netlink, address);
  if (!seen) return tl::unexpected(seen.error());
  if (!seen->marked) return {};
  const int error = remove(netlink, address);
  if (error != 0 && error != EADDRNOTAVAIL)
    return tl::unexpected(failure("remove " + dvipa::to_string(address) + " from lo", error));
  return {};
}

}  // namespace dvipa::kernel
