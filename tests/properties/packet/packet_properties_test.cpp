// Properties of frames: what is built is what is parsed, and what forwarding changes leaves the rest right.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "pcap/packet/build.hpp"
#include "pcap/packet/bytes.hpp"
#include "pcap/packet/checksum.hpp"
#include "pcap/packet/neighbour.hpp"
#include "pcap/packet/offload.hpp"
#include "pcap/packet/rewrite.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes some_bytes(std::size_t size) { return *rc::gen::container<Bytes>(size, rc::gen::arbitrary<std::uint8_t>()); }

MacAddress some_mac() {
  MacAddress mac;
  std::ranges::copy(some_bytes(6), mac.bytes.begin());
  return mac;
}

Address some_address(bool ipv4) {
  if (ipv4) return Address::v4(*rc::gen::arbitrary<std::uint32_t>());
  Address address;
  std::ranges::copy(some_bytes(16), address.bytes.begin());
  address.bytes[0] |= 0x20;  // not an IPv4-mapped one, which is the other family
  return address;
}

FrameEnvelope some_envelope() {
  FrameEnvelope envelope;
  const bool ipv4 = *rc::gen::arbitrary<bool>();
  envelope.destination_mac = some_mac();
  envelope.source_mac = some_mac();
  envelope.source = some_address(ipv4);
  envelope.destination = some_address(ipv4);
  envelope.ttl = *rc::gen::arbitrary<std::uint8_t>();
  envelope.ipv4_id = *rc::gen::arbitrary<std::uint16_t>();
  if (ipv4) envelope.ipv4_options = some_bytes(*rc::gen::inRange<std::size_t>(0, 11) * 4);
  return envelope;
}

TcpFields some_tcp() {
  TcpFields tcp;
  tcp.source_port = *rc::gen::arbitrary<Port>();
  tcp.destination_port = *rc::gen::arbitrary<Port>();
  tcp.sequence = *rc::gen::arbitrary<std::uint32_t>();
  tcp.acknowledgement = *rc::gen::arbitrary<std::uint32_t>();
  tcp.flags = *rc::gen::suchThat(rc::gen::arbitrary<std::uint8_t>(), [](std::uint8_t flags) {
    return (flags & tcp_syn) == 0 || (flags & (tcp_rst | tcp_fin)) == 0;
  });
  tcp.window = *rc::gen::arbitrary<std::uint16_t>();
  tcp.options = some_bytes(*rc::gen::inRange<std::size_t>(0, 11) * 4);
  return tcp;
}

Bytes some_payload(std::size_t size_max = 1400) { return some_bytes(*rc::gen::inRange<std::size_t>(0, size_max)); }

RC_GTEST_PROP(Packet, WhatIsBuiltIsWhatIsParsed, ()) {  // covers: RTE-3
  const FrameEnvelope envelope = some_envelope();
  const TcpFields tcp = some_tcp();
  const Bytes payload = some_payload();
  Bytes frame = build_tcp_frame(envelope, tcp, payload);
  const std::size_t padding = *rc::gen::inRange<std::size_t>(0, 20);
  frame.resize(frame.size() + padding, 0xaa);
  const auto parsed = parse_frame(frame);
  RC_ASSERT(parsed.has_value());
  const Connection expected{envelope.destination, {envelope.source, tcp.source_port, tcp.destination_port}};
  RC_ASSERT(parsed->segment.connection == expected);
  RC_ASSERT(parsed->segment.syn == ((tcp.flags & (tcp_syn | tcp_ack)) == tcp_syn));
  RC_ASSERT(parsed->destination_mac == envelope.destination_mac);
  RC_ASSERT(parsed->source_mac == envelope.source_mac);
  RC_ASSERT(parsed->ttl == envelope.ttl);
  RC_ASSERT(parsed->tcp_flags == tcp.flags);
  RC_ASSERT(parsed->packet_end + padding == frame.size());
  RC_ASSERT(Bytes(frame.begin() + parsed->payload_offset, frame.begin() + parsed->packet_end) == payload);
  RC_ASSERT(ipv4_header_checksum_valid(frame, *parsed));
  RC_ASSERT(transport_checksum_valid(frame, *parsed));
}

RC_GTEST_PROP(Packet, ForwardingKeepsChecksumsAndEverythingElse, ()) {  // covers: RTE-9
  const FrameEnvelope envelope = some_envelope();
  Bytes frame = build_tcp_frame(envelope, some_tcp(), some_payload());
  const Bytes before = frame;
  const auto parsed = parse_frame(frame).value();
  const bool alive = decrement_ttl(frame, parsed);
  RC_ASSERT(alive == (envelope.ttl > 1));
  rewrite_macs(frame, some_mac(), some_mac());
  const auto after = parse_frame(frame).value();
  RC_ASSERT(after.ttl == envelope.ttl - (alive ? 1 : 0));
  RC_ASSERT(after.segment.connection == parsed.segment.connection);
  RC_ASSERT(ipv4_header_checksum_valid(frame, after));
  RC_ASSERT(std::equal(frame.begin() + 26, frame.end(), before.begin() + 26));
}

