#pragma once
// The files of the repository, as the style tests read them.
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dvipa::style {

struct SourceFile {
  std::string path;  // from the root of the repository
  std::vector<std::string> lines;
};

// The files under the rooms, tests and docs, and those in the root, whose names end in one of `endings`.
std::vector<SourceFile> source_files(std::span<const std::string_view> endings);

}  // namespace dvipa::style
