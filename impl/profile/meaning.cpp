// The rules that a well-formed profile must also keep (CFG-2..5, CFG-7, CFG-9), each with the place of its breach.
#include "impl/profile/meaning.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

namespace dvipa::profile {
namespace {

constexpr unsigned affinity_s_max = 9999;

using Refused = std::optional<Refusal>;

unsigned family_bits(const Address& address) { return address.is_v4() ? 32 : 128; }
std::string_view family_name(const Address& address) { return address.is_v4() ? "IPv4" : "IPv6"; }

bool is_host_address(const Address& address) {
  if (!address.is_v4()) {
    Address loopback;
    loopback.bytes[15] = 1;
    return !address.is_none() && address != loopback && address.bytes[0] != 0xff;
  }
  const unsigned first_byte = address.bytes[12];
  return first_byte != 0 && first_byte != 127 && first_byte < 224;
}

Address network_of(const Address& address, unsigned prefix_bits) {
  const unsigned bits = (address.is_v4() ? 96 : 0) + prefix_bits;
  Address network = address;
  for (unsigned i = 0; i < 128; ++i)
    if (i >= bits) network.bytes[i / 8] = static_cast<std::uint8_t>(network.bytes[i / 8] & ~(0x80U >> (i % 8)));
  return network;
}

// Options of one group exclude each other.
int group_of(Option option) {
  switch (option) {
    case Option::immediate:
    case Option::when_idle:
    case Option::nondisruptive:
    case Option::disruptive:
      return 0;
    case Option::cluster_ports:
      return 1;
    case Option::content_routed:
      return 2;
    case Option::round_robin:
    case Option::weighted:
    case Option::base_wlm:
    case Option::weighted_active:
    case Option::hot_standby:
      return 3;
    case Option::timed_affinity:
      return 4;
  }
  return -1;
}

std::optional<Moveable> moveable_of(Option option) {
  switch (option) {
    case Option::immediate:
      return Moveable::immediate;
    case Option::when_idle:
      return Moveable::when_idle;
    case Option::nondisruptive:
      return Moveable::nondisruptive;
    case Option::disruptive:
      return Moveable::disruptive;
    default:
      return std::nullopt;
  }
}

std::optional<DistMethod> method_of(Option option) {
  switch (option) {
    case Option::round_robin:
      return DistMethod::round_robin;
    case Option::weighted:
      return DistMethod::weighted;
    case Option::base_wlm:
      return DistMethod::base_wlm;
    case Option::weighted_active:
      return DistMethod::weighted_active;
    case Option::hot_standby:
      return DistMethod::hot_standby;
    default:
      return std::nullopt;
  }
}

// Two ranges with the same network and mask are one.
using RangeKey = std::pair<Address, std::uint8_t>;
RangeKey range_key(const RangeDefinition& range) { return {range.network, range.prefix_bits}; }

class Obedience {
 public:
  explicit Obedience(Definitions& definitions) : definitions_(definitions) {
    for (DvipaDefinition& each : definitions.dvipas) dvipas_.emplace(each.dvipa, std::move(each));
    for (const RangeDefinition& each : definitions.ranges) ranges_.emplace(range_key(each), each);
    for (const SourceDefinition& each : definitions.sources) sources_.emplace(each.job, each.source);
  }

  Refused take(const DefineStatement& statement);
  Refused take(const BackupStatement& statement);
  Refused take(const DistributeStatement& statement);
  Refused take(const UndistributeStatement& statement);
  Refused take(const RangeStatement& statement);
  Refused take(const UnrangeStatement& statement);
  Refused take(const DeleteStatement& statement);
  Refused take(const SourceStatement& statement);
  Refused take(const UnsourceStatement& statement);

  void finish();

 private:
  Refused each_option_once(Place keyword, const std::vector<ChosenOption>& options) const;
  Refused mask_fits(Place keyword, const Placed<Mask>& mask, const Address& address) const;
  Refused fit_for_dvipas(Place keyword, const std::vector<Placed<Address>>& addresses) const;
  Refused not_said_before(Place keyword, const Placed<Address>& address) const;
  Refused is_defined(Place keyword, const Placed<Address>& address, std::string_view expected) const;
  Refused read_ports(const DistributeStatement& statement, PortSet& ports) const;
  Refused read_destinations(const DistributeStatement& statement, Distribution& distribution) const;
  DvipaDefinition& define(const Placed<Address>& address, Part part);

