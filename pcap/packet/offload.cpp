// Partial checksums and oversized TCP segments, found out and done in software.
#include "pcap/packet/offload.hpp"

#include <algorithm>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"

namespace dvipa {
namespace {

constexpr std::uint16_t tcp_checksum_offset = 16;
constexpr std::uint16_t udp_checksum_offset = 6;

}  // namespace

std::optional<VnetHeader> infer_offload(std::span<const std::uint8_t> frame, const ParsedFrame& parsed, unsigned mtu) {
  const std::uint32_t packet_bytes = parsed.packet_end - parsed.network_offset;
  const bool oversized = packet_bytes > mtu;
  const bool tcp = parsed.protocol == protocol_tcp;
  VnetHeader vnet;
  const bool has_field = parsed.network != NetworkProtocol::arp && parsed.fragment == FragmentPart::whole &&
                         (tcp || parsed.protocol == protocol_udp);
  if (!has_field) return oversized ? std::nullopt : std::optional(vnet);

  const std::uint16_t field = tcp ? tcp_checksum_offset : udp_checksum_offset;
  const std::uint32_t length = parsed.packet_end - parsed.transport_offset;
  const std::uint16_t partial = pseudo_header_sum(parsed.source, parsed.destination, parsed.protocol, length);
  if (bytes::read16(frame, parsed.transport_offset + field) == partial) {
    vnet.flags = VnetHeader::needs_checksum;
    vnet.checksum_start = static_cast<std::uint16_t>(parsed.transport_offset);
    vnet.checksum_offset = field;
  }
  if (!oversized) return vnet;

  const std::uint32_t headers_in_packet = parsed.payload_offset - parsed.network_offset;
  if (!tcp || (vnet.flags & VnetHeader::needs_checksum) == 0 || headers_in_packet >= mtu) return std::nullopt;
  vnet.gso_type = parsed.network == NetworkProtocol::ipv4 ? VnetHeader::gso_tcpv4 : VnetHeader::gso_tcpv6;
  if ((parsed.tcp_flags & tcp_cwr) != 0) vnet.gso_type |= VnetHeader::gso_ecn;
  vnet.header_length = static_cast<std::uint16_t>(parsed.payload_offset);
  vnet.gso_size = static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu - headers_in_packet, 0xffff));
  return vnet;
}

bool complete_checksum(std::span<std::uint8_t> frame, const VnetHeader& vnet) {
  const std::size_t field = std::size_t{vnet.checksum_start} + vnet.checksum_offset;
  if (field + 2 > frame.size()) return false;
  // The field holds the sum of the pseudo header, so that it takes part in the sum like any other word.
  auto checksum = static_cast<std::uint16_t>(~internet_sum(frame.subspan(vnet.checksum_start)));
  if (checksum == 0) checksum = 0xffff;  // the same number in one's complement, and not "none" of UDP
  bytes::write16(frame, field, checksum);
  return true;
}

bool segment_in_software(std::span<const std::uint8_t> frame, const VnetHeader& vnet, std::span<std::uint8_t> scratch,
                         const std::function<bool(std::span<std::uint8_t>)>& emit) {
  const auto parsed = parse_frame(frame);
  if (!parsed || parsed->protocol != protocol_tcp || parsed->fragment != FragmentPart::whole) return false;
  const std::size_t headers = parsed->payload_offset;
  const std::size_t payload = parsed->packet_end - headers;
  if (vnet.gso_size == 0 || scratch.size() < headers + std::min<std::size_t>(vnet.gso_size, payload)) return false;

  const std::uint32_t sequence = bytes::read32(frame, parsed->transport_offset + 4);
  const bool ipv4 = parsed->network == NetworkProtocol::ipv4;
  const std::uint16_t id = ipv4 ? bytes::read16(frame, parsed->network_offset + 4) : std::uint16_t{0};
  std::size_t done = 0;
  for (std::uint16_t piece = 0; piece == 0 || done < payload; ++piece) {
    const std::size_t part = std::min<std::size_t>(vnet.gso_size, payload - done);
    const auto out = scratch.first(headers + part);
    std::copy_n(frame.begin(), headers, out.begin());
    std::copy_n(frame.begin() + static_cast<std::ptrdiff_t>(headers + done), part,
                out.begin() + static_cast<std::ptrdiff_t>(headers));
    ParsedFrame shape = *parsed;
    shape.packet_end = static_cast<std::uint32_t>(out.size());
    const std::size_t packet_bytes = out.size() - parsed->network_offset;
    if (ipv4) {
      bytes::write16(out, parsed->network_offset + 2, packet_bytes);
      bytes::write16(out, parsed->network_offset + 4, static_cast<std::uint16_t>(id + piece));
    } else {
      bytes::write16(out, parsed->network_offset + 4, packet_bytes - 40);
    }
    bytes::write32(out, parsed->transport_offset + 4, sequence + static_cast<std::uint32_t>(done));
    // FIN and PSH belong to the last byte, CWR to the first.
    std::uint8_t& flags = out[parsed->transport_offset + 13];
    if (done + part < payload) flags = static_cast<std::uint8_t>(flags & ~(tcp_fin | tcp_psh));
    if (piece > 0) flags = static_cast<std::uint8_t>(flags & ~tcp_cwr);
    write_checksums(out, shape);
    if (!emit(out)) break;
    done += part;
  }
  return true;
}

}  // namespace dvipa
