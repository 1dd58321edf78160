// The measurement: three loads for each way.
#include "tests/bench/port/port_paths.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <functional>
#include <thread>

#include "pcap/packet/build.hpp"
#include "pcap/packet/invariant.hpp"
#include "pcap/port/pcap_port.hpp"
#include "pcap/port/raw_port.hpp"
#include "tests/live/port/transfer.hpp"

namespace dvipa::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr Port udp_port = 9;
constexpr Port echo_port = 7;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

// Frames that the server's interface has received.
std::uint64_t frames_at(const Namespace& host) {
  const Namespace::Stay stay(host);
  std::ifstream file("/proc/thread-self/net/dev");
  for (std::string line; std::getline(file, line);) {
    const auto at = line.find("e0:");
    if (at == std::string::npos) continue;
    std::uint64_t bytes = 0;
    std::uint64_t frames = 0;
    require(std::sscanf(line.c_str() + at + 3, "%lu %lu", &bytes, &frames) == 2, "the format of /proc/net/dev");
    return frames;
  }
  return 0;
}

// As many small frames to `first_hop` as one thread can send; how many a second arrive at the server.
double blast(const SwitchedHosts& hosts, const MacAddress& first_hop, double seconds) {
  const Namespace::Stay stay(hosts.client);
  const auto port = open_raw_port("e0");
  require(port.has_value(), "the blaster's port");
  std::vector<std::vector<std::uint8_t>> frames;
  std::array<Frame, port_batch_max> batch;
  FrameEnvelope envelope;
  envelope.destination_mac = first_hop;
  envelope.source_mac = (*port)->mac();
  envelope.source = parse_address(client_address).value();
  envelope.destination = parse_address(virtual_address).value();
  const std::vector<std::uint8_t> payload(18);
  for (Port flow = 0; flow < 256; ++flow) {
    frames.push_back(build_udp_frame(envelope, static_cast<Port>(20000 + flow), udp_port, payload));
  }
  const std::uint64_t before = frames_at(hosts.server);
  const auto begin = Clock::now();
  for (std::size_t next = 0; seconds_since(begin) < seconds;) {
    for (Frame& each : batch) each = Frame{.bytes = frames[next++ % frames.size()]};
    require((*port)->send(batch).has_value(), "the blaster sends");
  }
  // What is under way at the end is not counted, nor is the time that it takes.
  const double elapsed = seconds_since(begin);
  return static_cast<double>(frames_at(hosts.server) - before) / elapsed;
}

Descriptor tcp_socket() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  return socket;
}

double median_of(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

double round_trip_us(const SwitchedHosts& hosts, int count) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(echo_port);
  ::inet_pton(AF_INET, virtual_address, &name.sin_addr);
  const auto* address = reinterpret_cast<const sockaddr*>(&name);
  Descriptor listener;
  {
    const Namespace::Stay stay(hosts.server);
    listener = tcp_socket();
    require(::bind(listener.get(), address, sizeof name) == 0 && ::listen(listener.get(), 1) == 0, "an echo server");
  }
  std::thread server([&] {
    const Descriptor connection(::accept(listener.get(), nullptr, nullptr));
    char byte = 0;
    while (::recv(connection.get(), &byte, 1, 0) == 1 && ::send(connection.get(), &byte, 1, MSG_NOSIGNAL) == 1) {
    }
  });
  std::vector<double> times;
  {
    const Namespace::Stay stay(hosts.client);
    const Descriptor connection = tcp_socket();
    require(::connect(connection.get(), address, sizeof name) == 0, "the echo server is reached");
    char byte = 1;
    for (int i = 0; i < count; ++i) {
      const auto begin = Clock::now();
      require(::send(connection.get(), &byte, 1, 0) == 1 && ::recv(connection.get(), &byte, 1, 0) == 1, "an echo");
      times.push_back(seconds_since(begin) * 1e6);
    }
  }
  server.join();
  return median_of(times);
}

PathFigures measure(const SwitchedHosts& hosts, const MacAddress& first_hop, const PathOptions& options) {
  hosts.point_client_at(first_hop);
  PathFigures figures;
  figures.round_trip_us = round_trip_us(hosts, options.round_trips);
  const Transfer transfer = transfer_up(hosts.client, hosts.server, options.transfer_bytes);
  require(transfer.error.empty(), transfer.error.c_str());
  require(transfer.digest_received_up == transfer.digest_sent_up, "the transfer is byte-exact");
  figures.tcp_bits_per_second = static_cast<double>(options.transfer_bytes) * 8 / transfer.seconds_up;
  figures.frames_per_second = blast(hosts, first_hop, options.blast_seconds);
  return figures;
}

using OpenPort = std::function<tl::expected<std::unique_ptr<PacketPort>, PortError>(const std::string&)>;

PathFigures measure_through(const SwitchedHosts& hosts, const OpenPort& open, const PathOptions& options) {
  std::unique_ptr<MiniForwarder> forwarder;
  {
    const Namespace::Stay stay(hosts.forwarder);
    auto port = open("e0");
    require(port.has_value(), "the forwarder's port");
    forwarder = std::make_unique<MiniForwarder>(std::move(*port), hosts.server_mac);
  }
  return measure(hosts, hosts.forwarder_mac, options);
}

PathFigures measure_nftables(const SwitchedHosts& hosts, const PathOptions& options) {
  hosts.forwarder.run(fmt::format(
      "nft 'add table netdev f; add chain netdev f in {{ type filter hook ingress device e0 priority 0; }}; "
      "add rule netdev f in ip daddr {} ether daddr set {} ether saddr set {} fwd to e0'",
      virtual_address, to_string(hosts.server_mac), to_string(hosts.forwarder_mac)));
  const PathFigures figures = measure(hosts, hosts.forwarder_mac, options);
  hosts.forwarder.run("nft delete table netdev f");
  return figures;
}

}  // namespace

PathFigures PathResult::median() const {
  const auto of = [this](double PathFigures::*figure) {
    std::vector<double> values;
    for (const PathFigures& round : rounds) values.push_back(round.*figure);
    return median_of(values);
  };
  return {of(&PathFigures::frames_per_second), of(&PathFigures::tcp_bits_per_second), of(&PathFigures::round_trip_us)};
}

std::vector<PathResult> measure_paths(const PathOptions& options) {
  const SwitchedHosts hosts;
  // The blast ends at the server's interface; its kernel would answer each frame with an error otherwise.
  hosts.server.run(fmt::format(
      "nft 'add table netdev s; add chain netdev s in {{ type filter hook ingress device e0 priority 0; }}; "
      "add rule netdev s in udp dport {} drop'",
      udp_port));
  const RawPortOptions wide{.slot_bytes = 128 * 1024, .slots = 256};
  const std::pair<const char*, std::function<PathFigures()>> ways[] = {
      {"direct", [&] { return measure(hosts, hosts.server_mac, options); }},
      {"raw",
       [&] {
         return measure_through(
             hosts, [](const auto& e0) { return open_raw_port(e0); }, options);
       }},
      {"raw wide",
       [&] {
         return measure_through(
             hosts, [&](const auto& e0) { return open_raw_port(e0, wide); }, options);
       }},
      {"pcap", [&] { return measure_through(hosts, &open_pcap_port, options); }},
      {"nftables", [&] { return measure_nftables(hosts, options); }},
  };
  std::vector<PathResult> results;
  for (const auto& [name, way] : ways) results.push_back({name, {}});
  for (int round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < results.size(); ++i) results[i].rounds.push_back(ways[i].second());
  }
  return results;
}

}  // namespace dvipa::test
