#include "impl/live/shell/operator_orders.hpp"

#include <algorithm>

namespace dvipa {

void OperatorOrders::set_definitions(Definitions definitions) {
  definitions_ = std::move(definitions);
  std::erase_if(deactivated_, [this](const Address& dvipa) { return find(dvipa) == nullptr; });
}

Definitions OperatorOrders::in_force() const {
  Definitions in_force = definitions_;
  std::erase_if(in_force.dvipas, [this](const DvipaDefinition& each) { return is_deactivated(each.dvipa); });
  return in_force;
}

const DvipaDefinition* OperatorOrders::find(const Address& dvipa) const {
  const auto found = std::ranges::find(definitions_.dvipas, dvipa, &DvipaDefinition::dvipa);
  return found == definitions_.dvipas.end() ? nullptr : &*found;
}

void OperatorOrders::quiesce(std::optional<Port> port) {
  if (port) {
    quiesced_.insert(*port);
  } else {
    all_quiesced_ = true;
  }
}

void OperatorOrders::resume(std::optional<Port> port) {
  if (port) {
    quiesced_.erase(*port);
  } else {
    quiesced_.clear();
    all_quiesced_ = false;
  }
}

std::vector<ListenersHere::Change> ListenersHere::untold(const OperatorOrders& orders) {
  std::vector<Change> changes;
  const auto is_to_be_told = [&](const kernel::Listener& listener) {
    return there_.contains(listener) && !orders.is_quiesced(listener.port);
  };
  for (const kernel::Listener& listener : told_)
    if (!is_to_be_told(listener)) changes.push_back({listener, false});
  for (const kernel::Listener& listener : there_)
    if (is_to_be_told(listener) && !told_.contains(listener)) changes.push_back({listener, true});
  for (const Change& change : changes) {
    if (change.listening) {
      told_.insert(change.listener);
    } else {
      told_.erase(change.listener);
    }
  }
  return changes;
}

}  // namespace dvipa
