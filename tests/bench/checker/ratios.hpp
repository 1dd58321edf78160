#pragma once
// How fast the checker is, beside SPIN on the same transition systems: interleaved runs, and their ratios.
#include <iosfwd>
#include <string>

namespace dvipa::bench {

struct RatioOptions {
  std::string model;               // empty: all of them, each in its usual size
  unsigned size = 0;               // 0: the model's usual one
  unsigned rounds = 3;             // each round runs every contender once, in turns; medians are taken
  bool spin_breadth_first = true;  // also run SPIN's breadth-first search
};

// The models and what their sizes mean, for a help text.
std::string checker_models_text();

// Prints a table and the ratios of each model to `out`. Exit codes as those of the command's verbs: 0 done and all
// counts of states are equal; 1 they are not; 2 no such model or size; 3 spin or gcc is not there (the checker's own
// figures are printed all the same, and how to get what lacks).
int print_checker_ratios(const RatioOptions& options, std::ostream& out);

}  // namespace dvipa::bench
