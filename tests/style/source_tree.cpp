// Walks the repository; build folders are not part of it.
#include "tests/style/source_tree.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>

namespace dvipa::style {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> parts = {"spec", "impl", "pcap", "harness", "tests", "docs", "cmake"};

SourceFile read(const fs::path& root, const fs::path& path) {
  SourceFile file{path.lexically_relative(root).generic_string(), {}};
  std::ifstream stream(path);
  for (std::string line; std::getline(stream, line);) file.lines.push_back(line);
  return file;
}

}  // namespace

std::vector<SourceFile> source_files(std::span<const std::string_view> endings) {
  const fs::path root = DVIPA_SOURCE_DIR;
  std::vector<fs::path> paths;
  const auto consider = [&](const fs::directory_entry& entry) {
    const std::string name = entry.path().filename().string();
    const auto ends = [&](std::string_view ending) { return name.ends_with(ending); };
    if (entry.is_regular_file() && std::ranges::any_of(endings, ends)) paths.push_back(entry.path());
  };
  for (const auto& entry : fs::directory_iterator(root)) consider(entry);
  for (const std::string_view part : parts)
    for (const auto& entry : fs::recursive_directory_iterator(root / part)) consider(entry);
  std::ranges::sort(paths);
  std::vector<SourceFile> files;
  files.reserve(paths.size());
  for (const fs::path& path : paths) files.push_back(read(root, path));
  return files;
}

}  // namespace dvipa::style
