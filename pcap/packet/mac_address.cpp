// MAC addresses as text.
#include "pcap/packet/mac_address.hpp"

#include <fmt/format.h>

namespace dvipa {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::optional<MacAddress> parse_mac_address(std::string_view text) {
  MacAddress mac;
  const char separator = text.find('-') == std::string_view::npos ? ':' : '-';
  std::size_t at = 0;
  for (std::size_t group = 0; group < mac.bytes.size(); ++group) {
    if (group > 0 && (at >= text.size() || text[at++] != separator)) return std::nullopt;
    int value = at < text.size() ? hex_digit(text[at]) : -1;
    if (value < 0) return std::nullopt;
    ++at;
    const int second = at < text.size() ? hex_digit(text[at]) : -1;
    if (second >= 0) {
      value = value * 16 + second;
      ++at;
    }
    mac.bytes[group] = static_cast<std::uint8_t>(value);
  }
  if (at != text.size()) return std::nullopt;
  return mac;
}

std::string to_string(const MacAddress& mac) {
  const auto& b = mac.bytes;
  return fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", b[0], b[1], b[2], b[3], b[4], b[5]);
}

}  // namespace dvipa
