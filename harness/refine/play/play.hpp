#pragma once
// Plays a scenario on the model beside the world, and compares. What the model leaves open it takes from the world: the
// target that a new connection is given to. The world has the clock, too: a `run` that ends while something is still
// going to happen by itself orders things by time, and the model has none.
#include <optional>
#include <string>
#include <vector>

#include "harness/refine/play/board.hpp"

namespace dvipa::refine {

struct Disagreement {
  unsigned line = 0;  // of the file; 0: there is none
  std::string where;
  std::string world;
  std::string model;
};

struct Performance {
  std::optional<NotForModel> not_for_model;  // then the rest says how far it came
  std::vector<NotForModel> left_out;         // what is expected of something that the model does not have
  std::vector<world::Unmet> unmet;           // of the model
  std::optional<std::string> violation;      // of the model's properties
  std::vector<Disagreement> disagreements;
  unsigned comparisons = 0;  // of everything, when world and model had come to rest
  std::string story;         // in the sentences of the model, for each group of connections
  bool agrees() const { return !not_for_model && disagreements.empty(); }
  bool passed() const { return !violation && unmet.empty(); }
};

Performance perform_on_model(const world::Scenario& scenario, const model::Deviations& deviations = {});

// "line 12: in the model no profile changes"
std::string text_of(const NotForModel& missing);
// "line 12: S3's state: the world says active, the model says backup"
std::string text_of(const Disagreement& disagreement);

}  // namespace dvipa::refine
