// dvipa profile: what a profile defines, or where it is wrong (CFG-8).
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <tl/expected.hpp>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "impl/profile/profile.hpp"

namespace dvipa::cli {
namespace {

using profile::keyword_of;
using Json = nlohmann::ordered_json;

std::string ports_text(const PortSet& ports) {
  if (ports.is_every_port()) return "all";
  std::vector<std::string> texts;
  for (const PortRange& range : ports.ranges)
    texts.push_back(range.first == range.last ? fmt::format("{}", range.first)
                                              : fmt::format("{}-{}", range.first, range.last));
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string targets_text(const Distribution& distribution) {
  if (distribution.targets.is_all()) return "ALL";
  std::vector<std::string> texts;
  for (const Address& xcf : distribution.targets.xcf_addresses) {
    const auto weight = std::ranges::find(distribution.weights, xcf, &TargetWeight::xcf_address);
    texts.push_back(to_string(xcf) +
                    (weight == distribution.weights.end() ? "" : fmt::format(" (weight {})", weight->weight)));
  }
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string part_text(const DvipaDefinition& definition) {
  return definition.part == Part::primary ? "primary" : fmt::format("backup, rank {}", definition.rank);
}

std::string flags_text(bool cluster_ports, bool content_routed) {
  std::string text = cluster_ports ? " CLUSTERPORTS" : "";
  if (content_routed) text += " CONTENTROUTED";
  return text;
}

using Row = std::array<std::string, 4>;

Row row_of(const DvipaDefinition& definition) {
  const std::string mask = definition.prefix_bits == 0 ? "" : fmt::format("/{}", definition.prefix_bits);
  Row row = {to_string(definition.dvipa) + mask, part_text(definition), "-", "not distributed by this profile"};
  if (definition.part == Part::primary)
    row[1] += fmt::format(", {}{}", keyword_of(definition.moveable), flags_text(definition.cluster_ports, false));
  if (definition.distribution) {
    row[2] = ports_text(definition.distribution->ports);
    const unsigned affinity_s = definition.distribution->affinity_s;
    row[3] = fmt::format("{}{}{} to {}", keyword_of(definition.distribution->method),
                         flags_text(definition.distribution->cluster_ports, definition.distribution->content_routed),
                         affinity_s != 0 ? fmt::format(" TIMEDAFFINITY {}", affinity_s) : "",
                         targets_text(*definition.distribution));
  }
  return row;
}

Row row_of(const RangeDefinition& range) {
  return {fmt::format("{}/{}", to_string(range.network), range.prefix_bits),
          fmt::format("range, {}{}", keyword_of(range.moveable), flags_text(range.cluster_ports, false)), "-",
          "on the first bind of an application"};
}

std::string table(const Definitions& definitions) {
  std::vector<Row> rows = {{"DVIPA", "part", "ports", "distribution"}};
  for (const DvipaDefinition& definition : definitions.dvipas) rows.push_back(row_of(definition));
  for (const RangeDefinition& range : definitions.ranges) rows.push_back(row_of(range));
  for (const SourceDefinition& source : definitions.sources)
    rows.push_back({to_string(source.source), "source", "-", "of connections that " + source.job + " opens"});
  if (rows.size() == 1) return "This profile defines nothing: the host only serves what others distribute to it.\n";
  std::array<std::size_t, 3> width{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < width.size(); ++i) width[i] = std::max(width[i], row[i].size());
  std::string text;
  for (const Row& row : rows)
    text += fmt::format("{:<{}}  {:<{}}  {:<{}}  {}\n", row[0], width[0], row[1], width[1], row[2], width[2], row[3]);
  return text;
}

Json json_of(const Distribution& distribution) {
  Json ports = Json::array();
  for (const PortRange& range : distribution.ports.ranges)
    ports.push_back({{"first", range.first}, {"last", range.last}});
  Json targets = Json::array();
  for (const Address& xcf : distribution.targets.xcf_addresses) targets.push_back(to_string(xcf));
  Json weights = Json::object();
  for (const TargetWeight& weight : distribution.weights) weights[to_string(weight.xcf_address)] = weight.weight;
  return {{"method", keyword_of(distribution.method)},
          {"every_port", distribution.ports.is_every_port()},
          {"ports", ports},
          {"all_targets", distribution.targets.is_all()},
          {"targets", targets},
          {"weights", weights},
          {"cluster_ports", distribution.cluster_ports},
          {"content_routed", distribution.content_routed},
          {"affinity_s", distribution.affinity_s}};
}

Json json_of(const Definitions& definitions) {
  Json dvipas = Json::array();
  for (const DvipaDefinition& each : definitions.dvipas) {
    Json dvipa = {{"dvipa", to_string(each.dvipa)}, {"part", each.part == Part::primary ? "primary" : "backup"}};
    if (each.part == Part::primary) {
      dvipa["prefix_bits"] = each.prefix_bits;
      dvipa["moveable"] = keyword_of(each.moveable);
      dvipa["cluster_ports"] = each.cluster_ports;
    } else {
      dvipa["rank"] = each.rank;
    }
    dvipa["distribution"] = each.distribution ? json_of(*each.distribution) : Json(nullptr);
    dvipas.push_back(std::move(dvipa));
  }
  Json ranges = Json::array();
  for (const RangeDefinition& each : definitions.ranges)
    ranges.push_back({{"network", to_string(each.network)},
                      {"prefix_bits", each.prefix_bits},
                      {"moveable", keyword_of(each.moveable)},
                      {"cluster_ports", each.cluster_ports}});
  Json sources = Json::object();
  for (const SourceDefinition& each : definitions.sources) sources[each.job] = to_string(each.source);
  return {{"dvipas", dvipas}, {"ranges", ranges}, {"sources", sources}};
}

Json json_of(const profile::ProfileError& error) {
  return {{"error",
           {{"file", error.file},
            {"line", error.line},
            {"column", error.column},
            {"statement", error.statement},
            {"found", error.found},
            {"expected", error.expected}}}};
}

// Bytes that are not UTF-8 are replaced: JSON has no other way to show them.
std::string dumped(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

tl::expected<std::string, std::string> read_file(const std::string& name) {
  std::ifstream file(name, std::ios::binary);
  std::ostringstream content;
  if (file.peek() != std::ifstream::traits_type::eof()) content << file.rdbuf();
  if (file.bad() || !file.is_open()) return tl::unexpected(fmt::format("cannot read {}", name));
  return content.str();
}

}  // namespace

int run_profile(std::span<const std::string> words) {
  CommandLine line("profile",
                   "Reads the profile of a host and prints what it defines, or the first error with its place.\n"
                   "The language is described in docs/profile.md.\n");
  TCLAP::SwitchArg as_json("", "json", "print JSON, also for an error", line.arguments());
  TCLAP::UnlabeledValueArg<std::string> file("FILE", "the profile", true, "", "FILE", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;

  const auto text = read_file(file.getValue());
  if (!text) return complain("profile", text.error(), "name a file that exists and can be read");
  const auto definitions = profile::parse_profile(*text, file.getValue());
  if (!definitions) {
    if (as_json.getValue()) fmt::print("{}\n", dumped(json_of(definitions.error())));
    fmt::print(stderr, "{}", profile::render(definitions.error(), *text));
    return exit_bad_usage;
  }
  if (as_json.getValue()) {
    fmt::print("{}\n", dumped(json_of(*definitions)));
  } else {
    fmt::print("{}", table(*definitions));
  }
  return exit_passed;
}

}  // namespace dvipa::cli
