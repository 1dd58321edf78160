// What a packet looks like on its way: forwarded unchanged, answered directly, for one owner.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <map>

#include "harness/conform/trial.hpp"
#include "pcap/file/capture_reader.hpp"
#include "pcap/packet/frame.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;

struct Seen {
  std::string from;  // the host whose MAC address is the source
  std::uint8_t ttl = 0;
  std::vector<std::uint8_t>
      rest;  // the IP packet without what may change: TTL, header checksum, TCP checksum (offload)
};
// What tells a packet of a connection from every other: both ends, IP identification (IPv4), TCP sequence number,
// acknowledgement and flags.
struct PacketKey {
  Address source;
  Address destination;
  Port source_port = 0;
  std::array<std::uint8_t, 2 + 8 + 4 + 1> rest{};
  auto operator<=>(const PacketKey&) const = default;
};

struct PacketPath {
  std::map<std::string, std::string> host_of;  // MAC address -> host
  std::set<Address> dvipas;
  std::multimap<PacketKey, Seen> sent;                             // by the client to a DVIPA
  std::map<std::string, std::multimap<PacketKey, Seen>> received;  // host -> by it, for a DVIPA, from elsewhere
  std::map<std::pair<Address, Port>, std::set<std::string>>
      repliers;  // the client's end -> whose MAC address replies bore
};

PacketKey key_of(const ParsedFrame& parsed, const std::vector<std::uint8_t>& bytes) {
  PacketKey key{parsed.source, parsed.destination, parsed.source_port, {}};
  const auto* const ip = bytes.data() + parsed.network_offset;
  const auto* const tcp = bytes.data() + parsed.transport_offset;
  if (parsed.network == NetworkProtocol::ipv4) std::memcpy(key.rest.data(), ip + 4, 2);  // identification
  std::memcpy(key.rest.data() + 2, tcp, 8);                                              // ports, sequence number
  std::memcpy(key.rest.data() + 10, tcp + 8, 4);                                         // acknowledgement
  key.rest[14] = tcp[13];                                                                // flags
  return key;
}

Seen seen_of(const ParsedFrame& parsed, std::vector<std::uint8_t> bytes, const std::string& from) {
  if (parsed.network == NetworkProtocol::ipv4) {
    for (const std::uint32_t at : {8U, 10U, 11U}) bytes[parsed.network_offset + at] = 0;
  } else {
    bytes[parsed.network_offset + 7] = 0;
  }
  for (const std::uint32_t at : {16U, 17U}) bytes[parsed.transport_offset + at] = 0;
  return {from, parsed.ttl, {bytes.begin() + parsed.network_offset, bytes.begin() + parsed.packet_end}};
}

lab::Result<void> read_host(PacketPath& path, const std::string& folder, const std::string& host) {
  const auto packets = read_capture(folder + "/" + host + ".pcapng");
  if (!packets) return tl::unexpected(lab::Failure{packets.error().message, "see the recorder's notes"});
  for (const ReadPacket& packet : *packets) {
    const auto parsed = parse_frame(packet.bytes);
    if (!parsed || parsed->protocol != protocol_tcp) continue;
    const auto from = path.host_of.find(to_string(parsed->source_mac));
    const auto to = path.host_of.find(to_string(parsed->destination_mac));
    if (from == path.host_of.end() || to == path.host_of.end()) continue;
    const bool to_dvipa = path.dvipas.contains(parsed->destination);
    if (host == "client" && to_dvipa && from->second == "client")
      path.sent.emplace(key_of(*parsed, packet.bytes), seen_of(*parsed, packet.bytes, from->second));
    if (host == "client" && path.dvipas.contains(parsed->source))
      path.repliers[{parsed->destination, parsed->destination_port}].insert(from->second);
    if (host != "client" && to_dvipa && to->second == host && from->second != "client")
      path.received[host].emplace(key_of(*parsed, packet.bytes), seen_of(*parsed, packet.bytes, from->second));
  }
  return {};
}

