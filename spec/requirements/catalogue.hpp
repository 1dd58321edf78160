#pragma once
// The requirements that everything here is measured against: identifier, text and source, as data. The TOML files
// beside this one are the only place where identifiers are defined; they are built into the binary.
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace dvipa::requirements {

struct Requirement {
  std::string id;  // SECTION-N; never changes and is never given again
  std::string text;
  std::string source;                 // letters of Source and where to look; empty for a property
  bool decision = false;              // taken by this project where the sources are silent
  std::string why;                    // of a decision
  std::vector<std::string> rests_on;  // of a property: the requirements that it follows from
};

struct Section {
  std::string name;  // the part of an identifier before the hyphen
  std::string title;
  std::vector<Requirement> requirements;  // numbered from 1, without gaps
};

struct Source {
  std::string id;
  std::string title;
};

struct Catalogue {
  std::vector<Source> sources;
  std::vector<Section> sections;

  // Null when there is no such identifier; blind to case.
  const Requirement* find(std::string_view id) const;
  const Section* find_section(std::string_view name) const;
};

// A file of the catalogue and what is wrong in it; `line` is 0 when it concerns the whole file.
struct CatalogueError {
  std::string file;
  std::size_t line = 0;
  std::string what;
};

struct CatalogueFile {
  std::string_view name;
  std::string_view text;
};

// Reads section files and one file of sources, and checks what the fields above promise.
tl::expected<Catalogue, CatalogueError> read_catalogue(std::span<const CatalogueFile> files);

// The files that were built in.
std::span<const CatalogueFile> embedded_files();

// The catalogue that was built in. Aborts with the error if it is not good, which the tests exclude.
const Catalogue& catalogue();

}  // namespace dvipa::requirements
