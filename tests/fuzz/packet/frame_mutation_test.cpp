// Mutated frames from a fixed seed.
#include <gtest/gtest.h>

#include "pcap/packet/neighbour.hpp"
#include "tests/fuzz/mutation.hpp"
#include "tests/fuzz/packet/try_frame.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

std::vector<Bytes> originals() {
  std::vector<Bytes> frames;
  for (const bool ipv4 : {true, false}) {
    const FrameEnvelope envelope = sample::envelope(ipv4);
    const Bytes tcp = build_tcp_frame(envelope, sample::tcp(tcp_ack), sample::payload(2500));
    frames.push_back(build_tcp_frame(envelope, sample::tcp()));
    frames.push_back(tcp);
    frames.push_back(build_udp_frame(envelope, 1, 2, sample::payload(30)));
    frames.push_back(build_icmp_echo_frame(envelope, {}, sample::payload(8)));
    frames.push_back(build_icmp_error_frame(envelope, {ipv4 ? std::uint8_t{3} : std::uint8_t{1}, 0, 0},
                                            std::span(tcp).subspan(14, 68)));
    for (Bytes& fragment : build_fragments(tcp, 1280, 5)) frames.push_back(std::move(fragment));
    const auto question = neighbour_request(envelope.destination, envelope.source, sample::client_mac);
    frames.emplace_back(question.bytes().begin(), question.bytes().end());
    const auto news = neighbour_announcement(envelope.destination, sample::client_mac);
    frames.emplace_back(news.bytes().begin(), news.bytes().end());
  }
  Bytes extended = build_tcp_frame(sample::ipv6(), sample::tcp());
  for (const std::uint8_t type : Bytes{60, 43, 44, 0}) extended = sample::with_extension(extended, type, Bytes(8));
  frames.push_back(extended);
  frames.push_back(build_vlan_frame(frames.front(), 7));
  // Before each frame the vnet header of an oversized segment.
  for (Bytes& frame : frames) frame.insert(frame.begin(), {1, 1, 54, 0, 0, 4, 34, 0, 16, 0});
  return frames;
}

TEST(FrameFuzz, NoMutationOfAFrameDoesHarm) {
  ByteMutation mutation(fuzz_seed());
  const std::vector<Bytes> frames = originals();
  for (const Bytes& frame : frames) try_frame(frame);
  for (int i = 0; i < 300'000; ++i) try_frame(mutation.of(frames[mutation.below(frames.size())]));
}

TEST(FrameFuzz, NoNoiseDoesHarm) {
  std::mt19937_64 random(fuzz_seed());
  for (int i = 0; i < 100'000; ++i) {
    Bytes noise(random() % 120);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    if (noise.size() > 24) {  // mostly an EtherType that leads somewhere
      noise[22] = i % 2 == 0 ? 0x08 : 0x86;
      noise[23] = i % 2 == 0 ? 0x00 : 0xdd;
      noise[24] = i % 2 == 0 ? 0x45 : 0x60;
    }
    try_frame(noise);
  }
}

}  // namespace
}  // namespace dvipa
