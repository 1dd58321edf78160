#pragma once
// IP addresses of both families in one value, ordered as bytes in network order (CFG-9).
#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace dvipa {

// An IPv4 address is held IPv4-mapped (::ffff:a.b.c.d, RFC 4291 section 2.5.5.2). The value-initialised
// address (::) stands for "no address" and, as a connection's source, for "any" (CLP-5).
struct Address {
  std::array<std::uint8_t, 16> bytes{};

  static constexpr Address v4(std::uint32_t host_order) {
    Address address;
    address.bytes[10] = address.bytes[11] = 0xff;
    for (unsigned i = 0; i < 4; ++i) address.bytes[12 + i] = static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
    return address;
  }
  constexpr bool is_v4() const {
    static_assert(std::endian::native == std::endian::little);
    const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(bytes);
    return halves[0] == 0 && static_cast<std::uint32_t>(halves[1]) == 0xffff0000U;
  }
  // Host order; meaningful only when is_v4().
  constexpr std::uint32_t v4_value() const {
    return std::uint32_t{bytes[12]} << 24 | std::uint32_t{bytes[13]} << 16 | std::uint32_t{bytes[14]} << 8 | bytes[15];
  }
  constexpr bool is_none() const { return bytes == std::array<std::uint8_t, 16>{}; }
  constexpr auto operator<=>(const Address&) const = default;
};

// The address that an application binds to that wants all addresses of the family of `address`: 0.0.0.0 or ::.
constexpr Address wildcard_of(const Address& address) { return address.is_v4() ? Address::v4(0) : Address{}; }

// Dotted quad or RFC 4291 text; nothing else (no host names, no zone, no prefix). Empty when it is neither.
std::optional<Address> parse_address(std::string_view text);
// Dotted quad, or RFC 5952 text.
std::string to_string(const Address& address);

// True when both addresses agree in their first `prefix_bits` bits, counted within their family
// (0-32 for IPv4, 0-128 for IPv6); addresses of different families never agree.
bool same_subnet(const Address& a, const Address& b, unsigned prefix_bits);

}  // namespace dvipa
