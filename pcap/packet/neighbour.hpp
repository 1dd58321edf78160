#pragma once
// ARP (RFC 826) and IPv6 neighbour discovery (RFC 4861): questions read, answers and announcements built (RTE-2).
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "pcap/packet/frame.hpp"

namespace dvipa {

// "Who has `target`?", from an ARP request or a neighbour solicitation.
struct NeighbourQuestion {
  Address target;
  Address asker;  // none: an address probe (RFC 5227) or duplicate address detection (RFC 4862)
  MacAddress asker_mac;
};

// The question in the frame; empty when it holds none. A gratuitous ARP request (sender = target) is an announcement,
// no question. A solicitation counts only with hop limit 255, code 0 and a right checksum (RFC 4861 section 7.1.1).
// Tagged frames are of another network: no question.
std::optional<NeighbourQuestion> neighbour_question(std::span<const std::uint8_t> frame, const ParsedFrame& parsed);

// Who tells the segment that `address` is at `mac`, with a gratuitous ARP (either form) or an unsolicited neighbour
// advertisement: to see whether another claims an address.
struct NeighbourAnnouncement {
  Address address;
  MacAddress mac;
};
std::optional<NeighbourAnnouncement> neighbour_announcement_in(std::span<const std::uint8_t> frame,
                                                               const ParsedFrame& parsed);

// A frame of at most 86 bytes by value.
struct NeighbourFrame {
  std::array<std::uint8_t, 86> storage{};
  std::size_t size = 0;
  std::span<std::uint8_t> bytes() { return std::span(storage).first(size); }
  std::span<const std::uint8_t> bytes() const { return std::span(storage).first(size); }
};

// The answer that `question.target` is at `own_mac`: an ARP reply, or a neighbour advertisement with the override
// flag (solicited, unless the asker has no address: then to all nodes).
NeighbourFrame neighbour_answer(const NeighbourQuestion& question, const MacAddress& own_mac);
// Tells all neighbours that `address` is at `own_mac`: a gratuitous ARP in the form of a broadcast request, or an
// unsolicited neighbour advertisement with override to all nodes.
NeighbourFrame neighbour_announcement(const Address& address, const MacAddress& own_mac);
// The question itself, for probes: asks from `asker` at `own_mac` for `target`. Addresses are of one family.
NeighbourFrame neighbour_request(const Address& target, const Address& asker, const MacAddress& own_mac);

}  // namespace dvipa
