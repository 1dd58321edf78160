// dvipa requirements: what must hold, and where it comes from.
#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/cli/command_line.hpp"
#include "harness/cli/verb.hpp"
#include "harness/cli/verbs.hpp"
#include "spec/requirements/catalogue.hpp"

namespace dvipa::cli {
namespace {

using requirements::Catalogue;
using requirements::Requirement;
using requirements::Section;
using Json = nlohmann::ordered_json;

// The sections in order, each with those of its requirements that were asked for.
std::vector<Section> chosen(const Catalogue& catalogue, const std::vector<std::string>& names) {
  if (names.empty()) return catalogue.sections;
  std::vector<Section> sections;
  for (const Section& section : catalogue.sections) {
    Section part{section.name, section.title, {}};
    for (const Requirement& requirement : section.requirements)
      for (const std::string& name : names)
        if (catalogue.find_section(name) == &section || catalogue.find(name) == &requirement) {
          part.requirements.push_back(requirement);
          break;
        }
    if (!part.requirements.empty()) sections.push_back(std::move(part));
  }
  return sections;
}

// Breaks at blanks, each line after `indent` blanks; a word longer than the line stands alone.
std::string wrapped(std::string_view text, std::size_t indent) {
  constexpr std::size_t width = 100;
  std::string lines;
  while (!text.empty()) {
    std::size_t length = text.size();
    if (indent + length > width) {
      length = text.rfind(' ', width - indent);
      if (length == std::string_view::npos) length = std::min(text.find(' '), text.size());
    }
    lines += fmt::format("{:{}}{}\n", "", indent, text.substr(0, length));
    text.remove_prefix(std::min(length + 1, text.size()));
  }
  return lines;
}

std::string shown(const Requirement& requirement) {
  std::string text = fmt::format("  {}", requirement.id);
  if (!requirement.source.empty()) text += fmt::format("  [{}]", requirement.source);
  if (!requirement.rests_on.empty()) text += fmt::format("  [rests on {}]", fmt::join(requirement.rests_on, ", "));
  text += "\n" + wrapped(requirement.text, 4);
  if (requirement.decision) text += wrapped("Why: " + requirement.why, 4);
  return text + "\n";
}

std::string shown(const Catalogue& catalogue, const std::vector<Section>& sections) {
  std::string text;
  for (const Section& section : sections) {
    text += fmt::format("{} - {}\n\n", section.name, section.title);
    for (const Requirement& requirement : section.requirements) text += shown(requirement);
  }
  text += "Sources:\n";
  for (const auto& source : catalogue.sources) text += fmt::format("  {}\n{}", source.id, wrapped(source.title, 4));
  return text;
}

Json json_of(const Requirement& requirement) {
  Json json = {{"id", requirement.id}, {"text", requirement.text}};
  if (!requirement.source.empty()) json["source"] = requirement.source;
  if (!requirement.rests_on.empty()) json["rests_on"] = requirement.rests_on;
  json["decision"] = requirement.decision;
  if (requirement.decision) json["why"] = requirement.why;
  return json;
}

Json json_of(const Catalogue& catalogue, const std::vector<Section>& sections) {
  Json json = {{"sources", Json::array()}, {"sections", Json::array()}};
  for (const auto& source : catalogue.sources) json["sources"].push_back({{"id", source.id}, {"title", source.title}});
  for (const Section& section : sections) {
    Json list = Json::array();
    for (const Requirement& requirement : section.requirements) list.push_back(json_of(requirement));
    json["sections"].push_back({{"section", section.name}, {"title", section.title}, {"requirements", list}});
  }
  return json;
}

}  // namespace

int run_requirements(std::span<const std::string> words) {
  CommandLine line("requirements",
                   "Lists what must hold, with its source and, for decisions of this project, the reason.\n"
                   "FLV-5 names one requirement, FLV a whole section; without a name all are listed.\n");
  TCLAP::SwitchArg as_json("", "json", "print JSON", line.arguments());
  TCLAP::UnlabeledMultiArg<std::string> names("ID", "identifiers or sections", false, "ID", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;

  const Catalogue& catalogue = requirements::catalogue();
  for (const std::string& name : names.getValue())
    if (catalogue.find(name) == nullptr && catalogue.find_section(name) == nullptr)
      return line.bad_usage(fmt::format("there is no requirement or section {}", name));
  const auto sections = chosen(catalogue, names.getValue());
  if (as_json.getValue()) {
    fmt::print("{}\n", json_of(catalogue, sections).dump(2));
  } else {
    fmt::print("{}", shown(catalogue, sections));
  }
  return exit_passed;
}

}  // namespace dvipa::cli
