#include "harness/world/story.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dvipa::world {

void Story::saw(Micros at, const std::string& from, const std::string& to, const std::string& what) {
  lines_.push_back({at, from, to, what});
}

std::string Story::text() const {
  std::string all;
  for (const Line& line : lines_) {
    const std::string who = line.to.empty() ? line.from : line.from + " -> " + line.to;
    all += fmt::format("{:>12.3f} ms  {}{}{}\n", static_cast<double>(line.at) / static_cast<double>(ms), who,
                       who.empty()       ? ""
                       : line.to.empty() ? " "
                                         : ": ",
                       line.what);
  }
  return all;
}

std::string Story::mermaid(unsigned stacks) const {
  std::string all = "sequenceDiagram\n";
  for (unsigned n = 1; n <= stacks; ++n) all += fmt::format("  participant S{}\n", n);
  for (const Line& line : lines_) {
    std::string what = line.what;
    std::ranges::replace(what, ';', ',');
    std::ranges::replace(what, '#', ' ');
    if (!line.to.empty()) {
      all += fmt::format("  {}->>{}: {}\n", line.from, line.to, what);
    } else if (!line.from.empty()) {
      all += fmt::format("  Note over {}: {}\n", line.from, what);
    } else {
      all += fmt::format("  Note over S1,S{}: {}\n", stacks, what);
    }
  }
  return all;
}

}  // namespace dvipa::world
