#pragma once
// What `dvipa netstat` shows of a running stack, as rows with the columns of the field. Pure: the stack is only read.
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>

#include "impl/live/cluster.hpp"
#include "impl/live/shell/operator_orders.hpp"
#include "impl/live/shell/packet_path.hpp"
#include "impl/live/shell/requests.hpp"
#include "impl/stack/stack.hpp"

namespace dvipa {

// What the shell has seen of a DVIPA's ownership here.
struct OwnershipNote {
  std::int64_t changed_ns = 0;  // CLOCK_REALTIME; 0: never
  std::string requirement;      // of the last change
  bool gave_up = false;         // this stack has owned it, and does not now
};

struct StackView {
  const Stack& stack;
  const Cluster& cluster;
  const OperatorOrders& orders;
  const std::map<Address, OwnershipNote>& notes;
  const RoutedTotals& totals;
};

// {"rows": [...]}, and for vcrt "total": how many there are, of which "rows" are at most `rows_max`.
nlohmann::ordered_json display(const StackView& view, const request::Netstat& netstat);

// ACTIVE, BACKUP, MOVING, QUIESCING, DEACTIVATED; empty: this stack has nothing to do with the DVIPA.
std::string status_of(const StackView& view, const Address& address, const Stack::Dvipa& dvipa);

}  // namespace dvipa
