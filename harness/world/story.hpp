#pragma once
// What happened in a world, as lines to read or as a sequence diagram in Mermaid.
#include <string>
#include <vector>

#include "harness/world/observer.hpp"

namespace dvipa::world {

class Story final : public Observer {
 public:
  void saw(Micros at, const std::string& from, const std::string& to, const std::string& what) override;

  std::string text() const;
  // `stacks` participants and the clients. Notes and messages, without the repetition of VERIFY and frames.
  std::string mermaid(unsigned stacks) const;

 private:
  struct Line {
    Micros at = 0;
    std::string from;
    std::string to;
    std::string what;
  };
  std::vector<Line> lines_;
};

}  // namespace dvipa::world
