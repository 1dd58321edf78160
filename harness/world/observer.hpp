#pragma once
// Who watches a world; a world works the same whether anybody does or not.
#include <string>

#include "harness/world/settings.hpp"

namespace dvipa::world {

class Observer {
 public:
  virtual ~Observer() = default;
  // Something that happened at `at`, in words; `to` is empty when it concerns `from` alone. Both are names of
  // participants: S1, client1.
  virtual void saw(Micros at, const std::string& from, const std::string& to, const std::string& what) = 0;
};

}  // namespace dvipa::world
