#pragma once
// The scenarios of tests/scenarios, read.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "harness/world/scenario.hpp"

namespace dvipa::world::sample {

struct ScenarioFile {
  std::string name;
  std::string text;
};

inline std::vector<ScenarioFile> scenario_files() {
  std::vector<ScenarioFile> found;
  for (const auto& entry : std::filesystem::directory_iterator(DVIPA_SOURCE_DIR "/tests/scenarios")) {
    if (entry.path().extension() != ".scn") continue;
    std::stringstream text;
    text << std::ifstream(entry.path()).rdbuf();
    found.push_back({entry.path().stem().string(), text.str()});
  }
  std::ranges::sort(found, {}, &ScenarioFile::name);
  return found;
}

inline std::vector<Scenario> scenarios() {
  std::vector<Scenario> read;
  for (const ScenarioFile& file : scenario_files()) {
    auto scenario = read_scenario(file.text, file.name);
    EXPECT_TRUE(scenario.has_value()) << file.name << ":" << scenario.error().line << ": " << scenario.error().what;
    if (scenario) read.push_back(std::move(*scenario));
  }
  return read;
}

}  // namespace dvipa::world::sample