RC_GTEST_PROP(Packet, FragmentsJoinToTheDatagram, ()) {  // covers: RTE-10
  FrameEnvelope envelope = some_envelope();
  envelope.ipv4_options.clear();
  const Bytes frame = build_udp_frame(envelope, 1, 2, some_payload(4000));
  const std::size_t overhead = envelope.source.is_v4() ? 20 : 48;
  const auto fragments =
      build_fragments(frame, overhead + *rc::gen::inRange<std::size_t>(8, 1500), *rc::gen::arbitrary<std::uint32_t>());
  Bytes joined;
  for (const Bytes& each : fragments) {
    const auto parsed = parse_frame(each);
    RC_ASSERT(parsed.has_value());
    RC_ASSERT(fragment_key(*parsed) == fragment_key(parse_frame(fragments.front()).value()));
    if (fragments.size() > 1) {
      RC_ASSERT(parsed->fragment == (&each == &fragments.front() ? FragmentPart::first : FragmentPart::later));
    }
    joined.insert(joined.end(), each.begin() + parsed->transport_offset, each.begin() + parsed->packet_end);
  }
  RC_ASSERT(joined == Bytes(frame.begin() + parse_frame(frame)->transport_offset, frame.end()));
}

RC_GTEST_PROP(Packet, WorkDoneInSoftwareIsWhatTheSenderMeant, ()) {
  const Bytes whole = build_tcp_frame(some_envelope(), some_tcp(), some_payload(20000));
  const auto parsed = parse_frame(whole).value();
  Bytes partial = whole;
  bytes::write16(
      partial, parsed.transport_offset + 16,
      pseudo_header_sum(parsed.source, parsed.destination, protocol_tcp, parsed.packet_end - parsed.transport_offset));
  const unsigned mtu = *rc::gen::inRange<unsigned>(300, 9000);
  const auto vnet = infer_offload(partial, parsed, mtu);
  RC_ASSERT(vnet.has_value());
  if (vnet->gso_type == VnetHeader::gso_none) {
    RC_ASSERT(complete_checksum(partial, *vnet));
    RC_ASSERT(partial == whole);
    return;
  }
  Bytes scratch(frame_bytes_max);
  Bytes payload;
  bool right = true;
  const bool cut = segment_in_software(partial, *vnet, scratch, [&](std::span<std::uint8_t> piece) {
    const auto shape = parse_frame(piece);
    right = right && shape && piece.size() <= mtu + 14 && transport_checksum_valid(piece, *shape) &&
            ipv4_header_checksum_valid(piece, *shape) &&
            bytes::read32(piece, shape->transport_offset + 4) ==
                static_cast<std::uint32_t>(bytes::read32(whole, parsed.transport_offset + 4) + payload.size());
    if (right) payload.insert(payload.end(), piece.begin() + shape->payload_offset, piece.end());
    return right;
  });
  RC_ASSERT(cut && right);
  RC_ASSERT(payload == Bytes(whole.begin() + parsed.payload_offset, whole.end()));
}

RC_GTEST_PROP(Packet, QuestionsAreReadAndAnswered, ()) {  // covers: RTE-2
  const bool ipv4 = *rc::gen::arbitrary<bool>();
  Address target = some_address(ipv4);
  if (!ipv4) target.bytes[0] = 0x20;  // not a group
  const Address asker = some_address(ipv4);
  RC_PRE(asker != target && asker != Address::v4(0) && target != Address::v4(0));
  const MacAddress asker_mac = some_mac();
  const MacAddress own_mac = some_mac();
  const auto request = neighbour_request(target, asker, asker_mac);
  const auto question = neighbour_question(request.bytes(), parse_frame(request.bytes()).value());
  RC_ASSERT(question.has_value());
  RC_ASSERT(question->target == target && question->asker == asker && question->asker_mac == asker_mac);
  const auto answer = neighbour_answer(*question, own_mac);
  const auto parsed = parse_frame(answer.bytes());
  RC_ASSERT(parsed.has_value());
  RC_ASSERT(parsed->source == target && parsed->destination == asker && parsed->destination_mac == asker_mac);
  const auto announcement = neighbour_announcement(target, own_mac);
  const auto heard = neighbour_announcement_in(announcement.bytes(), parse_frame(announcement.bytes()).value());
  RC_ASSERT(heard.has_value() && heard->address == target && heard->mac == own_mac);
}

RC_GTEST_PROP(Packet, MacAddressesSurviveText, ()) {
  const MacAddress mac = some_mac();
  RC_ASSERT(parse_mac_address(to_string(mac)) == mac);
}

}  // namespace
}  // namespace dvipa
