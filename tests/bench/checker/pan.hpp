#pragma once
// SPIN's verifier for a Promela model: built and run in a temporary folder.
#include <string>
#include <string_view>

namespace dvipa::bench {

// The Promela rendering of a model of the benchmark set, built in; empty when there is none of that name.
std::string_view promela_of(std::string_view model);

enum class PanSearch { depth_first, breadth_first };

struct PanRun {
  bool ended = false;          // it ran and wrote its summary; else all below is 0
  bool violated = false;       // an assertion
  double states = 0;           // unique
  double transitions = 0;      // also those to states that were known
  double depth = 0;            // steps to the state before the violation, or of the longest path
  double bytes_per_state = 0;  // with the table
  double wall_s = 0;
  double cpu_s = 0;
};

class Pan {
 public:
  // `definitions` as for a preprocessor: "-DN=3 -DWITHOUT_FLV_5".
  Pan(std::string_view promela, std::string_view definitions, PanSearch search);
  Pan(const Pan&) = delete;
  Pan& operator=(const Pan&) = delete;
  ~Pan();

  // spin and gcc are there and have made a verifier.
  bool built() const { return built_; }
  // `table_bits`: 2 to that power is the number of slots of its table.
  PanRun run(unsigned table_bits) const;

 private:
  std::string folder_;
  bool built_ = false;
};

}  // namespace dvipa::bench
