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

std::optional<Address> OperatorOrders::source_of(std::string_view job, bool v4) const {
  const SourceDefinition* longest = nullptr;
  for (const SourceDefinition& each : definitions_.sources) {
    const std::string_view name = each.job;
    const bool fits = name.ends_with('*') ? job.starts_with(name.substr(0, name.size() - 1)) : job == name;
    if (!fits || each.source.is_v4() != v4) continue;
    const bool exact = !name.ends_with('*');
    if (longest == nullptr || exact || name.size() > longest->job.size()) longest = &each;
    if (exact) break;
  }
  return longest == nullptr ? std::nullopt : std::optional(longest->source);
}

void OperatorOrders::weigh(const Address& dvipa, StackId target, std::optional<std::uint16_t> weight) {
  if (weight) {
    weights_[{dvipa, target}] = *weight;
  } else {
    weights_.erase({dvipa, target});
  }
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
