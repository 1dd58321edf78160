#pragma once
// Which decisions are needed: each is dropped, and the shortest way to harm is found. And a counterexample as a
// scenario.
#include <optional>
#include <string>

#include "spec/checker/result.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {

struct Consequence {
  std::string property;  // that is violated; empty: none is
  std::size_t steps = 0;
  checker::Trace<TakeoverModel> trace;
};
// What the deviation leads to in its configuration (DeviationText::config); without one, in the first of all that are
// no long runs in which it leads to anything.
Consequence consequence_of(const DeviationText& deviation, unsigned threads);

// docs/decisions-needed.md: the decisions, then the seeded faults.
std::string needed_table(unsigned threads);

// The trace as a text file: `stacks`, `clients`, then one line a step in words that a program can read (kind, then
// numbers of stacks, connection, instance), with the sentence as a comment.
std::string scenario_of(const TakeoverModel& model, const std::string& property,
                        const checker::Trace<TakeoverModel>& trace);

}  // namespace dvipa::model
