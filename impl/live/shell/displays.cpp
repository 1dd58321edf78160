#include "impl/live/shell/displays.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace dvipa {
namespace {

using Json = nlohmann::ordered_json;
using roles::OwnerState;
using roles::TargetState;

// Ports of a distribution that are shown one by one, ready or not.
constexpr unsigned ports_shown_max = 64;

std::string name_of(const StackView& view, StackId stack) {
  const ClusterMember* member = view.cluster.find(stack);
  return member != nullptr ? member->name : "";
}

std::string xcf_of(const StackView& view, StackId stack) {
  const ClusterMember* member = view.cluster.find(stack);
  return member != nullptr ? to_string(member->xcf) : "";
}

std::string_view word_of(Moveable moveable) {
  switch (moveable) {
    case Moveable::immediate:
      return "IMMEDIATE";
    case Moveable::when_idle:
      return "WHENIDLE";
    case Moveable::nondisruptive:
      return "NONDISR";
    case Moveable::disruptive:
      return "DISRUPT";
  }
  return "";
}

std::string_view word_of(DistMethod method) {
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

// --- VIPADCFG: what the profile defines ----------------------------------------------------------------------------

std::string flags_of(bool cluster_ports, bool content_routed) {
  return fmt::format("{}{}", cluster_ports ? "C" : "", content_routed ? "R" : "");
}

Json config_row(const char* statement, const Address& address) {
  return {{"statement", statement}, {"ip_address", to_string(address)}};
}

void add_distribution(Json& rows, const Address& dvipa, const Distribution& distribution) {
  std::vector<std::string> ports;
  for (const PortRange& range : distribution.ports.ranges)
    ports.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  if (ports.empty()) ports.emplace_back("ALL");
  std::vector<std::string> targets;
  for (const Address& xcf : distribution.targets.xcf_addresses) targets.push_back(to_string(xcf));
  if (targets.empty()) targets.emplace_back("ALL");
  for (const std::string& port : ports)
    for (const std::string& target : targets) {
      Json row = config_row("VIPADISTRIBUTE", dvipa);
      row.update({{"port", port},
                  {"dest_xcf", target},
                  {"method", word_of(distribution.method)},
                  {"affinity_s", distribution.affinity_s},
                  {"flags", flags_of(distribution.cluster_ports, distribution.content_routed)}});
      rows.push_back(std::move(row));
    }
}

Json show_config(const StackView& view) {
  Json rows = Json::array();
  const Definitions& definitions = view.orders.definitions();
  for (const DvipaDefinition& each : definitions.dvipas) {
    const bool primary = each.part == Part::primary;
    Json row = config_row(primary ? "VIPADEFINE" : "VIPABACKUP", each.dvipa);
    if (primary)
      row.update({{"prefix_bits", each.prefix_bits}, {"moveable", word_of(each.moveable)}});
    else
      row.update({{"rank", each.rank}});
    row.update(
        {{"flags", flags_of(each.cluster_ports, false)}, {"deactivated", view.orders.is_deactivated(each.dvipa)}});
    rows.push_back(std::move(row));
  }
  for (const RangeDefinition& each : definitions.ranges) {
    Json row = config_row("VIPARANGE", each.network);
    row.update({{"prefix_bits", each.prefix_bits},
                {"moveable", word_of(each.moveable)},
                {"flags", flags_of(each.cluster_ports, false)}});
    rows.push_back(std::move(row));
  }
  for (const SourceDefinition& each : definitions.sources) {
    Json row = config_row("SOURCEVIPA", each.source);
    row.update({{"job", each.job}});
    rows.push_back(std::move(row));
  }
  for (const DvipaDefinition& each : definitions.dvipas)
    if (each.distribution) add_distribution(rows, each.dvipa, *each.distribution);
  return {{"rows", rows}};
}

// --- VIPADYN: what this stack has to do with each DVIPA --------------------------------------------------------------

std::string dist_of(const StackView& view, const Stack::Dvipa& dvipa) {
  const bool distributes = dvipa.owner.owns() && view.stack.distribution_of(dvipa) != nullptr;
  const bool is_destination = dvipa.target.state() == TargetState::candidate && dvipa.announced;
  return distributes && is_destination ? "DIST/DEST" : distributes ? "DIST" : is_destination ? "DEST" : "";
}

std::string origination_of(const DvipaDefinition* definition) {
  if (definition == nullptr) return "";
  return definition->part == Part::primary ? "VIPADEFINE" : "VIPABACKUP";
}

Json show_dynamic(const StackView& view, bool detail) {
  Json rows = Json::array();
  for (const auto& [address, dvipa] : view.stack.dvipas()) {
    const std::string status = status_of(view, address, dvipa);
    if (status.empty()) continue;
    const DvipaDefinition* definition = view.orders.find(address);
    Json row = {{"ip_address", to_string(address)},
                {"prefix_bits", definition != nullptr ? definition->prefix_bits : 0},
                {"status", status},
                {"origination", origination_of(definition)},
                {"rank", definition != nullptr ? definition->rank : 0},
                {"dist", dist_of(view, dvipa)},
                {"owner", name_of(view, dvipa.owner.facts.owner)}};
    if (detail) {
      const auto note = view.notes.find(address);
      const auto& epoch = dvipa.owner.facts.newest;
      row.update({{"state", roles::name_of(dvipa.owner.state())},
                  {"target_state", roles::name_of(dvipa.target.state())},
                  {"epoch", fmt::format("{}.{}", epoch.counter, epoch.owner.value)},
                  {"changed_ns", note != view.notes.end() ? note->second.changed_ns : 0},
                  {"requirement", note != view.notes.end() ? note->second.requirement : ""},
                  {"routes", dvipa.routes.size()},
                  {"held_here", dvipa.held_here.size()}});
    }
    rows.push_back(std::move(row));
  }
  return {{"rows", rows}};
}

// --- VDPT: the destination port table of the owner
// --------------------------------------------------------------------

// The candidate targets that are members now, ascending.
std::vector<StackId> candidates_of(const StackView& view, const Distribution& distribution) {
  std::vector<StackId> candidates;
  for (const ClusterMember& member : view.cluster.members)
    if (distribution.targets.contains(member.xcf)) candidates.push_back(member.stack);
  return candidates;
}

std::set<std::pair<Port, StackId>> destinations_of(const StackView& view, const Stack::Dvipa& dvipa,
                                                   const Distribution& distribution) {
  std::set<std::pair<Port, StackId>> destinations;
  dvipa.listeners.for_each(
      [&](Port port, const tables::ActualTarget& target) { destinations.emplace(port, target.stack); });
  unsigned ports = 0;
  for (const PortRange& range : distribution.ports.ranges) ports += range.last - range.first + 1U;
  if (ports > ports_shown_max) return destinations;
  for (const PortRange& range : distribution.ports.ranges)
    for (unsigned port = range.first; port <= range.last; ++port)
      for (const StackId stack : candidates_of(view, distribution))
        destinations.emplace(static_cast<Port>(port), stack);
  return destinations;
}

std::uint64_t total_of(const StackView& view, const Address& dvipa, Port port, StackId target) {
  const auto totals = view.totals.find(dvipa);
  if (totals == view.totals.end()) return 0;
  const auto total = totals->second.find({port, target});
  return total == totals->second.end() ? 0 : total->second;
}

using ActiveByTarget = std::map<std::pair<Port, StackId>, std::uint64_t>;

ActiveByTarget active_connections(const Stack::Dvipa& dvipa) {
  ActiveByTarget active;
  dvipa.routes.for_each([&](const Remote& remote, const tables::Route& route) {
    ++active[{remote.dvipa_port, route.target}];
  });
  return active;
}

Json show_destinations(const StackView& view, bool detail) {
  Json rows = Json::array();
  for (const auto& [address, dvipa] : view.stack.dvipas()) {
    const Distribution* distribution = view.stack.distribution_of(dvipa);
    if (!dvipa.owner.owns() || distribution == nullptr) continue;
    const ActiveByTarget active = detail ? active_connections(dvipa) : ActiveByTarget{};
    for (const auto& [port, target] : destinations_of(view, dvipa, *distribution)) {
      Json row = {{"dest", to_string(address)},
                  {"port", port},
                  {"dest_xcf", xcf_of(view, target)},
                  {"ready", dvipa.listeners.contains(port, target) ? 1 : 0},
                  {"total_connections", total_of(view, address, port, target)},
                  {"weight", view.stack.weight_in_use(dvipa, target)},
                  {"flags", fmt::format("{}{}", target == view.stack.self() ? "L" : "",
                                        flags_of(distribution->cluster_ports, distribution->content_routed))},
                  {"target", name_of(view, target)}};
      if (detail) {
        const auto at = active.find({port, target});
        row.update(
            {{"active_connections", at == active.end() ? 0 : at->second}, {"method", word_of(distribution->method)}});
      }
      rows.push_back(std::move(row));
    }
  }
  return {{"rows", rows}};
}

// --- VCRT: the owner shows all that it routes, a target its own
// --------------------------------------------------------

void add_routes(const StackView& view, Json& rows, const Address& address, const tables::RoutingTable& routes,
                bool routed, std::size_t rows_max) {
  routes.for_each([&](const Remote& remote, const tables::Route& route) {
    if (rows.size() >= rows_max) return;
    rows.push_back({{"dest", to_string(address)},
                    {"port", remote.dvipa_port},
                    {"source", to_string(remote.client)},
                    {"source_port", remote.client_port},
                    {"dest_xcf", xcf_of(view, route.target)},
                    {"target", name_of(view, route.target)},
                    {"role", routed ? "routed" : "held"}});
  });
}

Json show_connections(const StackView& view, std::size_t rows_max) {
  Json rows = Json::array();
  std::size_t total = 0;
  for (const auto& [address, dvipa] : view.stack.dvipas()) {
    const tables::RoutingTable& routes = dvipa.owner.owns() ? dvipa.routes : dvipa.held_here;
    total += routes.size();
    if (rows.size() < rows_max) add_routes(view, rows, address, routes, dvipa.owner.owns(), rows_max);
  }
  return {{"total", total}, {"rows", rows}};
}

}  // namespace

std::string status_of(const StackView& view, const Address& address, const Stack::Dvipa& dvipa) {
  if (dvipa.owner.owns()) return "ACTIVE";
  const bool serves = dvipa.target.state() == TargetState::candidate;
  const auto note = view.notes.find(address);
  if (!serves && !dvipa.held_here.empty())
    return note != view.notes.end() && note->second.gave_up ? "MOVING" : "QUIESCING";
  if (view.orders.is_deactivated(address)) return "DEACTIVATED";
  if (view.orders.find(address) != nullptr) return "BACKUP";
  return serves || dvipa.target.state() == TargetState::waiting ? "ACTIVE" : "";
}

Json display(const StackView& view, const request::Netstat& netstat) {
  switch (netstat.report) {
    case request::Report::vipadcfg:
      return show_config(view);
    case request::Report::vipadyn:
      return show_dynamic(view, netstat.detail);
    case request::Report::vdpt:
      return show_destinations(view, netstat.detail);
    case request::Report::vcrt:
      return show_connections(view, netstat.rows_max);
  }
  return {};
}

}  // namespace dvipa
