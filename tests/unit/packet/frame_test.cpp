// The frame parser: what it finds in good frames, and the one name it has for each way of being malformed.
#include "pcap/packet/frame.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>

#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

class FrameOfFamily : public testing::TestWithParam<bool> {
 protected:
  FrameEnvelope envelope() const { return sample::envelope(GetParam()); }
  std::uint32_t network_header() const { return GetParam() ? 20 : 40; }
};
INSTANTIATE_TEST_SUITE_P(Family, FrameOfFamily, testing::Bool(),
                         [](const auto& each) { return each.param ? "ipv4" : "ipv6"; });

TEST_P(FrameOfFamily, TcpSynBecomesTheSegmentThatRoutingTakes) {  // covers: RTE-3
  const auto parsed = parse_frame(build_tcp_frame(envelope(), sample::tcp()));
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed->segment.connection, (Connection{envelope().destination, {envelope().source, 40001, 80}}));
  EXPECT_EQ(parsed->segment.kind, Segment::Kind::tcp);
  EXPECT_TRUE(parsed->segment.syn);
  EXPECT_FALSE(parsed->segment.fragment);
  EXPECT_EQ(parsed->segment.forwarded_by, nobody);
  EXPECT_EQ(parsed->destination_mac, sample::owner_mac);
  EXPECT_EQ(parsed->source_mac, sample::client_mac);
  EXPECT_EQ(parsed->ttl, 64);
  EXPECT_EQ(parsed->network_offset, 14U);
  EXPECT_EQ(parsed->transport_offset, 14 + network_header());
  EXPECT_EQ(parsed->payload_offset, 14 + network_header() + 20);
  EXPECT_EQ(parsed->packet_end, 14 + network_header() + 20);
}

TEST_P(FrameOfFamily, OnlySynWithoutAckIsAFirstSegment) {  // covers: RTE-3
  for (const std::uint8_t flags : {tcp_ack, std::uint8_t{tcp_syn | tcp_ack}, tcp_rst, tcp_fin, std::uint8_t{0}}) {
    const auto parsed = parse_frame(build_tcp_frame(envelope(), sample::tcp(flags)));
    ASSERT_TRUE(parsed);
    EXPECT_FALSE(parsed->segment.syn) << int{flags};
    EXPECT_EQ(parsed->tcp_flags, flags);
  }
  const auto ecn = parse_frame(build_tcp_frame(envelope(), sample::tcp(tcp_syn | tcp_ece | tcp_cwr)));
  ASSERT_TRUE(ecn);
  EXPECT_TRUE(ecn->segment.syn);  // RFC 3168: the first segment of a connection that offers ECN
}

TEST_P(FrameOfFamily, EthernetPaddingAndTagsDoNotMatter) {
  Bytes frame = build_tcp_frame(envelope(), sample::tcp(), sample::payload(1));
  const auto plain = parse_frame(frame);
  frame.insert(frame.end(), 9, 0xee);
  const auto padded = parse_frame(frame);
  ASSERT_TRUE(plain && padded);
  EXPECT_EQ(padded->packet_end, plain->packet_end);
  const auto tagged = parse_frame(build_vlan_frame(build_vlan_frame(frame, 5), 6));
  ASSERT_TRUE(tagged);
  EXPECT_TRUE(tagged->vlan_tagged);
  EXPECT_EQ(tagged->network_offset, 22U);
  EXPECT_EQ(tagged->segment.connection, plain->segment.connection);
}

TEST_P(FrameOfFamily, UdpAndEchoAreOther) {
  const auto udp = parse_frame(build_udp_frame(envelope(), 53, 1234, sample::payload(10)));
  ASSERT_TRUE(udp);
  EXPECT_EQ(udp->segment.kind, Segment::Kind::other);
  EXPECT_EQ(udp->segment.connection, (Connection{envelope().destination, {envelope().source, 0, 0}}));
  EXPECT_EQ(udp->source_port, 53);
  EXPECT_EQ(udp->destination_port, 1234);
  const auto echo = parse_frame(build_icmp_echo_frame(envelope(), {false, 1, 2}, sample::payload(10)));
  ASSERT_TRUE(echo);
  EXPECT_EQ(echo->segment.kind, Segment::Kind::other);
  EXPECT_FALSE(echo->icmp_error);
  EXPECT_EQ(echo->protocol, GetParam() ? protocol_icmp : protocol_icmpv6);
}

