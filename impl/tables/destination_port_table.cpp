#include "impl/tables/destination_port_table.hpp"

#include <algorithm>

namespace dvipa::tables {
namespace {

template <class Entries>
auto port_position(Entries& entries, Port port) {
  return std::lower_bound(entries.begin(), entries.end(), port,
                          [](const auto& entry, Port p) { return entry.port < p; });
}

template <class Targets>
auto stack_position(Targets& targets, StackId stack) {
  return std::lower_bound(targets.begin(), targets.end(), stack,
                          [](const ActualTarget& target, StackId s) { return target.stack < s; });
}

}  // namespace

const DestinationPortTable::PortEntry* DestinationPortTable::find(Port port) const {
  const auto at = port_position(ports_, port);
  return at != ports_.end() && at->port == port ? &*at : nullptr;
}

bool DestinationPortTable::add(Port port, StackId stack, std::uint16_t weight) {
  auto entry = port_position(ports_, port);
  if (entry == ports_.end() || entry->port != port) entry = ports_.insert(entry, PortEntry{port, nobody, {}});
  const auto at = stack_position(entry->targets, stack);
  if (at != entry->targets.end() && at->stack == stack) {
    at->weight = weight;
    return false;
  }
  entry->targets.insert(at, ActualTarget{stack, weight, 0});
  return true;
}

bool DestinationPortTable::remove(Port port, StackId stack) {
  const auto entry = port_position(ports_, port);
  if (entry == ports_.end() || entry->port != port) return false;
  const auto at = stack_position(entry->targets, stack);
  if (at == entry->targets.end() || at->stack != stack) return false;
  entry->targets.erase(at);
  if (entry->targets.empty()) ports_.erase(entry);
  return true;
}

std::size_t DestinationPortTable::remove_stack(StackId stack) {
  std::size_t removed = 0;
  for (PortEntry& entry : ports_)
    removed += std::erase_if(entry.targets, [&](const ActualTarget& target) { return target.stack == stack; });
  std::erase_if(ports_, [](const PortEntry& entry) { return entry.targets.empty(); });
  return removed;
}

bool DestinationPortTable::contains(Port port, StackId stack) const {
  const PortEntry* entry = find(port);
  return entry != nullptr && std::any_of(entry->targets.begin(), entry->targets.end(),
                                         [&](const ActualTarget& target) { return target.stack == stack; });
}

std::size_t DestinationPortTable::size() const {
  std::size_t pairs = 0;
  for (const PortEntry& entry : ports_) pairs += entry.targets.size();
  return pairs;
}

void DestinationPortTable::set_weight(StackId stack, std::uint16_t weight) {
  for (PortEntry& entry : ports_)
    for (ActualTarget& target : entry.targets)
      if (target.stack == stack) target.weight = weight;
}

StackId DestinationPortTable::select(Port port, DistMethod method, const RoutingTable& routes) {
  auto* entry = const_cast<PortEntry*>(find(port));
  if (entry == nullptr) return nobody;
  switch (method) {
    case DistMethod::weighted:
    case DistMethod::base_wlm:
      return next_by_weight(*entry);
    case DistMethod::weighted_active:
      return least_loaded(*entry, routes);
    case DistMethod::hot_standby:
      return preferred(*entry);
    case DistMethod::round_robin:
      break;
  }
  return next_in_turn(*entry);
}

void DestinationPortTable::set_turn(Port port, StackId next) {
  if (auto* entry = const_cast<PortEntry*>(find(port)))
    entry->last = {static_cast<std::uint8_t>(next.value - (next ? 1U : 0U))};
}

StackId DestinationPortTable::next_in_turn(PortEntry& entry) {
  const auto after = std::upper_bound(entry.targets.begin(), entry.targets.end(), entry.last,
                                      [](StackId last, const ActualTarget& target) { return last < target.stack; });
  entry.last = after == entry.targets.end() ? entry.targets.front().stack : after->stack;
  return entry.last;
}

// Smooth weighted round robin: everyone earns its weight each turn, the richest is chosen and pays the sum, so that a
// heavy target's turns are spread and not served in a burst.
StackId DestinationPortTable::next_by_weight(PortEntry& entry) {
  std::int32_t sum = 0;
  ActualTarget* richest = nullptr;
  for (ActualTarget& target : entry.targets) {
    if (target.weight == 0) continue;
    sum += target.weight;
    target.credit += target.weight;
    if (richest == nullptr || target.credit > richest->credit) richest = &target;
  }
  if (richest == nullptr) return next_in_turn(entry);
  richest->credit -= sum;
  return richest->stack;
}

// Connections per weight, compared without dividing. Of equals the one after the last in turn, so that a quiet group is
// filled evenly.
StackId DestinationPortTable::least_loaded(PortEntry& entry, const RoutingTable& routes) {
  const ActualTarget* least = nullptr;
  const auto is_less = [&](const ActualTarget& one, const ActualTarget& other) {
    const std::uint64_t here = std::uint64_t{routes.routed_to(one.stack)} * other.weight;
    const std::uint64_t there = std::uint64_t{routes.routed_to(other.stack)} * one.weight;
    if (here != there) return here < there;
    const bool one_waited = entry.last < one.stack;
    const bool other_waited = entry.last < other.stack;
    return one_waited != other_waited ? one_waited : one.stack < other.stack;
  };
  for (const ActualTarget& target : entry.targets)
    if (target.weight != 0 && (least == nullptr || is_less(target, *least))) least = &target;
  if (least == nullptr) return next_in_turn(entry);
  entry.last = least->stack;
  return entry.last;
}

StackId DestinationPortTable::preferred(const PortEntry& entry) {
  return std::ranges::max_element(entry.targets, {}, &ActualTarget::weight)->stack;  // the first of equals
}

}  // namespace dvipa::tables
