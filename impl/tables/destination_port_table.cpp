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

StackId DestinationPortTable::select(Port port, DistMethod method) {
  auto* entry = const_cast<PortEntry*>(find(port));
  if (entry == nullptr) return nobody;
  return method == DistMethod::weighted ? next_by_weight(*entry) : next_in_turn(*entry);
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

}  // namespace dvipa::tables
