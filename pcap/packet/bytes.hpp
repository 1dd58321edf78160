#pragma once
// Numbers in network order at an offset of a span of bytes. The caller has checked the bounds.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "pcap/packet/mac_address.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::bytes {

inline std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}
inline std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at) {
  return std::uint32_t{read16(bytes, at)} << 16 | read16(bytes, at + 2);
}
inline void write16(std::span<std::uint8_t> bytes, std::size_t at, std::size_t value) {
  bytes[at] = static_cast<std::uint8_t>(value >> 8);
  bytes[at + 1] = static_cast<std::uint8_t>(value);
}
inline void write32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
  write16(bytes, at, value >> 16);
  write16(bytes, at + 2, value & 0xffffU);
}

inline MacAddress read_mac(std::span<const std::uint8_t> bytes, std::size_t at) {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), bytes.data() + at, mac.bytes.size());
  return mac;
}
inline void write_mac(std::span<std::uint8_t> bytes, std::size_t at, const MacAddress& mac) {
  std::memcpy(bytes.data() + at, mac.bytes.data(), mac.bytes.size());
}
inline Address read_ipv4(std::span<const std::uint8_t> bytes, std::size_t at) {
  Address address;
  address.bytes[10] = address.bytes[11] = 0xff;
  std::memcpy(address.bytes.data() + 12, bytes.data() + at, 4);
  return address;
}
inline Address read_ipv6(std::span<const std::uint8_t> bytes, std::size_t at) {
  Address address;
  std::memcpy(address.bytes.data(), bytes.data() + at, 16);
  return address;
}
inline void write_ipv4(std::span<std::uint8_t> bytes, std::size_t at, const Address& address) {
  std::memcpy(bytes.data() + at, address.bytes.data() + 12, 4);
}
inline void write_ipv6(std::span<std::uint8_t> bytes, std::size_t at, const Address& address) {
  std::memcpy(bytes.data() + at, address.bytes.data(), 16);
}

}  // namespace dvipa::bytes
