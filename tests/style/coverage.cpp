// Coverage by citation: what names a requirement claims to cover it.
#include "tests/style/coverage.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <optional>

#include "tests/style/identifiers.hpp"

namespace dvipa::style {
namespace {

using requirements::Requirement;
using requirements::Section;

struct Place {
  std::string_view prefix;
  Coverage coverage;
};
constexpr std::string_view seeded_faults = "impl/stack/mutant.hpp";
constexpr std::array places = {
    Place{seeded_faults, Coverage::fault},
    Place{"spec/model/deviations.cpp", Coverage::fault},
    Place{"spec/model/", Coverage::model},
    Place{"spec/promela/", Coverage::model},
    Place{"impl/", Coverage::code},
    Place{"pcap/", Coverage::code},
    Place{"harness/cli/", Coverage::code},
    Place{"harness/conform/", Coverage::live},
    Place{"tests/live/", Coverage::live},
    Place{"harness/world/", Coverage::test},
    Place{"harness/refine/", Coverage::test},
    Place{"tests/unit/", Coverage::test},
    Place{"tests/properties/", Coverage::test},
    Place{"tests/scenarios/", Coverage::test},
    Place{"tests/fuzz/", Coverage::test},
};

std::optional<Coverage> coverage_by(std::string_view path) {
  if (path.ends_with(".md") || path.ends_with(".txt")) return std::nullopt;
  const auto place = std::ranges::find_if(places, [&](const Place& each) { return path.starts_with(each.prefix); });
  return place == places.end() ? std::nullopt : std::optional(place->coverage);
}

// Properties are named after what they show and have no code of their own; of the other sections nothing is built.
bool is_protocol(const Section& section) {
  constexpr std::array<std::string_view, 7> names = {"CFG", "LST", "TGT", "RTE", "FLV", "TKB", "MOV"};
  return std::ranges::find(names, section.name) != names.end();
}

// What a requirement needs: an opinion of the model on what is protocol and no text, code, some check, and a fault that
// shows that a check can fail.
std::set<std::string> missing_of(const Citations& citations, const Section& section, const Requirement& requirement) {
  std::set<std::string> missing;
  const auto at = citations.find(requirement.id);
  const auto has = [&](Coverage coverage) {
    return at != citations.end() && !at->second[static_cast<std::size_t>(coverage)].empty();
  };
  if (section.name != "CFG" && !has(Coverage::model)) missing.insert("model");
  if (!has(Coverage::code)) missing.insert("code");
  if (!has(Coverage::test) && !has(Coverage::live)) missing.insert("check");
  if (!has(Coverage::fault)) missing.insert("seeded fault");
  return missing;
}

const Exception* exception_for(const Exceptions& exceptions, const Section& section, const Requirement& requirement) {
  for (const std::string& name : {requirement.id, section.name})
    if (const auto at = exceptions.find(name); at != exceptions.end()) return &at->second;
  return nullptr;
}

std::string cell(const std::set<std::string>& files) {
  constexpr std::size_t named_max = 4;
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(file.substr(file.find_last_of('/') + 1));  // or of a fault
  std::ranges::sort(names);
  if (names.size() <= named_max) return fmt::format("{}", fmt::join(names, ", "));
  names.resize(named_max);
  return fmt::format("{}, …", fmt::join(names, ", "));
}

// `forget_route,   // a selected target gets no CRT entry (RTE-4)` is about the fault forget-route.
std::string fault_of(std::string_view line) {
  std::string name(line.substr(0, line.find(',')));
  name.erase(0, name.find_first_not_of(' '));
  std::ranges::replace(name, '_', '-');
  return name;
}

}  // namespace

Citations citations_in(const std::vector<SourceFile>& files, const requirements::Catalogue& catalogue) {
  Citations citations;
  for (const SourceFile& file : files) {
    const auto coverage = coverage_by(file.path);
    if (!coverage) continue;
    for (const std::string& line : file.lines)
      for (const std::string& id : identifiers_in(line, catalogue))
        citations[id][static_cast<std::size_t>(*coverage)].insert(file.path == seeded_faults ? fault_of(line)
                                                                                             : file.path);
  }
  return citations;
}

tl::expected<Exceptions, std::string> read_exceptions(const std::string& path) {
  const toml::parse_result table = toml::parse_file(path);
  if (!table) return tl::unexpected(fmt::format("{}: {}", path, std::string(table.error().description())));
  Exceptions exceptions;
  for (const auto& [name, value] : table.table()) {
    const toml::table* entry = value.as_table();
    const toml::array* missing = entry == nullptr ? nullptr : (*entry)["missing"].as_array();
    const auto reason = entry == nullptr ? std::nullopt : (*entry)["reason"].value<std::string>();
    if (missing == nullptr || !reason || reason->empty())
      return tl::unexpected(fmt::format("{}: {} needs `missing` and a `reason`", path, std::string(name.str())));
    Exception& exception = exceptions[std::string(name.str())];
    exception.reason = *reason;
    for (const auto& each : *missing) exception.missing.insert(each.value_or(std::string()));
  }
  return exceptions;
}

std::vector<std::string> holes(const Citations& citations, const Exceptions& exceptions,
                               const requirements::Catalogue& catalogue) {
  std::vector<std::string> found;
  std::map<std::string, std::set<std::string>> used;
  for (const Section& section : catalogue.sections) {
    if (!is_protocol(section)) continue;
    for (const Requirement& requirement : section.requirements) {
      const Exception* exception = exception_for(exceptions, section, requirement);
      const std::string name = exceptions.contains(requirement.id) ? requirement.id : section.name;
      for (const std::string& each : missing_of(citations, section, requirement)) {
        used[name].insert(each);
        if (exception == nullptr || !exception->missing.contains(each))
          found.push_back(fmt::format("{}: no {} names it", requirement.id, each));
      }
    }
  }
  for (const auto& [name, exception] : exceptions)
    for (const std::string& each : exception.missing)
      if (!used[name].contains(each))
        found.push_back(fmt::format("{}: the exception for {} is not needed", name, each));
  return found;
}

std::string coverage_table(const Citations& citations, const Exceptions& exceptions,
                           const requirements::Catalogue& catalogue) {
  std::string text =
      "# Coverage\n\nGenerated by the tests (`test_style`, with DVIPA_UPDATE=1). For each requirement the files that "
      "name "
      "it: of the model, of the\nimplementation, of the tests and simulations, and of the live checks; and the seeded "
      "faults that break it, each of which\na test must notice. A hole without a reason fails the tests.\n";
  for (const Section& section : catalogue.sections) {
    if (!is_protocol(section)) continue;
    text += fmt::format("\n## {}: {}\n\n| | {} | not covered, because |\n|---|---|---|---|---|---|---|\n", section.name,
                        section.title, fmt::join(coverage_names, " | "));
    for (const Requirement& requirement : section.requirements) {
      text += fmt::format("| {} ", requirement.id);
      const auto at = citations.find(requirement.id);
      for (std::size_t i = 0; i < coverage_names.size(); ++i)
        text += fmt::format("| {} ", at == citations.end() ? "" : cell(at->second[i]));
      const Exception* exception = exception_for(exceptions, section, requirement);
      text += exception == nullptr || missing_of(citations, section, requirement).empty()
                  ? "| |\n"
                  : fmt::format("| {} |\n", exception->reason);
    }
  }
  return text;
}

}  // namespace dvipa::style
