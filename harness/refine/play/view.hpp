#pragma once
// What a scenario may expect of one DVIPA, and what world and model have to agree on when everything has come to rest:
// who owns it and who knows that, both tables, and what has become of the connections.
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/world/scenario.hpp"

namespace dvipa::refine {

struct StackView {
  std::string state;  // of its role, in the words of a scenario
  StackId owner;      // that it knows
  StackId claimant;   // that it knows
  bool advertises = false;
  std::set<StackId> listeners;              // DPT
  std::map<std::uint32_t, StackId> routes;  // CRT, by the number of the connection
  bool operator==(const StackView&) const = default;
};

struct ConnectionView {
  std::string state;  // in the words of a scenario
  StackId peer;       // established: who serves it
  std::uint64_t acknowledged = 0;
  bool waits = false;            // for more than that to be acknowledged
  std::set<StackId> held_at;     // stacks with an end of it
  bool ended_by_client = false;  // not known of a world
  bool contested = false;        // nothing is promised of it
  bool operator==(const ConnectionView&) const = default;
};

struct View {
  std::map<StackId, StackView> stacks;  // that are up
  std::map<std::uint32_t, ConnectionView> connections;
  bool operator==(const View&) const = default;
};

View view_of(const world::World& world, const Address& dvipa, const std::vector<std::uint32_t>& connections);

// What differs, a line each: where, what `one` says, what `other` says. Empty: nothing.
struct Difference {
  std::string where;
  std::string one;
  std::string other;
};
std::vector<Difference> differences(const View& one, const View& other);

// Empty when it is as expected; else how it is.
std::string unmet(const world::Expectation& expected, const View& view);

}  // namespace dvipa::refine
