#pragma once
// The destination port table (DPT) of one DVIPA: which stacks are current actual targets of which port, and whose turn
// it is (F Fig 5 (108), RTE-1, RTE-5, RTE-8).
#include <cstdint>
#include <tuple>
#include <vector>

#include "impl/tables/routing_table.hpp"
#include "spec/vocabulary/definitions.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::tables {

struct ActualTarget {
  StackId stack;
  std::uint16_t weight = 1;  // 0-255; 0: only when nobody else is ready
  std::int32_t credit = 0;   // of smooth weighted distribution: the largest is next
  bool operator==(const ActualTarget&) const = default;
};

class DestinationPortTable {
 public:
  // False when it was there already.
  bool add(Port port, StackId stack, std::uint16_t weight);
  bool remove(Port port, StackId stack);
  // All ports of a stack; returns how many entries went (FLV-12).
  std::size_t remove_stack(StackId stack);
  void clear() { ports_.clear(); }
  // Of the stack, on every port.
  void set_weight(StackId stack, std::uint16_t weight);

  bool contains(Port port, StackId stack) const;
  std::size_t size() const;  // (port, stack) pairs

  // Whose turn it is for a new connection to `port`; nobody when no stack listens there (RTE-8).
  //   round_robin         in turn, in StackId order, whatever the weights
  //   weighted, base_wlm  in proportion to the weights; with equal ones in turn
  //   weighted_active     whoever has the fewest of the connections in `routes` for its weight
  //   hot_standby         the one with the largest weight; of several the one with the lowest StackId
  StackId select(Port port, DistMethod method, const RoutingTable& routes);
  // The round robin of `port` goes on with `next`, or with the one after it that listens.
  void set_turn(Port port, StackId next);

  template <class Visitor>  // void(Port, const ActualTarget&), ascending by port, then stack
  void for_each(Visitor&& visit) const {
    for (const PortEntry& entry : ports_)
      for (const ActualTarget& target : entry.targets) visit(entry.port, target);
  }

  bool operator==(const DestinationPortTable&) const = default;
  auto fields() const { return std::tie(ports_); }

 private:
  struct PortEntry {
    Port port = 0;
    StackId last;                       // of round robin
    std::vector<ActualTarget> targets;  // ascending by stack, never empty
    bool operator==(const PortEntry&) const = default;
  };
  const PortEntry* find(Port port) const;
  static StackId next_in_turn(PortEntry& entry);
  static StackId next_by_weight(PortEntry& entry);
  static StackId least_loaded(PortEntry& entry, const RoutingTable& routes);
  static StackId preferred(const PortEntry& entry);

  std::vector<PortEntry> ports_;  // ascending by port
};

}  // namespace dvipa::tables
