#pragma once
// How a check is to be run: search, limits, storage, and where progress goes.
#include <atomic>
#include <cstdint>
#include <iosfwd>
#include <string>

namespace dvipa::checker {

enum class Search {
  breadth_first,  // shortest counterexamples; the only one that checks liveness, uses several threads and checkpoints
  depth_first,    // one thread; counterexamples are not shortest
  random_walks    // seeded; finds violations, proves nothing
};

enum class Storage {
  exact,       // every state in full
  compressed,  // every state in full, its parts shared (lossless; slower, for long runs)
  hashes       // 64-bit hashes only: may miss states, never says `holds`
};

struct Options {
  std::string config = "unnamed";  // named in the last line
  Search search = Search::breadth_first;
  Storage storage = Storage::exact;
  unsigned threads = 1;
  bool symmetry = true;                // when the model offers a canonical form; liveness is always checked without it
  bool partial_order = true;           // the same, of ample steps; in a breadth-first search only
  bool deadlocks = false;              // a state without successors that the model does not call final is a violation
  bool stop_at_first = true;           // false: go on until every property is decided
  std::uint64_t depth_max = 0;         // steps from an initial state; 0: no limit
  std::uint64_t memory_bytes_max = 0;  // 0: four fifths of what the machine has free at the start
  std::uint64_t seed = 1;              // random walks
  std::uint64_t walks = 1000;          // random walks
  std::uint64_t walk_steps_max = 1000;
  std::ostream* progress = nullptr;              // a line every two seconds
  const std::atomic<bool>* interrupt = nullptr;  // when it becomes true, the check ends with the result so far
  std::string checkpoint_file{};                 // written between levels of a breadth-first search; empty: none
  double checkpoint_every_s = 600;
  bool resume = false;  // go on from checkpoint_file; when that does not fit, End::refused and a note say why
};

}  // namespace dvipa::checker
