// What the packet path costs a frame: parsing beside a bare unchecked look at the same fields, and rewriting.
#include <benchmark/benchmark.h>

#include "pcap/packet/bytes.hpp"
#include "pcap/packet/offload.hpp"
#include "pcap/packet/rewrite.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

// Frames of many flows, so that branch prediction does not learn one frame by heart.
std::vector<Bytes> flows(bool ipv4, std::size_t payload_bytes) {
  std::vector<Bytes> frames;
  for (Port port = 0; port < 256; ++port) {
    TcpFields tcp = sample::tcp(port % 16 == 0 ? tcp_syn : tcp_ack);
    tcp.source_port = static_cast<Port>(30000 + port);
    frames.push_back(build_tcp_frame(sample::envelope(ipv4), tcp, sample::payload(payload_bytes)));
  }
  return frames;
}

// The peer: the same fields from where they are in a frame without options, nothing checked.
void bare_look(benchmark::State& state) {
  const auto frames = flows(true, 6);
  for (std::size_t i = 0; auto each : state) {
    static_cast<void>(each);
    const Bytes& frame = frames[i++ % frames.size()];
    Segment segment;
    segment.connection = {bytes::read_ipv4(frame, 30),
                          {bytes::read_ipv4(frame, 26), bytes::read16(frame, 34), bytes::read16(frame, 36)}};
    segment.syn = (frame[47] & (tcp_syn | tcp_ack)) == tcp_syn;
    benchmark::DoNotOptimize(segment);
  }
}
BENCHMARK(bare_look);

void parse(benchmark::State& state) {
  const auto frames = flows(state.range(0) == 4, static_cast<std::size_t>(state.range(1)));
  for (std::size_t i = 0; auto each : state) {
    static_cast<void>(each);
    benchmark::DoNotOptimize(parse_frame(frames[i++ % frames.size()]));
  }
}
BENCHMARK(parse)->ArgNames({"ip", "payload"})->Args({4, 6})->Args({4, 1460})->Args({6, 6});

void parse_and_forward(benchmark::State& state) {
  auto frames = flows(state.range(0) == 4, 6);
  const MacAddress target{{2, 0, 0, 0, 0, 9}};
  for (std::size_t i = 0; auto each : state) {
    static_cast<void>(each);
    Bytes& frame = frames[i++ % frames.size()];
    const auto parsed = parse_frame(frame);
    if (!decrement_ttl(frame, *parsed)) frame = build_tcp_frame(sample::envelope(state.range(0) == 4), sample::tcp());
    rewrite_macs(frame, target, sample::owner_mac);
    benchmark::DoNotOptimize(frame.data());
  }
}
BENCHMARK(parse_and_forward)->ArgName("ip")->Arg(4)->Arg(6);

// What libpcap's lack of a vnet header costs.
void infer(benchmark::State& state) {
  const auto frames = flows(true, 6);
  const auto parsed = parse_frame(frames.front()).value();
  for (std::size_t i = 0; auto each : state) {
    static_cast<void>(each);
    benchmark::DoNotOptimize(infer_offload(frames[i++ % frames.size()], parsed, 1500));
  }
}
BENCHMARK(infer);

void finish_in_software(benchmark::State& state) {
  const Bytes frame = build_tcp_frame(sample::ipv4(), sample::tcp(tcp_ack), sample::payload(60000));
  VnetHeader vnet;
  vnet.gso_type = VnetHeader::gso_tcpv4;
  vnet.gso_size = 1460;
  Bytes scratch(2000);
  for (auto each : state) {
    static_cast<void>(each);
    segment_in_software(frame, vnet, scratch, [](std::span<std::uint8_t>) { return true; });
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * frame.size()));
}
BENCHMARK(finish_in_software);

}  // namespace
}  // namespace dvipa
