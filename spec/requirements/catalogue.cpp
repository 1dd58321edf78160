// The catalogue read from TOML, and its rules.
#include "spec/requirements/catalogue.hpp"

#include <fmt/core.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <optional>

namespace dvipa::requirements {
namespace {

using Refused = std::optional<CatalogueError>;

std::string text_of(const toml::table& table, std::string_view key) { return table[key].value_or(std::string()); }

bool same_but_for_case(std::string_view a, std::string_view b) {
  const auto small = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, {}, small, small);
}

class Reader {
 public:
  Refused read(const CatalogueFile& file);
  Refused check() const;
  Catalogue take() { return std::move(catalogue_); }

 private:
  Refused read_sources(const CatalogueFile& file, const toml::array& sources);
  Refused read_section(const CatalogueFile& file, const toml::table& root);
  Refused read_requirement(const CatalogueFile& file, const toml::table& table, Section& section);
  Refused check_requirement(const Section& section, const Requirement& requirement) const;

  Catalogue catalogue_;
};

CatalogueError wrong(std::string_view file, const toml::node& node, std::string what) {
  return {std::string(file), node.source().begin.line, std::move(what)};
}

// A key that nobody reads is a slip of the pen.
Refused only_keys(const CatalogueFile& file, const toml::table& table, std::span<const std::string_view> known) {
  for (const auto& [key, value] : table)
    if (std::ranges::find(known, key.str()) == known.end())
      return wrong(file.name, value, fmt::format("unknown key '{}'", key.str()));
  return std::nullopt;
}

Refused Reader::read(const CatalogueFile& file) {
  const toml::parse_result parsed = toml::parse(file.text, file.name);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return CatalogueError{std::string(file.name), error.source().begin.line, std::string(error.description())};
  }
  const toml::table& root = parsed.table();
  if (const toml::array* sources = root["source"].as_array()) return read_sources(file, *sources);
  return read_section(file, root);
}

Refused Reader::read_sources(const CatalogueFile& file, const toml::array& sources) {
  for (const toml::node& node : sources) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong(file.name, node, "a source is a table");
    Source source{text_of(*table, "id"), text_of(*table, "title")};
    if (source.id.empty() || source.title.empty()) return wrong(file.name, node, "a source has an id and a title");
    catalogue_.sources.push_back(std::move(source));
  }
  return std::nullopt;
}

Refused Reader::read_section(const CatalogueFile& file, const toml::table& root) {
  constexpr std::array<std::string_view, 3> known = {"section", "title", "requirement"};
  if (auto refused = only_keys(file, root, known)) return refused;
  Section section{text_of(root, "section"), text_of(root, "title"), {}};
  const toml::array* requirements = root["requirement"].as_array();
  if (section.name.empty() || section.title.empty() || requirements == nullptr)
    return wrong(file.name, root, "a section has a name, a title and requirements");
  if (catalogue_.find_section(section.name) != nullptr)
    return wrong(file.name, root, fmt::format("section {} is defined twice", section.name));
  for (const toml::node& node : *requirements) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return wrong(file.name, node, "a requirement is a table");
    if (auto refused = read_requirement(file, *table, section)) return refused;
  }
  catalogue_.sections.push_back(std::move(section));
  return std::nullopt;
}

Refused Reader::read_requirement(const CatalogueFile& file, const toml::table& table, Section& section) {
  constexpr std::array<std::string_view, 6> known = {"id", "text", "source", "decision", "why", "rests_on"};
  if (auto refused = only_keys(file, table, known)) return refused;
  Requirement requirement;
  requirement.id = text_of(table, "id");
  requirement.text = text_of(table, "text");
  requirement.source = text_of(table, "source");
  requirement.decision = table["decision"].value_or(false);
  requirement.why = text_of(table, "why");
  if (const toml::array* rests_on = table["rests_on"].as_array())
    for (const toml::node& each : *rests_on) requirement.rests_on.push_back(each.value_or(std::string()));
  const std::string expected = fmt::format("{}-{}", section.name, section.requirements.size() + 1);
  if (requirement.id != expected)
    return wrong(file.name, table, fmt::format("found id '{}', expected {}", requirement.id, expected));
  if (requirement.text.empty()) return wrong(file.name, table, fmt::format("{} has no text", expected));
  if (requirement.decision == requirement.why.empty())
    return wrong(file.name, table, fmt::format("{}: a decision, and only a decision, says why", expected));
  section.requirements.push_back(std::move(requirement));
  return std::nullopt;
}

Refused Reader::check() const {
  for (const Section& section : catalogue_.sections)
    for (const Requirement& requirement : section.requirements)
      if (auto refused = check_requirement(section, requirement)) return refused;
  return std::nullopt;
}

Refused Reader::check_requirement(const Section& section, const Requirement& requirement) const {
  const auto refuse = [&](std::string what) {
    return CatalogueError{section.name, 0, fmt::format("{}: {}", requirement.id, what)};
  };
  if (requirement.source.empty() == requirement.rests_on.empty())
    return refuse("a requirement has a source, or rests on others");
  for (const std::string& id : requirement.rests_on)
    if (catalogue_.find(id) == nullptr) return refuse(fmt::format("rests on {}, which there is not", id));
  if (requirement.source.empty()) return std::nullopt;
  const std::string first = requirement.source.substr(0, requirement.source.find_first_of(" ,"));
  const bool known = std::ranges::any_of(catalogue_.sources, [&](const Source& each) { return each.id == first; });
  if (!known) return refuse(fmt::format("there is no source '{}'", first));
  if (requirement.decision != (first == "D")) return refuse("the source of a decision, and only of one, begins with D");
  return std::nullopt;
}

}  // namespace

const Requirement* Catalogue::find(std::string_view id) const {
  for (const Section& section : sections)
    for (const Requirement& requirement : section.requirements)
      if (same_but_for_case(requirement.id, id)) return &requirement;
  return nullptr;
}

const Section* Catalogue::find_section(std::string_view name) const {
  for (const Section& section : sections)
    if (same_but_for_case(section.name, name)) return &section;
  return nullptr;
}

tl::expected<Catalogue, CatalogueError> read_catalogue(std::span<const CatalogueFile> files) {
  Reader reader;
  for (const CatalogueFile& file : files)
    if (auto refused = reader.read(file)) return tl::unexpected(*refused);
  if (auto refused = reader.check()) return tl::unexpected(*refused);
  return reader.take();
}

const Catalogue& catalogue() {
  static const Catalogue built_in = [] {
    auto read = read_catalogue(embedded_files());
    if (!read) {
      fmt::print(stderr, "{}:{}: {}\n", read.error().file, read.error().line, read.error().what);
      std::abort();
    }
    return *std::move(read);
  }();
  return built_in;
}

}  // namespace dvipa::requirements
