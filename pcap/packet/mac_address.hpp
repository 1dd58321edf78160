#pragma once
// Ethernet MAC addresses as values.
#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dvipa {

struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  constexpr bool is_none() const { return bytes == std::array<std::uint8_t, 6>{}; }
  // A group address; the broadcast address is one.
  constexpr bool is_multicast() const { return (bytes[0] & 1U) != 0; }
  constexpr auto operator<=>(const MacAddress&) const = default;
};

inline constexpr MacAddress broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

// Six groups of one or two hexadecimal digits, all separated by ':' or all by '-'. Empty when it is not that.
std::optional<MacAddress> parse_mac_address(std::string_view text);
// Lower case, two digits a group, separated by ':'.
std::string to_string(const MacAddress& mac);

}  // namespace dvipa
