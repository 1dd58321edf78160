#pragma once
// Who is who: members of the group, their incarnations, and epochs of ownership.
#include <compare>
#include <cstdint>

namespace dvipa {

// A member of the group: its place (1-254) in the ascending order of the members' XCF addresses, so that
// "the higher XCF address" (FLV-1, FLV-11) is "the higher StackId". 0 is nobody.
struct StackId {
  std::uint8_t value = 0;
  constexpr explicit operator bool() const { return value != 0; }
  constexpr auto operator<=>(const StackId&) const = default;
};
inline constexpr StackId nobody{};
inline constexpr unsigned stack_id_max = 254;

// Distinguishes the lives of a stack: a restarted stack has a greater one (FLV-10).
using Incarnation = std::uint64_t;

// One period of ownership of one DVIPA. A claim takes a counter greater than any that the claimant has seen
// (FLV-10); the claimant breaks ties. Counter 0: never owned.
struct Epoch {
  std::uint32_t counter = 0;
  StackId owner;
  constexpr explicit operator bool() const { return counter != 0; }
  constexpr auto operator<=>(const Epoch&) const = default;
};

}  // namespace dvipa