  Definitions& definitions_;
  std::map<Address, DvipaDefinition> dvipas_;
  std::map<Address, Part> said_;         // what this text has defined so far
  std::map<Address, bool> distributed_;  // which of them this text has distributed
  std::map<RangeKey, RangeDefinition> ranges_;
  std::set<RangeKey> said_ranges_;
  std::map<std::string, Address> sources_;  // by job
  std::set<std::string> said_jobs_;
};

Refusal refuse(Place statement, Place at, std::string expected) { return {statement, at, std::move(expected)}; }

Refused Obedience::each_option_once(Place keyword, const std::vector<ChosenOption>& options) const {
  unsigned seen = 0;
  for (const auto& option : options) {
    const unsigned bit = 1U << group_of(option.value);
    if ((seen & bit) != 0) return refuse(keyword, option.place, "each option at most once");
    seen |= bit;
  }
  return std::nullopt;
}

Refused Obedience::mask_fits(Place keyword, const Placed<Mask>& mask, const Address& address) const {
  if (mask.value.bits <= family_bits(address) && (address.is_v4() || !mask.value.dotted)) return std::nullopt;
  return refuse(
      keyword, mask.place,
      fmt::format("a mask for {} addresses: {}", family_name(address),
                  address.is_v4() ? "such as 255.255.255.0, or a length of 1 to 32" : "a length of 1 to 128"));
}

// CFG-9: both families, but not in one statement.
Refused Obedience::fit_for_dvipas(Place keyword, const std::vector<Placed<Address>>& addresses) const {
  const Address& first = addresses.front().value;
  for (const auto& address : addresses) {
    if (!is_host_address(address.value)) return refuse(keyword, address.place, "an address that a host can own");
    if (address.value.is_v4() != first.is_v4())
      return refuse(keyword, address.place,
                    fmt::format("an {} address, as the first of the statement", family_name(first)));
  }
  return std::nullopt;
}

Refused Obedience::not_said_before(Place keyword, const Placed<Address>& address) const {
  const auto said = said_.find(address.value);
  if (said == said_.end()) return std::nullopt;
  return refuse(keyword, address.place,
                fmt::format("an address that is not yet defined: this one is {} already",
                            said->second == Part::primary ? "primary (VIPADEFINE)" : "backup (VIPABACKUP)"));
}

Refused Obedience::is_defined(Place keyword, const Placed<Address>& address, std::string_view expected) const {
  if (dvipas_.contains(address.value)) return std::nullopt;
  return refuse(keyword, address.place, std::string(expected));
}

// A redefined DVIPA keeps its distribution until that is deleted or replaced (CFG-7).
DvipaDefinition& Obedience::define(const Placed<Address>& address, Part part) {
  DvipaDefinition fresh;
  fresh.dvipa = address.value;
  fresh.part = part;
  DvipaDefinition& definition = dvipas_[address.value];
  fresh.distribution = std::move(definition.distribution);
  definition = std::move(fresh);
  said_[address.value] = part;
  return definition;
}

// CFG-2
Refused Obedience::take(const DefineStatement& statement) {
  const Address& first = statement.addresses.front().value;
  if (auto refused = each_option_once(statement.keyword, statement.options)) return refused;
  if (auto refused = fit_for_dvipas(statement.keyword, statement.addresses)) return refused;
  if (auto refused = mask_fits(statement.keyword, statement.mask, first)) return refused;
  const unsigned bits = statement.mask.value.bits;
  for (const auto& address : statement.addresses) {
    if (!same_subnet(first, address.value, bits))
      return refuse(statement.keyword, address.place,
                    fmt::format("an address of the subnet {}/{}, as the first of the statement",
                                to_string(network_of(first, bits)), bits));
    if (auto refused = not_said_before(statement.keyword, address)) return refused;
    DvipaDefinition& definition = define(address, Part::primary);
    definition.prefix_bits = static_cast<std::uint8_t>(bits);
    for (const auto& option : statement.options) {
      if (const auto moveable = moveable_of(option.value)) definition.moveable = *moveable;
      if (option.value == Option::cluster_ports) definition.cluster_ports = true;
    }
  }
  return std::nullopt;
}

// CFG-3
Refused Obedience::take(const BackupStatement& statement) {
  const unsigned rank = statement.rank ? statement.rank->value : 1;
  if (rank < 1 || rank > rank_max)
    return refuse(statement.keyword, statement.rank->place, fmt::format("a rank of 1 to {}", rank_max));
  if (auto refused = fit_for_dvipas(statement.keyword, statement.addresses)) return refused;
  for (const auto& address : statement.addresses) {
    if (auto refused = not_said_before(statement.keyword, address)) return refused;
    define(address, Part::backup).rank = static_cast<std::uint8_t>(rank);
  }
  return std::nullopt;
}

// CFG-4
Refused Obedience::take(const DistributeStatement& statement) {
  if (auto refused = each_option_once(statement.keyword, statement.options)) return refused;
  if (auto refused = is_defined(statement.keyword, statement.dvipa,
                                "an address that a VIPADEFINE or VIPABACKUP of this profile defines"))
    return refused;
  if (distributed_[statement.dvipa.value])
    return refuse(statement.keyword, statement.dvipa.place,
                  "an address that is not yet distributed: all its ports and targets go into one statement");
  Distribution distribution;
  for (const auto& option : statement.options) {
    if (const auto method = method_of(option.value)) distribution.method = *method;
    if (option.value == Option::cluster_ports) distribution.cluster_ports = true;
    if (option.value == Option::content_routed) distribution.content_routed = true;
    if (option.value != Option::timed_affinity) continue;
    if (option.number > affinity_s_max)
      return refuse(statement.keyword, option.place, fmt::format("0 to {} seconds", affinity_s_max));
    distribution.affinity_s = static_cast<std::uint16_t>(option.number);
  }
  if (auto refused = read_ports(statement, distribution.ports)) return refused;
  if (auto refused = read_destinations(statement, distribution)) return refused;
  dvipas_.at(statement.dvipa.value).distribution = std::move(distribution);
  distributed_[statement.dvipa.value] = true;
  return std::nullopt;
}

Refused Obedience::read_ports(const DistributeStatement& statement, PortSet& ports) const {
  constexpr unsigned port_max = 65535;
  std::vector<PortRange> ranges;
  for (const PortItem& item : statement.ports) {
    for (const auto& port : {item.first, item.last})
      if (port.value < 1 || port.value > port_max) return refuse(statement.keyword, port.place, "a port of 1 to 65535");
    if (item.last.value < item.first.value)
      return refuse(statement.keyword, item.last.place, fmt::format("a port that is not below {}", item.first.value));
    ranges.push_back({static_cast<Port>(item.first.value), static_cast<Port>(item.last.value)});
  }
  std::ranges::sort(ranges);
  for (const PortRange& range : ranges) {
    if (ports.ranges.empty() || range.first > ports.ranges.back().last + 1U) {
      ports.ranges.push_back(range);
    } else {
      ports.ranges.back().last = std::max(ports.ranges.back().last, range.last);
    }
  }
  return std::nullopt;
}

Refused Obedience::read_destinations(const DistributeStatement& statement, Distribution& distribution) const {
  constexpr unsigned weight_max = 255;
  if (statement.destinations.front().all) return std::nullopt;
  std::map<Address, std::optional<unsigned>> weights;
  const Address& first = statement.destinations.front().xcf_address.value;
  for (const Destination& destination : statement.destinations) {
    const auto& xcf = destination.xcf_address;
    if (!is_host_address(xcf.value)) return refuse(statement.keyword, xcf.place, "an address that a host can own");
    if (xcf.value.is_v4() != first.is_v4())
      return refuse(statement.keyword, xcf.place,
                    fmt::format("an {} address, as the first of DESTIP", family_name(first)));
    if (weights.contains(xcf.value)) return refuse(statement.keyword, xcf.place, "each target once");
    std::optional<unsigned>& weight = weights[xcf.value];
    if (!destination.weight) continue;
    if (distribution.method == DistMethod::round_robin || distribution.method == DistMethod::base_wlm)
      return refuse(statement.keyword, destination.weight->place,
                    "no weight: only DISTMETHOD WEIGHTED, WEIGHTEDACTIVE and HOTSTANDBY have weights");
    weight = destination.weight->value;
    if (*weight > weight_max)
      return refuse(statement.keyword, destination.weight->place, fmt::format("a weight of 0 to {}", weight_max));
  }
  for (const auto& [xcf, weight] : weights) {
    distribution.targets.xcf_addresses.push_back(xcf);
    if (weight) distribution.weights.push_back({xcf, static_cast<std::uint16_t>(*weight)});
  }
  return std::nullopt;
}

Refused Obedience::take(const UndistributeStatement& statement) {
  const auto dvipa = dvipas_.find(statement.dvipa.value);
  if (dvipa == dvipas_.end() || !dvipa->second.distribution)
    return refuse(statement.keyword, statement.dvipa.place, "an address that is distributed");
  dvipa->second.distribution.reset();
  distributed_[statement.dvipa.value] = false;
  return std::nullopt;
}

// CFG-5
Refused Obedience::take(const RangeStatement& statement) {
  if (auto refused = each_option_once(statement.keyword, statement.options)) return refused;
  if (auto refused = mask_fits(statement.keyword, statement.mask, statement.address.value)) return refused;
  RangeDefinition range;
  range.prefix_bits = static_cast<std::uint8_t>(statement.mask.value.bits);
  range.network = network_of(statement.address.value, range.prefix_bits);
  if (!is_host_address(range.network))
    return refuse(statement.keyword, statement.address.place, "a range of addresses that hosts can own");
  for (const auto& option : statement.options) {
    if (const auto moveable = moveable_of(option.value)) range.moveable = *moveable;
    if (option.value == Option::cluster_ports) range.cluster_ports = true;
  }
  if (!said_ranges_.insert(range_key(range)).second)
    return refuse(statement.keyword, statement.address.place, "a range that is not yet defined");
  ranges_[range_key(range)] = range;
  return std::nullopt;
}

Refused Obedience::take(const UnrangeStatement& statement) {
  if (auto refused = mask_fits(statement.keyword, statement.mask, statement.address.value)) return refused;
  RangeDefinition range;
  range.prefix_bits = static_cast<std::uint8_t>(statement.mask.value.bits);
  range.network = network_of(statement.address.value, range.prefix_bits);
  if (ranges_.erase(range_key(range)) == 0)
    return refuse(statement.keyword, statement.address.place, "a range that is defined");
  said_ranges_.erase(range_key(range));
  return std::nullopt;
}

// CFG-7
Refused Obedience::take(const DeleteStatement& statement) {
  for (const auto& address : statement.addresses) {
    if (auto refused = is_defined(statement.keyword, address, "an address that is defined")) return refused;
    dvipas_.erase(address.value);
    said_.erase(address.value);
  }
  return std::nullopt;
}

// CFG-6
Refused Obedience::take(const SourceStatement& statement) {
  if (!is_host_address(statement.source.value))
    return refuse(statement.keyword, statement.source.place, "an address that a host can own");
  if (!said_jobs_.insert(statement.job.value).second)
    return refuse(statement.keyword, statement.job.place, "a job that has no source yet");
  sources_[statement.job.value] = statement.source.value;
  return std::nullopt;
}

Refused Obedience::take(const UnsourceStatement& statement) {
  if (sources_.erase(statement.job.value) == 0)
    return refuse(statement.keyword, statement.job.place, "a job that has a source");
  said_jobs_.erase(statement.job.value);
  return std::nullopt;
}

void Obedience::finish() {
  definitions_.dvipas.clear();
  for (auto& [address, definition] : dvipas_) definitions_.dvipas.push_back(std::move(definition));
  definitions_.ranges.clear();
  for (const auto& [key, range] : ranges_) definitions_.ranges.push_back(range);
  definitions_.sources.clear();
  for (const auto& [job, source] : sources_) definitions_.sources.push_back({job, source});
}

bool is_distribution(const Statement& statement) {
  return std::holds_alternative<DistributeStatement>(statement) ||
         std::holds_alternative<UndistributeStatement>(statement);
}

}  // namespace

std::optional<Refusal> obey(std::span<const Statement> statements, Definitions& definitions) {
  Obedience obedience(definitions);
  for (const bool distributions : {false, true}) {
    for (const Statement& statement : statements) {
      if (is_distribution(statement) != distributions) continue;
      if (auto refused = std::visit([&](const auto& each) { return obedience.take(each); }, statement)) return refused;
    }
  }
  obedience.finish();
  return std::nullopt;
}

}  // namespace dvipa::profile
