#pragma once
// Profile text to definitions and back (CFG-1..5, CFG-7..9). docs/profile.md is the language's manual.
#include <cstddef>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "spec/vocabulary/definitions.hpp"

namespace dvipa::profile {

// The first thing in a profile that cannot be understood or cannot hold (CFG-8).
struct ProfileError {
  std::string file;
  std::size_t line = 0;    // from 1
  std::size_t column = 0;  // from 1, in bytes
  std::string statement;   // as written, blanks and comments reduced to single blanks; empty outside of a statement
  std::string found;       // the word at the place; empty: the profile ends there
  std::string expected;
  bool operator==(const ProfileError&) const = default;
};

// What `text` defines. Either all of it holds or nothing of it counts (CFG-8). `file_name` only names it in errors.
tl::expected<Definitions, ProfileError> parse_profile(std::string_view text, std::string_view file_name);

// What holds after `text` was obeyed by a stack whose definitions are `present` (CFG-7): what it names is added or
// replaced, what it deletes goes, the rest stays. On error nothing changes.
tl::expected<Definitions, ProfileError> amend_profile(const Definitions& present, std::string_view text,
                                                      std::string_view file_name);

// `file:line:column: message`, the source line, and a caret under the place. `text` is the profile that was parsed.
std::string render(const ProfileError& error, std::string_view text);

// Canonical text: parse_profile(write_profile(d)) == d for every `definitions` that a profile can express.
std::string write_profile(const Definitions& definitions);

// What holds no more ("- STATEMENT") and what holds now ("+ STATEMENT"), in canonical statements.
std::vector<std::string> differences(const Definitions& before, const Definitions& after);

// The words of the language for the values of the vocabulary, in capitals.
std::string_view keyword_of(DistMethod method);
std::string_view keyword_of(Moveable moveable);

}  // namespace dvipa::profile
