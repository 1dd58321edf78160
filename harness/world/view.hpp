#pragma once
// What a scenario may expect of one DVIPA, and what world, model and lab have to agree on when everything has come to
// rest: who owns it and who knows that, both tables, and what has become of the connections.
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world/scenario.hpp"

namespace dvipa::world {

struct StackView {
  std::string state;  // of its role, in the words of a scenario
  StackId owner;      // that it knows
  StackId claimant;   // that it knows
  bool advertises = false;
  std::map<Port, std::set<StackId>> listeners;  // DPT
  std::map<std::uint32_t, StackId> routes;      // CRT, by the number of the connection
  bool operator==(const StackView&) const = default;
};

struct ConnectionView {
  std::string state;  // in the words of a scenario
  StackId peer;       // established: who serves it, while that holds its end
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

View view_of(const World& world, const Address& dvipa, const std::vector<std::uint32_t>& connections);

// What differs, a line each: where, what `one` says, what `other` says. Empty: nothing.
struct Difference {
  std::string where;
  std::string one;
  std::string other;
};
std::vector<Difference> differences(const View& one, const View& other);

// Longer than it takes to be excluded, to meet and to join (settings.hpp), and shorter than anybody's patience with
// what is kept back: the limit of time for reports, and a target whose client does not answer.
inline constexpr Micros a_while = 700 * ms;

// What is about to change within that time although nobody does anything, and does not only move data; with
// `of_data_too` also what does.
std::vector<Difference> about_to_change(const World& world, const Address& dvipa,
                                        const std::vector<std::uint32_t>& connections, bool of_data_too = false);

// Empty when it is as expected; else how it is.
std::string unmet(const Expectation& expected, const View& view);

// What a scenario does that another stage than the world has no notion of, and in which line.
struct NotPlayable {
  unsigned line = 0;  // of the file, from 1; 0: who is in the cluster
  std::string reason;
};
// "line 12: in the model no profile changes"
std::string text_of(const NotPlayable& missing);

// Between the world and another stage.
struct Disagreement {
  unsigned line = 0;  // of the file; 0: there is none
  std::string where;
  std::string world;
  std::string other;
};
// "line 12: S3's state: the world says active, the model says backup"
std::string text_of(const Disagreement& disagreement, std::string_view other);

}  // namespace dvipa::world
