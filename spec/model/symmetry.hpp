#pragma once
// Which stacks and connections of a configuration are interchangeable, and a representative of all states that differ
// only by who of them is who.
#include <array>
#include <vector>

#include "spec/model/rules.hpp"
#include "spec/model/state.hpp"

namespace dvipa::model {

// stack i is called stack[i] from now on, connection c (with its client) connection[c].
struct Renaming {
  std::array<Stack, kStacksMax + 1> stack{};
  std::array<std::uint8_t, kConnectionsMax> connection{};
  bool operator==(const Renaming&) const = default;
};
Renaming same_names();
State renamed(const State& state, const Rules& rules, const Renaming& to);

// Stacks are interchangeable when they play the same part in the configuration and can never own the DVIPA (else their
// XCF addresses decide between them); connections when their clients are on the same side.
class Symmetry {
 public:
  explicit Symmetry(const Rules& rules);
  bool is_trivial() const { return stacks_.empty() && connections_.empty(); }
  // Sorts what is interchangeable by what can be said of it without a name: of what it knows and what is known of it,
  // then of whom it has to do with, as these have been told apart so far. Where that leaves several alike, one of them
  // is taken for the first, which tells the others apart.
  State canonical(const State& state) const;
  std::vector<Renaming> renamings() const;  // all; for tests

 private:
  struct Colours;
  void look(const State& state, Colours& colours) const;
  bool refine(const State& state, Colours& colours) const;
  Renaming order(const Colours& colours) const;

  const Rules rules_;
  std::vector<std::vector<Stack>> stacks_;              // classes of two or more
  std::vector<std::vector<std::uint8_t>> connections_;  // the same
};

}  // namespace dvipa::model
