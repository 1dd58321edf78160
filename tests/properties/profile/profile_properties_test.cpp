// Properties of the profile language over generated definitions. covers: CFG-1, CFG-2, CFG-3, CFG-4, CFG-5, CFG-7,
// CFG-9
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "impl/profile/profile.hpp"
#include "tests/properties/profile/definitions_generator.hpp"

namespace dvipa::profile {

// So that a failing example is shown as the profile that it is.
void showValue(const Definitions& definitions, std::ostream& out) { out << write_profile(definitions); }

namespace {

Definitions parsed(const std::string& text) {
  const auto definitions = parse_profile(text, "generated");
  if (!definitions) RC_FAIL(render(definitions.error(), text) + text);
  return *definitions;
}

// The same words, with other blanks, comments and letters.
std::string in_another_layout(const std::string& text) {
  std::string other;
  for (char c : text) {
    if (c == ' ' || c == '\n') {
      other += *rc::gen::element<std::string>(" ", "\n", "\t\r\n", " ; VIPADELETE 10.1.1.1 \n", ";\n");
    } else {
      const bool lower = *rc::gen::arbitrary<bool>();
      other += lower && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    }
  }
  return other;
}

RC_GTEST_PROP(ProfileProperties, WhatIsWrittenIsReadBack, ()) {
  const Definitions definitions = *any_definitions();
  RC_ASSERT(parsed(write_profile(definitions)) == definitions);
}

RC_GTEST_PROP(ProfileProperties, LayoutAndCaseMeanNothing, ()) {
  const Definitions definitions = *any_definitions();
  RC_ASSERT(parsed(in_another_layout(write_profile(definitions))) == definitions);
}

RC_GTEST_PROP(ProfileProperties, SayingAgainWhatHoldsChangesNothing, ()) {
  const Definitions definitions = *any_definitions();
  const auto again = amend_profile(definitions, write_profile(definitions), "generated");
  RC_ASSERT(again.has_value());
  RC_ASSERT(*again == definitions);
}

RC_GTEST_PROP(ProfileProperties, DeletingEveryAddressLeavesNone, ()) {
  const Definitions definitions = *any_definitions();
  std::string text = "VIPADYNAMIC ";
  for (const DvipaDefinition& each : definitions.dvipas) text += "VIPADELETE " + to_string(each.dvipa) + " ";
  const auto rest = amend_profile(definitions, text + "ENDVIPADYNAMIC", "generated");
  RC_ASSERT(rest.has_value());
  RC_ASSERT(rest->dvipas.empty());
  RC_ASSERT(rest->ranges == definitions.ranges);
}

}  // namespace
}  // namespace dvipa::profile
