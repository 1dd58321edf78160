// Aborts on a breach: libFuzzer and the mutation test both notice that.
#include "tests/fuzz/profile/try_profile.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "impl/profile/profile.hpp"

namespace dvipa::profile {
namespace {

void must(bool holds, std::string_view what, std::string_view text) {
  if (holds) return;
  fmt::print(stderr, "{}, for this profile of {} bytes:\n{}\n", what, text.size(), text.substr(0, 4000));
  std::abort();
}

}  // namespace

void try_profile(std::string_view text) {
  const auto definitions = parse_profile(text, "fuzzed");
  if (definitions) {
    const auto again = parse_profile(write_profile(*definitions), "written");
    must(again.has_value() && *again == *definitions, "what is written is not read back", text);
    return;
  }
  const ProfileError& error = definitions.error();
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  must(error.line >= 1 && error.line <= lines, "the error's line is outside of the profile", text);
  must(error.column >= 1 && error.column <= text.size() + 1, "the error's column is outside of the profile", text);
  must(!error.expected.empty(), "the error does not say what was expected", text);
  must(render(error, text).size() < 1024, "the error's text is long", text);
}

}  // namespace dvipa::profile
