#include "impl/wire/well_formed.hpp"

#include <algorithm>

namespace dvipa::wire {
namespace {

bool ascending_and_apart(const std::vector<PortRange>& ranges) {
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    if (ranges[i].first > ranges[i].last) return false;
    if (i > 0 && ranges[i].first <= std::uint32_t{ranges[i - 1].last} + 1) return false;
  }
  return true;
}

bool strictly_ascending(const std::vector<Address>& addresses) {
  return std::adjacent_find(addresses.begin(), addresses.end(), std::greater_equal<>()) == addresses.end();
}

std::string_view fault_of(const Distribution& distribution) {
  if (!ascending_and_apart(distribution.ports.ranges)) return "port ranges not ascending and apart";
  if (!strictly_ascending(distribution.targets.xcf_addresses)) return "targets not ascending";
  for (const TargetWeight& each : distribution.weights)
    if (each.weight > 255) return "weight above 255";
  if (distribution.affinity_s > 9999) return "affinity above 9999 seconds";
  return {};
}

}  // namespace

std::string_view fault_of(const DvipaDefinition& definition) {
  if (definition.dvipa.is_none()) return "no address where a DVIPA must be";
  if (definition.prefix_bits > (definition.dvipa.is_v4() ? 32 : 128)) return "prefix longer than the address";
  const bool is_backup = definition.part == Part::backup;
  if (is_backup && (definition.rank < 1 || definition.rank > rank_max)) return "backup without a rank of 1-254";
  if (!is_backup && definition.rank != 0) return "rank of one that is no backup";
  if (definition.distribution) return fault_of(*definition.distribution);
  return {};
}

std::string_view fault_of(const ListEntry& entry) {
  if (const std::string_view fault = fault_of(entry.definition); !fault.empty()) return fault;
  return entry.stored ? fault_of(entry.stored->distribution) : std::string_view();
}

}  // namespace dvipa::wire
