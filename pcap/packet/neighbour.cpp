// ARP and neighbour discovery.
#include "pcap/packet/neighbour.hpp"

#include <cstring>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/packet/invariant.hpp"

namespace dvipa {
namespace {

constexpr std::uint16_t arp_request = 1;
constexpr std::uint16_t arp_reply = 2;
constexpr std::uint8_t neighbour_solicitation = 135;
constexpr std::uint8_t neighbour_advertisement = 136;
constexpr std::uint8_t option_source_mac = 1;
constexpr std::uint8_t option_target_mac = 2;
constexpr std::uint32_t flag_solicited = 0x40000000;
constexpr std::uint32_t flag_override = 0x20000000;

constexpr Address zero_ipv4 = Address::v4(0);
constexpr Address all_nodes{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}};

Address solicited_node(const Address& target) {
  Address group{{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0, 0, 0}};
  std::memcpy(group.bytes.data() + 13, target.bytes.data() + 13, 3);
  return group;
}

MacAddress group_mac(const Address& group) {  // RFC 2464 section 7
  MacAddress mac{{0x33, 0x33, 0, 0, 0, 0}};
  std::memcpy(mac.bytes.data() + 2, group.bytes.data() + 12, 4);
  return mac;
}

struct ArpFields {
  std::uint16_t operation = arp_request;
  MacAddress sender_mac;
  Address sender;
  MacAddress target_mac;
  Address target;
};

NeighbourFrame build_arp(const MacAddress& destination, const ArpFields& arp) {
  NeighbourFrame frame;
  frame.size = 42;
  const auto out = frame.bytes();
  bytes::write_mac(out, 0, destination);
  bytes::write_mac(out, 6, arp.sender_mac);
  bytes::write16(out, 12, 0x0806);
  bytes::write16(out, 14, 1);       // Ethernet
  bytes::write16(out, 16, 0x0800);  // IPv4
  out[18] = 6;
  out[19] = 4;
  bytes::write16(out, 20, arp.operation);
  bytes::write_mac(out, 22, arp.sender_mac);
  bytes::write_ipv4(out, 28, arp.sender);
  bytes::write_mac(out, 32, arp.target_mac);
  bytes::write_ipv4(out, 38, arp.target);
  return frame;
}

struct DiscoveryFields {
  std::uint8_t type = neighbour_advertisement;
  std::uint32_t flags = 0;
  Address target;
  std::uint8_t mac_option = 0;  // 0: none
  MacAddress mac;               // our own
};

NeighbourFrame build_discovery(const MacAddress& destination_mac, const Address& source, const Address& destination,
                               const DiscoveryFields& fields) {
  NeighbourFrame frame;
  const std::size_t body = fields.mac_option != 0 ? 32 : 24;
  frame.size = 54 + body;
  const auto out = frame.bytes();
  bytes::write_mac(out, 0, destination_mac);
  bytes::write_mac(out, 6, fields.mac);
  bytes::write16(out, 12, 0x86dd);
  out[14] = 0x60;
  bytes::write16(out, 18, body);
  out[20] = protocol_icmpv6;
  out[21] = 255;
  bytes::write_ipv6(out, 22, source);
  bytes::write_ipv6(out, 38, destination);
  out[54] = fields.type;
  bytes::write32(out, 58, fields.flags);
  bytes::write_ipv6(out, 62, fields.target);
  if (fields.mac_option != 0) {
    out[78] = fields.mac_option;
    out[79] = 1;  // in units of 8 bytes
    bytes::write_mac(out, 80, fields.mac);
  }
  const auto parsed = parse_frame(out);
  require(parsed.has_value(), "a built advertisement is a frame");
  write_checksums(out, *parsed);
  return frame;
}

// The 24 bytes and the options of a valid neighbour discovery message of `type`; empty when it is not one.
std::span<const std::uint8_t> discovery_message(std::span<const std::uint8_t> frame, const ParsedFrame& parsed,
                                                std::uint8_t type) {
  if (parsed.network != NetworkProtocol::ipv6 || parsed.protocol != protocol_icmpv6) return {};
  if (parsed.vlan_tagged || parsed.fragment != FragmentPart::whole || parsed.ttl != 255) return {};
  const auto message = frame.subspan(parsed.transport_offset, parsed.packet_end - parsed.transport_offset);
  if (message.size() < 24 || message[0] != type || message[1] != 0) return {};
  if (message[8] == 0xff || !transport_checksum_valid(frame, parsed)) return {};  // target is a group, or corrupt
  return message;
}

// The MAC address in the option, `otherwise` when there is none; empty when an option's length is wrong.
std::optional<MacAddress> mac_option(std::span<const std::uint8_t> message, std::uint8_t option,
                                     const MacAddress& otherwise) {
  std::optional<MacAddress> mac = otherwise;
  for (std::size_t at = 24; at < message.size();) {
    if (message.size() - at < 8 || message[at + 1] == 0) return std::nullopt;
    const std::size_t length = std::size_t{message[at + 1]} * 8;
    if (length > message.size() - at) return std::nullopt;
    if (message[at] == option && length == 8) mac = bytes::read_mac(message, at + 2);
    at += length;
  }
  return mac;
}

}  // namespace

