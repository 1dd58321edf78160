// Takes back what a journal says that was done to the host.
#include <linux/netlink.h>

#include "impl/live/kernel/addresses.hpp"
#include "impl/live/kernel/fence.hpp"
#include "impl/live/kernel/journal.hpp"
#include "impl/live/kernel/link.hpp"
#include "impl/live/kernel/sysctl.hpp"

namespace dvipa::kernel {
namespace {

struct Undo {
  Netlink& route;
  Result<void> operator()(const LoopbackRaised&) const { return lower_idle_loopback(route); }
  Result<void> operator()(const AddressAdded& change) const { return remove_marked_address(route, change.address); }
  Result<void> operator()(const SysctlSet& change) const { return restore_sysctl(change); }
  Result<void> operator()(const FenceTableMade& change) const { return remove_fence_table(change.table); }
  Result<void> operator()(const TunDeviceMade& change) const { return remove_tun_device(route, change.name); }
};

}  // namespace

std::vector<Failure> undo_all(Journal& journal) {
  std::vector<Failure> failures;
  if (journal.standing().empty()) return failures;
  auto route = Netlink::open(NETLINK_ROUTE);
  if (!route) {
    failures.push_back(route.error());
    return failures;
  }
  const std::vector<HostChange> changes = journal.standing();
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    auto taken_back = std::visit(Undo{*route}, *change);
    if (taken_back) taken_back = journal.undone(*change);
    if (!taken_back) failures.push_back(taken_back.error());
  }
  return failures;
}

}  // namespace dvipa::kernel
