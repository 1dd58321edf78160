#pragma once
// Addresses and frames that the packet tests share.
#include <string_view>
#include <vector>

#include "pcap/packet/build.hpp"

namespace dvipa::sample {

inline const MacAddress client_mac{{2, 0, 0, 0, 0, 1}};
inline const MacAddress owner_mac{{2, 0, 0, 0, 0, 2}};

inline Address address(std::string_view text) { return parse_address(text).value(); }

inline FrameEnvelope ipv4() {
  return {.destination_mac = owner_mac,
          .source_mac = client_mac,
          .source = address("10.77.0.200"),
          .destination = address("10.77.1.1"),
          .ttl = 64,
          .ipv4_id = 4711,
          .ipv4_options = {}};
}
inline FrameEnvelope ipv6() {
  FrameEnvelope envelope = ipv4();
  envelope.source = address("2001:db8::200");
  envelope.destination = address("2001:db8:1::1");
  return envelope;
}
inline FrameEnvelope envelope(bool ipv4_family) { return ipv4_family ? ipv4() : ipv6(); }

inline TcpFields tcp(std::uint8_t flags = tcp_syn) {
  TcpFields fields;
  fields.source_port = 40001;
  fields.destination_port = 80;
  fields.sequence = 0xfffffff0;
  fields.flags = flags;
  return fields;
}

inline std::vector<std::uint8_t> payload(std::size_t size) {
  std::vector<std::uint8_t> bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251);
  return bytes;
}

// An IPv6 frame with extension headers between the IPv6 header and what follows.
inline std::vector<std::uint8_t> with_extension(std::vector<std::uint8_t> frame, std::uint8_t type,
                                                std::vector<std::uint8_t> extension) {
  extension[0] = frame[20];
  frame[20] = type;
  frame.insert(frame.begin() + 54, extension.begin(), extension.end());
  const std::size_t length = frame.size() - 54;
  frame[18] = static_cast<std::uint8_t>(length >> 8);
  frame[19] = static_cast<std::uint8_t>(length);
  return frame;
}

}  // namespace dvipa::sample