std::optional<NeighbourQuestion> neighbour_question(std::span<const std::uint8_t> frame, const ParsedFrame& parsed) {
  if (parsed.network == NetworkProtocol::arp) {
    const auto arp = frame.subspan(parsed.network_offset);
    if (parsed.vlan_tagged || bytes::read16(arp, 6) != arp_request || parsed.source == parsed.destination) return {};
    const Address asker = parsed.source == zero_ipv4 ? Address{} : parsed.source;
    return NeighbourQuestion{parsed.destination, asker, bytes::read_mac(arp, 8)};
  }
  const auto message = discovery_message(frame, parsed, neighbour_solicitation);
  if (message.empty()) return {};
  const auto mac = mac_option(message, option_source_mac, parsed.source_mac);
  if (!mac) return {};
  return NeighbourQuestion{bytes::read_ipv6(message, 8), parsed.source, *mac};
}

std::optional<NeighbourAnnouncement> neighbour_announcement_in(std::span<const std::uint8_t> frame,
                                                               const ParsedFrame& parsed) {
  if (parsed.network == NetworkProtocol::arp) {
    const auto arp = frame.subspan(parsed.network_offset);
    if (parsed.vlan_tagged || parsed.source != parsed.destination || parsed.source == zero_ipv4) return {};
    return NeighbourAnnouncement{parsed.source, bytes::read_mac(arp, 8)};
  }
  const auto message = discovery_message(frame, parsed, neighbour_advertisement);
  if (message.empty() || (bytes::read32(message, 4) & flag_solicited) != 0) return {};
  const auto mac = mac_option(message, option_target_mac, parsed.source_mac);
  if (!mac) return {};
  return NeighbourAnnouncement{bytes::read_ipv6(message, 8), *mac};
}

NeighbourFrame neighbour_answer(const NeighbourQuestion& question, const MacAddress& own_mac) {
  if (question.target.is_v4()) {
    const Address asker = question.asker.is_none() ? zero_ipv4 : question.asker;
    return build_arp(question.asker_mac, {arp_reply, own_mac, question.target, question.asker_mac, asker});
  }
  if (question.asker.is_none()) return neighbour_announcement(question.target, own_mac);
  return build_discovery(
      question.asker_mac, question.target, question.asker,
      {neighbour_advertisement, flag_solicited | flag_override, question.target, option_target_mac, own_mac});
}

NeighbourFrame neighbour_announcement(const Address& address, const MacAddress& own_mac) {
  if (address.is_v4()) return build_arp(broadcast_mac, {arp_request, own_mac, address, MacAddress{}, address});
  return build_discovery(group_mac(all_nodes), address, all_nodes,
                         {neighbour_advertisement, flag_override, address, option_target_mac, own_mac});
}

NeighbourFrame neighbour_request(const Address& target, const Address& asker, const MacAddress& own_mac) {
  if (target.is_v4()) {
    const Address sender = asker.is_none() ? zero_ipv4 : asker;
    return build_arp(broadcast_mac, {arp_request, own_mac, sender, MacAddress{}, target});
  }
  const Address group = solicited_node(target);
  const std::uint8_t option = asker.is_none() ? std::uint8_t{0} : option_source_mac;  // RFC 4861 section 4.3
  return build_discovery(group_mac(group), asker, group, {neighbour_solicitation, 0, target, option, own_mac});
}

}  // namespace dvipa
