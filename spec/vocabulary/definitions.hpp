#pragma once
// What the profile of a stack defines, and what a VIPA list tells of it (CFG-2..5, LST-1).
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "spec/vocabulary/connection.hpp"

namespace dvipa {

struct PortRange {
  Port first = 0;
  Port last = 0;  // inclusive, >= first
  constexpr auto operator<=>(const PortRange&) const = default;
};

// No range = every port (CFG-4). Ranges are ascending, disjoint and not adjacent.
struct PortSet {
  std::vector<PortRange> ranges;
  bool is_every_port() const { return ranges.empty(); }
  bool contains(Port port) const {
    if (ranges.empty()) return true;
    for (const PortRange& range : ranges)
      if (port >= range.first && port <= range.last) return true;
    return false;
  }
  auto operator<=>(const PortSet&) const = default;
};

// DESTIP: the candidate targets by XCF address, ascending; none = ALL, also members that join later (CFG-4, LST-5).
struct CandidateTargets {
  std::vector<Address> xcf_addresses;
  bool is_all() const { return xcf_addresses.empty(); }
  bool contains(const Address& xcf) const {
    if (is_all()) return true;
    for (const Address& each : xcf_addresses)
      if (each == xcf) return true;
    return false;
  }
  auto operator<=>(const CandidateTargets&) const = default;
};

// DISTMETHOD (RTE-8).
enum class DistMethod : std::uint8_t {
  round_robin = 1,      // ROUNDROBIN
  weighted = 2,         // WEIGHTED: in proportion to configured weights
  base_wlm = 3,         // BASEWLM: weights that targets report
  weighted_active = 4,  // WEIGHTEDACTIVE: by active connections
  hot_standby = 5,      // HOTSTANDBY
};

struct TargetWeight {
  Address xcf_address;
  std::uint16_t weight = 1;  // 0-255; 0 = no new connections while others are ready
  auto operator<=>(const TargetWeight&) const = default;
};

// VIPADISTRIBUTE (CFG-4).
struct Distribution {
  DistMethod method = DistMethod::round_robin;
  PortSet ports;
  CandidateTargets targets;
  // For `weighted`, `weighted_active` and `hot_standby`; a target without one has weight 1. For `base_wlm` percents of
  // the weight that the target reports; without one 100.
  std::vector<TargetWeight> weights;
  bool cluster_ports = false;   // CLUSTERPORTS | SYSPLEXPORTS
  bool content_routed = false;  // CONTENTROUTED
  // TIMEDAFFINITY: for so many seconds after its last connection to a port has ended, a client's next one goes to the
  // same target; 1-9999, 0 = none.
  std::uint16_t affinity_s = 0;
  auto operator<=>(const Distribution&) const = default;
};

enum class Moveable : std::uint8_t { immediate = 1, when_idle = 2, nondisruptive = 3, disruptive = 4 };

// The part of a stack in a DVIPA.
enum class Part : std::uint8_t { none = 0, primary = 1, backup = 2 };

inline constexpr unsigned rank_max = 254;

// One DVIPA as one stack defines it: VIPADEFINE or VIPABACKUP, with its VIPADISTRIBUTE if it has one.
struct DvipaDefinition {
  Address dvipa;
  std::uint8_t prefix_bits = 0;  // of the mask; 0 when this stack does not say (VIPABACKUP)
  Part part = Part::none;
  std::uint8_t rank = 0;  // 1-254 for a backup (CFG-3), 0 otherwise
  Moveable moveable = Moveable::immediate;
  bool cluster_ports = false;  // CLUSTERPORTS on the VIPADEFINE
  std::optional<Distribution> distribution;
  auto operator<=>(const DvipaDefinition&) const = default;
};

// VIPARANGE (CFG-5).
struct RangeDefinition {
  Address network;
  std::uint8_t prefix_bits = 0;
  Moveable moveable = Moveable::nondisruptive;
  bool cluster_ports = false;
  auto operator<=>(const RangeDefinition&) const = default;
};

// SOURCEVIPA: outbound connections of an application have the DVIPA as their source (CFG-6).
struct SourceDefinition {
  std::string job;  // the name of its program; with a * at its end every one that begins so
  Address source;
  auto operator<=>(const SourceDefinition&) const = default;
};

// All that the profile of one stack says. `dvipas` is ascending by address, one entry an address.
struct Definitions {
  std::vector<DvipaDefinition> dvipas;
  std::vector<RangeDefinition> ranges;
  std::vector<SourceDefinition> sources{};  // ascending by job, one entry a job
  auto operator<=>(const Definitions&) const = default;
};

}  // namespace dvipa
