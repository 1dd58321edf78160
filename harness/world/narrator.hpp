#pragma once
// What happens in a world, in the protocol's words.
#include <string>

#include "harness/world/world.hpp"

namespace dvipa::world {

class Narrator {
 public:
  explicit Narrator(World& world) : world_(world) {}

  std::string text(const Message& message) const;
  void effect(StackId stack, const Effect& effect) const;

 private:
  std::string text(const std::vector<Remote>& remotes, const Address& dvipa) const;

  World& world_;
};

}  // namespace dvipa::world
