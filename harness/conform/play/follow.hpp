#pragma once
// Lab and world side by side: what a lab does not tell is taken from the world, and where chance may give a connection
// to another target than in the world, the names are exchanged.
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "harness/conform/play/live_board.hpp"
#include "harness/world/view.hpp"

namespace dvipa::conform {

class Follower {
 public:
  explicit Follower(const world::Scenario& scenario) : scenario_(scenario) {}

  // Before the world does it. Says why it cannot be followed; empty: it can.
  std::string perform(const world::Command& command, const world::World& world);

  std::vector<std::uint32_t> connections_of(const Address& dvipa) const;
  // Without those that have ended: their entries go when they like.
  std::vector<std::uint32_t> open_connections_of(const Address& dvipa, const world::World& world) const;
  Address dvipa_of(std::uint32_t connection) const;

  // What the world shows. Not at rest nothing is said of connections that their clients have closed, nor of entries of
  // others that have ended.
  world::View expected(const Address& dvipa, const world::World& world, bool at_rest) const;
  // What the lab shows of the same, in the names of the world. Not at rest nothing is said of what is acknowledged.
  world::View completed(const Sight& sight, const world::View& expected, bool at_rest);

 private:
  struct Called {
    Address dvipa;
    unsigned client = 0;
    bool by_chance = false;  // opened at the same time as another one, or by a method that measures
    bool unpromised = false;
    StackId in_world;  // its target there, when it has one in the lab
    StackId in_lab;
  };
  std::string connect(const world::Command& command, const world::World& world);
  std::string strike(StackId stack) const;
  void note_unpromised(const world::World& world);
  void meet(std::uint32_t number, const world::View& expected, const world::View& seen);

  const world::Scenario& scenario_;
  std::map<std::uint32_t, Called> called_;
  std::map<Address, std::vector<std::uint32_t>> at_once_;  // opened since time has passed last
  bool parted_ = false;
};

}  // namespace dvipa::conform
