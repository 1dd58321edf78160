#pragma once
// Scenario files played by `dvipa simulate`: in the world, on the model, in a lab, and what they say compared.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "impl/stack/mutant.hpp"

namespace dvipa::cli {

struct Stages {
  bool model = false;
  bool lab = false;
  bool compared = false;  // with the world; a lab is in any case
};
// world, model, both, lab, all; empty: none of these.
std::optional<Stages> stages_of(std::string_view word);

struct Telling {
  Stages on;
  bool story = false;
  bool diagram = false;
  std::optional<Mutant> mutant;  // in place of the scenario's own
};

// The exit code is that of the worst.
int play_files(const std::vector<std::string>& files, Telling telling);

}  // namespace dvipa::cli
