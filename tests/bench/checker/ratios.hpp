#pragma once
// How fast the checker is, beside SPIN on the same transition systems: interleaved runs, and their ratios.
#include <iosfwd>
#include <string>

namespace dvipa::bench {

struct RatioOptions {
  std::string model = "two_phase_commit";  // or "ring_election"
  unsigned size = 9;                       // resource managers (1-9), nodes (2-8)
  unsigned rounds = 3;                     // each round runs every contender once, in turns; medians are taken
  bool spin_breadth_first = true;          // also run SPIN's breadth-first search
  std::string promela_directory;           // where <model>.pml lies
};

// Prints a table and the ratios to `out`. Exit codes as those of the command's verbs: 0 done and all counts of states
// are equal; 1 they are not; 2 no such model or size; 3 spin or gcc is not there (the checker's own figures are printed
// all the same, and how to get what lacks).
int print_checker_ratios(const RatioOptions& options, std::ostream& out);

}  // namespace dvipa::bench
