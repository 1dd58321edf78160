// Frames from values.
#include "pcap/packet/build.hpp"

#include <algorithm>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/packet/invariant.hpp"

namespace dvipa {
namespace {

using Buffer = std::vector<std::uint8_t>;

void append(Buffer& buffer, std::span<const std::uint8_t> bytes) {
  buffer.insert(buffer.end(), bytes.begin(), bytes.end());
}

// The headers below the transport; lengths and checksums are written by `finish`.
Buffer begin(const FrameEnvelope& envelope, std::uint8_t protocol) {
  const bool ipv4 = envelope.source.is_v4();
  require(ipv4 == envelope.destination.is_v4(), "source and destination are of one family");
  const std::size_t options = envelope.ipv4_options.size();
  require(options % 4 == 0 && options <= 40 && (ipv4 || options == 0),
          "IPv4 options are whole words, 40 bytes at most");
  Buffer frame(14 + (ipv4 ? 20 : 40));
  bytes::write_mac(frame, 0, envelope.destination_mac);
  bytes::write_mac(frame, 6, envelope.source_mac);
  bytes::write16(frame, 12, ipv4 ? 0x0800 : 0x86dd);
  if (ipv4) {
    frame[14] = static_cast<std::uint8_t>(0x40 + 5 + options / 4);
    bytes::write16(frame, 18, envelope.ipv4_id);
    frame[22] = envelope.ttl;
    frame[23] = protocol;
    bytes::write_ipv4(frame, 26, envelope.source);
    bytes::write_ipv4(frame, 30, envelope.destination);
    append(frame, envelope.ipv4_options);
  } else {
    frame[14] = 0x60;
    frame[20] = protocol;
    frame[21] = envelope.ttl;
    bytes::write_ipv6(frame, 22, envelope.source);
    bytes::write_ipv6(frame, 38, envelope.destination);
  }
  return frame;
}

void write_packet_length(std::span<std::uint8_t> frame, std::size_t network_offset) {
  const bool ipv4 = frame[network_offset] >> 4 == 4;
  const std::size_t length = frame.size() - network_offset - (ipv4 ? 0 : 40);
  require(length <= 65535, "the packet's length fits its field");
  bytes::write16(frame, network_offset + (ipv4 ? 2 : 4), length);
}

Buffer finish(Buffer frame) {
  write_packet_length(frame, 14);
  const auto parsed = parse_frame(frame);
  require(parsed.has_value(), "a built frame is one that can be parsed");
  write_checksums(frame, *parsed);
  return frame;
}

}  // namespace

std::vector<std::uint8_t> build_tcp_frame(const FrameEnvelope& envelope, const TcpFields& tcp,
                                          std::span<const std::uint8_t> payload) {
  require(tcp.options.size() % 4 == 0 && tcp.options.size() <= 40, "TCP options are whole words, 40 bytes at most");
  Buffer frame = begin(envelope, protocol_tcp);
  Buffer header(20);
  bytes::write16(header, 0, tcp.source_port);
  bytes::write16(header, 2, tcp.destination_port);
  bytes::write32(header, 4, tcp.sequence);
  bytes::write32(header, 8, tcp.acknowledgement);
  header[12] = static_cast<std::uint8_t>((5 + tcp.options.size() / 4) << 4);
  header[13] = tcp.flags;
  bytes::write16(header, 14, tcp.window);
  append(frame, header);
  append(frame, tcp.options);
  append(frame, payload);
  return finish(std::move(frame));
}

std::vector<std::uint8_t> build_udp_frame(const FrameEnvelope& envelope, Port source_port, Port destination_port,
                                          std::span<const std::uint8_t> payload) {
  Buffer frame = begin(envelope, protocol_udp);
  Buffer header(8);
  bytes::write16(header, 0, source_port);
  bytes::write16(header, 2, destination_port);
  require(payload.size() <= 65535 - 8, "the datagram's length fits its field");
  bytes::write16(header, 4, 8 + payload.size());
  append(frame, header);
  append(frame, payload);
  return finish(std::move(frame));
}

std::vector<std::uint8_t> build_icmp_echo_frame(const FrameEnvelope& envelope, const EchoFields& echo,
                                                std::span<const std::uint8_t> payload) {
  const bool ipv4 = envelope.source.is_v4();
  Buffer frame = begin(envelope, ipv4 ? protocol_icmp : protocol_icmpv6);
  Buffer header(8);
  header[0] = static_cast<std::uint8_t>(ipv4 ? (echo.reply ? 0 : 8) : (echo.reply ? 129 : 128));
  bytes::write16(header, 4, echo.id);
  bytes::write16(header, 6, echo.sequence);
  append(frame, header);
  append(frame, payload);
  return finish(std::move(frame));
}

std::vector<std::uint8_t> build_icmp_error_frame(const FrameEnvelope& envelope, const IcmpErrorFields& error,
                                                 std::span<const std::uint8_t> quoted_packet) {
  Buffer frame = begin(envelope, envelope.source.is_v4() ? protocol_icmp : protocol_icmpv6);
  Buffer header(8);
  header[0] = error.type;
  header[1] = error.code;
  bytes::write32(header, 4, error.rest);
  append(frame, header);
  append(frame, quoted_packet);
  return finish(std::move(frame));
}

std::vector<std::vector<std::uint8_t>> build_fragments(std::span<const std::uint8_t> frame,
                                                       std::size_t packet_bytes_max, std::uint32_t id) {
  const bool ipv4 = frame[14] >> 4 == 4;
  const std::size_t header = ipv4 ? (frame[14] & 0x0fU) * 4 : 40;
  const std::size_t overhead = ipv4 ? header : header + 8;
  require(packet_bytes_max >= overhead + 8, "a fragment carries 8 bytes at least");
  const std::size_t part_max = (packet_bytes_max - overhead) / 8 * 8;
  const auto data = frame.subspan(14 + header);
  std::vector<Buffer> fragments;
  for (std::size_t done = 0; done < data.size(); done += part_max) {
    const std::size_t part = std::min(part_max, data.size() - done);
    const bool more = done + part < data.size();
    Buffer out(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(14 + header));
    if (ipv4) {
      bytes::write16(out, 18, id & 0xffffU);
      bytes::write16(out, 20, done / 8 | (more ? 0x2000U : 0U));
    } else {
      Buffer extension(8);
      extension[0] = out[20];
      bytes::write16(extension, 2, done | (more ? 1U : 0U));
      bytes::write32(extension, 4, id);
      out[20] = 44;
      append(out, extension);
    }
    append(out, data.subspan(done, part));
    write_packet_length(out, 14);
    if (ipv4) {
      bytes::write16(out, 24, 0);
      bytes::write16(out, 24, static_cast<std::uint16_t>(~internet_sum(std::span(out).subspan(14, header))));
    }
    fragments.push_back(std::move(out));
  }
  return fragments;
}

std::vector<std::uint8_t> build_vlan_frame(std::span<const std::uint8_t> frame, std::uint16_t tag) {
  require(frame.size() >= 14, "a frame has an Ethernet header");
  Buffer out(frame.begin(), frame.begin() + 12);
  const std::uint8_t header[] = {0x81, 0x00, static_cast<std::uint8_t>(tag >> 8), static_cast<std::uint8_t>(tag)};
  append(out, header);
  append(out, frame.subspan(12));
  return out;
}

}  // namespace dvipa