TEST_P(FrameOfFamily, FirstFragmentHasPortsLaterOnesHaveOnlyTheirDatagramsName) {  // covers: RTE-10
  const Bytes whole = build_tcp_frame(envelope(), sample::tcp(tcp_ack), sample::payload(3000));
  const auto fragments = build_fragments(whole, 1280, 77);
  ASSERT_EQ(fragments.size(), 3U);
  const auto first = parse_frame(fragments[0]);
  ASSERT_TRUE(first) << to_string(first.error());
  EXPECT_EQ(first->fragment, FragmentPart::first);
  EXPECT_EQ(first->segment.connection, parse_frame(whole)->segment.connection);
  EXPECT_TRUE(first->segment.fragment);
  for (std::size_t i = 1; i < fragments.size(); ++i) {
    const auto later = parse_frame(fragments[i]);
    ASSERT_TRUE(later) << to_string(later.error());
    EXPECT_EQ(later->fragment, FragmentPart::later);
    EXPECT_TRUE(later->segment.fragment);
    EXPECT_EQ(later->segment.kind, Segment::Kind::other);
    EXPECT_EQ(later->segment.connection.remote.client_port, 0);
    EXPECT_EQ(fragment_key(*later), fragment_key(*first));
    EXPECT_EQ(later->protocol, protocol_tcp);
  }
}

TEST_P(FrameOfFamily, AnErrorAboutAForwardedConnectionIsThatConnections) {  // covers: RTE-10
  // The target answered the client directly; a router on the way to the client sends the error to the DVIPA.
  FrameEnvelope reply = envelope();
  std::swap(reply.source, reply.destination);
  TcpFields from_target = sample::tcp(tcp_ack);
  std::swap(from_target.source_port, from_target.destination_port);
  const Bytes sent = build_tcp_frame(reply, from_target, sample::payload(1400));
  FrameEnvelope from_router = envelope();
  from_router.source = GetParam() ? sample::address("10.9.9.9") : sample::address("2001:db8:9::9");
  const IcmpErrorFields too_big = GetParam() ? IcmpErrorFields{3, 4, 1280} : IcmpErrorFields{2, 0, 1280};
  for (const std::size_t quoted_transport : {std::size_t{8}, std::size_t{500}}) {
    const Bytes error =
        build_icmp_error_frame(from_router, too_big, std::span(sent).subspan(14, network_header() + quoted_transport));
    const auto parsed = parse_frame(error);
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->icmp_error);
    EXPECT_EQ(parsed->segment.kind, Segment::Kind::tcp);
    EXPECT_FALSE(parsed->segment.syn);
    EXPECT_EQ(parsed->segment.connection, (Connection{envelope().destination, {envelope().source, 40001, 80}}));
    EXPECT_EQ(parsed->source, from_router.source);
  }
}

TEST_P(FrameOfFamily, AnErrorThatQuotesSomethingElseNamesNoConnection) {  // covers: RTE-10
  const IcmpErrorFields unreachable = GetParam() ? IcmpErrorFields{3, 1, 0} : IcmpErrorFields{1, 3, 0};
  FrameEnvelope reply = envelope();
  std::swap(reply.source, reply.destination);
  const Bytes tcp = build_tcp_frame(envelope(), sample::tcp());             // not sent by the error's destination
  const Bytes udp = build_udp_frame(reply, 80, 40001, sample::payload(8));  // not TCP
  const Bytes tiny = build_tcp_frame(reply, sample::tcp());
  const std::span<const std::uint8_t> quotes[] = {std::span(tcp).subspan(14), std::span(udp).subspan(14),
                                                  std::span(tiny).subspan(14, network_header() + 3),
                                                  std::span(tiny).subspan(14, 5)};
  for (const auto& quote : quotes) {
    const auto parsed = parse_frame(build_icmp_error_frame(envelope(), unreachable, quote));
    ASSERT_TRUE(parsed);
    EXPECT_TRUE(parsed->icmp_error);
    EXPECT_EQ(parsed->segment.kind, Segment::Kind::other);
    EXPECT_EQ(parsed->segment.connection, (Connection{envelope().destination, {envelope().source, 0, 0}}));
  }
}

