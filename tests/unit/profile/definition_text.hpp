#pragma once
// Short ways for the tests of profiles to say addresses and to read text that must be good.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "impl/profile/profile.hpp"

namespace dvipa::profile {

inline Address at(std::string_view text) { return parse_address(text).value(); }

inline std::string block(std::string_view statements) {
  return "VIPADYNAMIC\n" + std::string(statements) + "\nENDVIPADYNAMIC\n";
}

// The definitions of a whole text; on error the test fails, with the error as it would be shown.
inline Definitions read(std::string_view text) {
  const auto definitions = parse_profile(text, "test.profile");
  if (definitions) return *definitions;
  ADD_FAILURE() << render(definitions.error(), text);
  return {};
}

}  // namespace dvipa::profile
