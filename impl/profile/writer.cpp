// Definitions as canonical profile text: one statement an address, in the order of the addresses.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

#include "impl/profile/profile.hpp"

namespace dvipa::profile {
namespace {

std::string mask_text(const Address& address, unsigned bits) {
  if (!address.is_v4()) return fmt::format("/{}", bits);
  return to_string(Address::v4(bits == 0 ? 0 : ~std::uint32_t{0} << (32 - bits)));
}

std::string ports_text(const PortSet& ports) {
  if (ports.is_every_port()) return "";
  std::string text = " PORT";
  for (const PortRange& range : ports.ranges) {
    text += fmt::format(" {}", range.first);
    if (range.last != range.first) text += fmt::format("-{}", range.last);
  }
  return text;
}

std::string targets_text(const Distribution& distribution) {
  if (distribution.targets.is_all()) return "ALL";
  std::vector<std::string> targets;
  for (const Address& xcf : distribution.targets.xcf_addresses) {
    std::string& target = targets.emplace_back(to_string(xcf));
    const auto weight = std::ranges::find(distribution.weights, xcf, &TargetWeight::xcf_address);
    if (weight != distribution.weights.end()) target += fmt::format(" WEIGHT {}", weight->weight);
  }
  return fmt::format("{}", fmt::join(targets, ", "));
}

std::string distribute_text(const Address& dvipa, const Distribution& distribution) {
  return fmt::format("  VIPADISTRIBUTE DEFINE DISTMETHOD {}{}{}{} {}{} DESTIP {}\n", keyword_of(distribution.method),
                     distribution.cluster_ports ? " CLUSTERPORTS" : "",
                     distribution.content_routed ? " CONTENTROUTED" : "",
                     distribution.affinity_s != 0 ? fmt::format(" TIMEDAFFINITY {}", distribution.affinity_s) : "",
                     to_string(dvipa), ports_text(distribution.ports), targets_text(distribution));
}

std::string define_text(const DvipaDefinition& definition) {
  if (definition.part == Part::backup)
    return fmt::format("  VIPABACKUP {} {}\n", definition.rank, to_string(definition.dvipa));
  return fmt::format("  VIPADEFINE MOVEABLE {}{} {} {}\n", keyword_of(definition.moveable),
                     definition.cluster_ports ? " CLUSTERPORTS" : "",
                     mask_text(definition.dvipa, definition.prefix_bits), to_string(definition.dvipa));
}

std::string range_text(const RangeDefinition& range) {
  return fmt::format("  VIPARANGE DEFINE MOVEABLE {}{} {} {}\n", keyword_of(range.moveable),
                     range.cluster_ports ? " CLUSTERPORTS" : "", mask_text(range.network, range.prefix_bits),
                     to_string(range.network));
}

// Without the indentation.
std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line.substr(line.find_first_not_of(' ')));
  return lines;
}

}  // namespace

std::string_view keyword_of(DistMethod method) {
  switch (method) {
    case DistMethod::round_robin:
      return "ROUNDROBIN";
    case DistMethod::weighted:
      return "WEIGHTED";
    case DistMethod::base_wlm:
      return "BASEWLM";
    case DistMethod::weighted_active:
      return "WEIGHTEDACTIVE";
    case DistMethod::hot_standby:
      return "HOTSTANDBY";
  }
  return "";
}

std::string_view keyword_of(Moveable moveable) {
  switch (moveable) {
    case Moveable::immediate:
      return "IMMEDIATE";
    case Moveable::when_idle:
      return "WHENIDLE";
    case Moveable::nondisruptive:
      return "NONDISRUPTIVE";
    case Moveable::disruptive:
      return "DISRUPTIVE";
  }
  return "";
}

std::string write_profile(const Definitions& definitions) {
  std::string text = "VIPADYNAMIC\n";
  for (const DvipaDefinition& definition : definitions.dvipas) {
    text += define_text(definition);
    if (definition.distribution) text += distribute_text(definition.dvipa, *definition.distribution);
  }
  for (const RangeDefinition& range : definitions.ranges) text += range_text(range);
  for (const SourceDefinition& source : definitions.sources)
    text += fmt::format("  SOURCEVIPA {} {}\n", to_string(source.source), source.job);
  return text + "ENDVIPADYNAMIC\n";
}

std::vector<std::string> differences(const Definitions& before, const Definitions& after) {
  const std::vector<std::string> old_lines = lines_of(write_profile(before));
  const std::vector<std::string> new_lines = lines_of(write_profile(after));
  std::vector<std::string> differences;
  for (const std::string& line : old_lines)
    if (std::ranges::find(new_lines, line) == new_lines.end()) differences.push_back("- " + line);
  for (const std::string& line : new_lines)
    if (std::ranges::find(old_lines, line) == old_lines.end()) differences.push_back("+ " + line);
  return differences;
}

}  // namespace dvipa::profile