TEST(Frame, Ipv4OptionsAreStepped) {
  FrameEnvelope envelope = sample::ipv4();
  envelope.ipv4_options = {0x94, 0x04, 0, 0};  // router alert
  const auto parsed = parse_frame(build_tcp_frame(envelope, sample::tcp()));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->transport_offset, 14U + 24U);
  EXPECT_EQ(parsed->segment.connection.remote.dvipa_port, 80);
}

TEST(Frame, Ipv6ExtensionHeadersAreStepped) {
  Bytes frame = build_tcp_frame(sample::ipv6(), sample::tcp());
  frame = sample::with_extension(frame, 60, {0, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  frame = sample::with_extension(frame, 43, {0, 0, 4, 0, 0, 0, 0, 0});
  frame = sample::with_extension(frame, 44, {0, 0, 0, 0, 0, 0, 0, 9});
  frame = sample::with_extension(frame, 0, {0, 0, 1, 4, 0, 0, 0, 0});
  const auto parsed = parse_frame(frame);
  ASSERT_TRUE(parsed) << to_string(parsed.error());
  EXPECT_EQ(parsed->transport_offset, 14U + 40 + 8 + 8 + 8 + 16);
  EXPECT_EQ(parsed->fragment, FragmentPart::whole);  // RFC 6946
  EXPECT_TRUE(parsed->segment.syn);
}

TEST(Frame, ProtocolsWithoutPortsAreOther) {
  Bytes frame = build_tcp_frame(sample::ipv4(), sample::tcp());
  frame[23] = 50;  // ESP
  const auto parsed = parse_frame(frame);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->segment.kind, Segment::Kind::other);
  EXPECT_EQ(parsed->protocol, 50);
}

// One good frame, one change, one name.
struct DefectCase {
  FrameDefect defect;
  std::function<Bytes()> frame;
};

Bytes changed(Bytes frame, std::size_t at, std::uint8_t value) {
  frame[at] = value;
  return frame;
}
Bytes shortened(Bytes frame, std::size_t size) {
  frame.resize(size);
  return frame;
}
// The frame, cut to `size`, with the length of its IP packet made to agree.
Bytes cut_packet(Bytes frame, std::size_t size) {
  frame.resize(size);
  const bool ipv4 = frame[14] >> 4 == 4;
  frame[ipv4 ? 17 : 19] = static_cast<std::uint8_t>(size - (ipv4 ? 14 : 54));
  return frame;
}
Bytes tcp4() { return build_tcp_frame(sample::ipv4(), sample::tcp()); }
Bytes tcp6() { return build_tcp_frame(sample::ipv6(), sample::tcp()); }
Bytes udp4() { return build_udp_frame(sample::ipv4(), 1, 2, sample::payload(4)); }
Bytes arp() {
  Bytes frame(42);
  const Bytes head = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
  std::copy(head.begin(), head.end(), frame.begin() + 12);
  return frame;
}
Bytes extensions(std::size_t count) {
  Bytes frame = tcp6();
  for (std::size_t i = 0; i < count; ++i) frame = sample::with_extension(frame, 60, {0, 0, 1, 4, 0, 0, 0, 0});
  return frame;
}
Bytes later_fragment(std::uint8_t high, std::uint8_t low) { return changed(changed(tcp4(), 20, high), 21, low); }

std::vector<DefectCase> defect_cases() {
  using D = FrameDefect;
  const Bytes extension(8);
  return {
      {D::ethernet_truncated, [] { return shortened(tcp4(), 13); }},
      {D::ethernet_truncated, [] { return Bytes{}; }},
      {D::vlan_truncated, [] { return shortened(build_vlan_frame(tcp4(), 1), 17); }},
      {D::vlan_tags_too_many, [] { return build_vlan_frame(build_vlan_frame(build_vlan_frame(tcp4(), 1), 2), 3); }},
      {D::ether_type_other, [] { return changed(tcp4(), 12, 0x88); }},
      {D::ether_type_other, [] { return changed(changed(tcp4(), 12, 0), 13, 46); }},
      {D::arp_truncated, [] { return shortened(arp(), 41); }},
      {D::arp_truncated, [] { return shortened(arp(), 16); }},
      {D::arp_not_ethernet_ipv4, [] { return changed(arp(), 15, 6); }},
      {D::arp_not_ethernet_ipv4, [] { return changed(arp(), 18, 8); }},
      {D::ipv4_truncated, [] { return shortened(tcp4(), 33); }},
      {D::ipv4_truncated, [] { return changed(shortened(tcp4(), 54), 14, 0x4f); }},
      {D::ipv4_version, [] { return changed(tcp4(), 14, 0x65); }},
      {D::ipv4_header_length, [] { return changed(tcp4(), 14, 0x44); }},
      {D::ipv4_total_length_short, [] { return changed(tcp4(), 17, 19); }},
      {D::ipv4_total_length_long, [] { return changed(tcp4(), 17, 41); }},
      {D::ipv4_total_length_long, [] { return shortened(tcp4(), 53); }},
      {D::ipv4_fragment_too_far, [] { return later_fragment(0x1f, 0xff); }},
      {D::ipv6_truncated, [] { return shortened(tcp6(), 53); }},
      {D::ipv6_version, [] { return changed(tcp6(), 14, 0x40); }},
      {D::ipv6_payload_length_long, [] { return changed(tcp6(), 19, 21); }},
      {D::ipv6_extension_truncated, [] { return changed(extensions(1), 55, 3); }},
      {D::ipv6_extension_truncated, [] { return cut_packet(extensions(1), 61); }},
      {D::ipv6_extensions_too_many, [] { return extensions(ipv6_extensions_max + 1); }},
      {D::ipv6_hop_by_hop_misplaced,
       [extension] { return sample::with_extension(sample::with_extension(tcp6(), 0, extension), 60, extension); }},
      {D::ipv6_fragment_too_far,
       [] {
         return sample::with_extension(tcp6(), 44, {0, 0, 0xff, 0xf8, 0, 0, 0, 1});
       }},
      {D::tcp_truncated, [] { return cut_packet(tcp4(), 53); }},
      {D::tcp_truncated, [] { return cut_packet(tcp6(), 54); }},
      {D::tcp_data_offset, [] { return changed(tcp4(), 46, 0x40); }},
      {D::tcp_data_offset, [] { return changed(tcp4(), 46, 0x60); }},
      {D::tcp_fragment_tiny, [] { return later_fragment(0, 1); }},
      {D::tcp_fragment_tiny, [] { return changed(cut_packet(tcp4(), 42), 20, 0x20); }},
      {D::tcp_fragment_tiny,
       [] {
         return sample::with_extension(tcp6(), 44, {0, 0, 0, 8, 0, 0, 0, 1});
       }},
      {D::tcp_flags_impossible, [] { return changed(tcp4(), 47, tcp_syn | tcp_fin); }},
      {D::tcp_flags_impossible, [] { return changed(tcp4(), 47, tcp_syn | tcp_rst); }},
      {D::udp_truncated, [] { return cut_packet(udp4(), 41); }},
      {D::udp_length, [] { return changed(udp4(), 39, 7); }},
      {D::udp_length, [] { return changed(udp4(), 39, 13); }},
      {D::icmp_truncated, [] { return cut_packet(build_icmp_echo_frame(sample::ipv4(), {}), 41); }},
      {D::icmp_truncated, [] { return cut_packet(build_icmp_echo_frame(sample::ipv6(), {}), 61); }},
  };
}

TEST(FrameDefects, EachMalformationHasItsName) {
  std::set<FrameDefect> seen;
  for (const DefectCase& each : defect_cases()) {
    const auto parsed = parse_frame(each.frame());
    ASSERT_FALSE(parsed) << "expected " << to_string(each.defect);
    EXPECT_EQ(parsed.error(), each.defect) << to_string(parsed.error()) << " for " << to_string(each.defect);
    seen.insert(each.defect);
  }
  EXPECT_EQ(seen.size(), frame_defect_count) << "a defect without a case";
}

TEST(FrameDefects, NamesAreDistinct) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < frame_defect_count; ++i) names.insert(to_string(static_cast<FrameDefect>(i)));
  EXPECT_EQ(names.size(), frame_defect_count);
}

TEST(FrameDefects, EveryPrefixOfAGoodFrameIsRefusedOrWhole) {
  for (const Bytes& frame : {tcp4(), tcp6(), udp4(), arp(), extensions(3)}) {
    for (std::size_t size = 0; size < frame.size(); ++size) {
      const Bytes prefix(frame.begin(),
                         frame.begin() + static_cast<std::ptrdiff_t>(size));  // so that tools see overruns
      EXPECT_FALSE(parse_frame(prefix)) << size;
    }
    EXPECT_TRUE(parse_frame(frame));
  }
}

}  // namespace
}  // namespace dvipa
