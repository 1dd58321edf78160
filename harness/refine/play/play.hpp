#pragma once
// Plays a scenario on the model beside the world, and compares. What the model leaves open it takes from the world: the
// target that a new connection is given to. The world has the clock, too: a `run` that ends while something is still
// going to happen by itself orders things by time, and the model has none.
#include <optional>
#include <string>
#include <vector>

#include "harness/refine/play/board.hpp"

namespace dvipa::refine {

struct Performance {
  std::optional<world::NotPlayable> not_for_model;  // the first of it; what is not concerned is played to its end
  std::vector<world::NotPlayable> left_out;         // what is expected of something that the model does not have
  std::vector<world::Unmet> unmet;                  // of the model
  std::optional<std::string> violation;             // of the model's properties
  std::vector<world::Disagreement> disagreements;
  unsigned comparisons = 0;  // of everything, when world and model had come to rest
  std::string story;         // in the sentences of the model, for each group of connections
  bool agrees() const { return !not_for_model && disagreements.empty(); }
  bool passed() const { return !violation && unmet.empty(); }
};

Performance perform_on_model(const world::Scenario& scenario, const model::Deviations& deviations = {});

}  // namespace dvipa::refine