// RTE-9: what a target received is what the client sent, with one hop taken off.
void check_unchanged(Context& context, const PacketPath& path) {
  std::size_t same = 0;
  std::size_t changed = 0;
  std::size_t unknown = 0;
  std::size_t wrong_ttl = 0;
  for (const auto& [host, packets] : path.received) {
    for (const auto& [key, seen] : packets) {
      const auto sent = path.sent.find(key);
      if (sent == path.sent.end()) {
        ++unknown;
        continue;
      }
      ++(sent->second.rest == seen.rest ? same : changed);
      if (seen.ttl + 1 != sent->second.ttl) ++wrong_ttl;
    }
  }
  const std::string counts =
      fmt::format("{} the same, {} changed, {} that the client never sent", same, changed, unknown);
  add_check(context.result, {"RTE-9"}, "forwarding leaves addresses, ports and payload as they are",
            same > 0 && changed + unknown == 0, counts);
  add_check(context.result, {"RTE-9", "RTE-12"}, "a forwarded packet has one hop less to live, once",
            same > 0 && wrong_ttl == 0, fmt::format("{} of {} packets with another TTL", wrong_ttl, same + changed));
}

// RTE-4: all packets of a connection go to one target; RTE-2: only the owner forwards.
void check_forwarders(Context& context, const PacketPath& path) {
  std::map<std::pair<Address, Port>, std::set<std::string>> targets;  // the client's end -> hosts
  std::set<std::string> wrong;
  for (const auto& [host, packets] : path.received) {
    for (const auto& [key, seen] : packets) {
      targets[{key.source, key.source_port}].insert(host);
      for (const ExampleDvipa& dvipa : context.cluster.dvipas())
        if (dvipa.address == key.destination && seen.from != dvipa.primary) wrong.insert(seen.from);
    }
  }
  const auto several = std::ranges::count_if(targets, [](const auto& entry) { return entry.second.size() > 1; });
  add_check(context.result, {"RTE-4"}, "every packet of a connection goes to the same target",
            !targets.empty() && several == 0,
            fmt::format("{} of {} connections at several targets", several, targets.size()));
  add_check(context.result, {"RTE-2"}, "only the owner of a DVIPA forwards its packets", wrong.empty(),
            fmt::format("{} other forwarders", wrong.size()));
}

// RTE-9: replies bear the MAC address of the connection's own target.
void check_direct_return(Context& context, const PacketPath& path, const Trial& trial) {
  std::size_t direct = 0;
  std::size_t astray = 0;
  for (const load::ConnectionAccount& each : trial.account().connections) {
    const auto found = path.repliers.find({each.local, each.local_port});
    if (found == path.repliers.end()) continue;
    ++(found->second == std::set<std::string>{each.server} ? direct : astray);
  }
  add_check(context.result, {"RTE-9"}, "replies go straight from the target to the client", direct > 0 && astray == 0,
            fmt::format("{} connections directly, {} otherwise", direct, astray));
}

void check_announcements(Context& context, const Trial& trial) {
  std::size_t right = 0;
  std::size_t wrong = 0;
  for (const Sightings::Announced& seen : trial.sightings().announced)
    for (const ExampleDvipa& dvipa : context.cluster.dvipas())
      if (seen.address == dvipa.address) ++(seen.host == dvipa.primary ? right : wrong);
  add_check(context.result, {"RTE-2", "LST-2"},
            "the owner alone answers ARP or neighbour discovery for a DVIPA, candidate targets keep it hidden",
            right > 0 && wrong == 0, fmt::format("{} answers of the owner, {} of others", right, wrong));
}

}  // namespace

lab::Result<void> packets_unchanged(Context& context) {
  Trial trial(context);
  trial.options().steady_per_target = std::min(context.options.connections, 30U);
  trial.options().probes_per_target = 0;
  trial.options().interval_ms = 50;
  // The client must ask who has the DVIPAs while the recorder listens.
  const auto forgotten = context.cluster.lab().run("client", {"ip", "neigh", "flush", "dev", "e0"});
  if (!forgotten) return tl::unexpected(forgotten.error());
  if (auto begun = trial.begin(Recorder::What::everything); !begun) return begun;
  trial.run_for(1500ms, "all packets are recorded");
  const auto finished = trial.finish();
  if (!finished) return tl::unexpected(finished.error());
  if (!*finished) return {};
  trial.judge_connections({});
  PacketPath path;
  for (const lab::HostPlan& host : context.cluster.lab().hosts()) path.host_of[lab::mac_address(host)] = host.name;
  for (const ExampleDvipa& dvipa : context.cluster.dvipas()) path.dvipas.insert(dvipa.address);
  for (const lab::HostPlan& host : context.cluster.lab().hosts())
    if (auto read = read_host(path, context.folder, host.name); !read) return read;
  check_unchanged(context, path);
  check_forwarders(context, path);
  check_direct_return(context, path, trial);
  check_announcements(context, trial);
  return {};
}

}  // namespace dvipa::conform
