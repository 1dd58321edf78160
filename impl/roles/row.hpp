#pragma once
// A row of a role's transition table as text, for diagrams, snapshots and coverage.
#include <string>
#include <string_view>
#include <vector>

namespace dvipa::roles {

struct RowText {
  std::string_view requirement;
  std::string_view in;
  std::string_view on;
  std::string_view become;
};

// What processing one event came to. `requirement` is that of the row that fired, empty when none did.
struct Outcome {
  bool taken = false;
  std::string_view requirement;
};

}  // namespace dvipa::roles
