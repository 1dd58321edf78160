#include "impl/live/shell/metrics.hpp"

#include <fmt/format.h>

namespace dvipa {
namespace {

struct Counter {
  std::string_view label;
  std::uint64_t value = 0;
};

std::string escaped(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\\' || c == '"') text += '\\';
    text += c == '\n' ? ' ' : c;
  }
  return text;
}

void add_group(MetricText& text, const MetricSources& sources) {
  text.family("dvipa_info", "gauge", "The stack that these are of.");
  text.sample({{"stack", sources.stack}}, 1);
  text.family("dvipa_group_joined", "gauge", "1 while the stack is in its group.");
  text.sample({}, sources.in_group ? 1 : 0);
}

void add_dvipas(MetricText& text, const MetricSources& sources) {
  const auto& dvipas = sources.view.stack.dvipas();
  text.family("dvipa_ownership_state", "gauge", "1 for the state that the stack has in the ownership of a DVIPA.");
  for (const auto& [address, dvipa] : dvipas)
    text.sample({{"dvipa", to_string(address)}, {"state", std::string(roles::name_of(dvipa.owner.state()))}}, 1);
  text.family("dvipa_owner", "gauge", "1 where the stack owns the DVIPA.");
  for (const auto& [address, dvipa] : dvipas) text.sample({{"dvipa", to_string(address)}}, dvipa.owner.owns() ? 1 : 0);
  text.family("dvipa_routes", "gauge", "Connections in the routing table of an owner.");
  for (const auto& [address, dvipa] : dvipas) text.sample({{"dvipa", to_string(address)}}, dvipa.routes.size());
  text.family("dvipa_destinations_ready", "gauge", "Ports and targets that listen, as an owner knows them.");
  for (const auto& [address, dvipa] : dvipas) text.sample({{"dvipa", to_string(address)}}, dvipa.listeners.size());
  text.family("dvipa_connections_held", "gauge", "Connections of the DVIPA that live on this host.");
  for (const auto& [address, dvipa] : dvipas) text.sample({{"dvipa", to_string(address)}}, dvipa.held_here.size());
}

void add_totals(MetricText& text, const MetricSources& sources) {
  text.family("dvipa_connections_routed_total", "counter",
              "Connections that were given a target since the stack became the owner.");
  for (const auto& [address, totals] : sources.view.totals)
    for (const auto& [destination, total] : totals) {
      const ClusterMember* target = sources.view.cluster.find(destination.second);
      text.sample({{"dvipa", to_string(address)},
                   {"port", std::to_string(destination.first)},
                   {"target", target != nullptr ? target->name : ""}},
                  total);
    }
  text.family("dvipa_ownership_changes_total", "counter", "Changes of state in the ownership of DVIPAs.");
  for (const auto& [state, count] : sources.ownership_changes) text.sample({{"to", state}}, count);
}

void add_counters(MetricText& text, std::string_view name, std::string_view label, std::string_view help,
                  const std::vector<Counter>& counters) {
  text.family(name, "counter", help);
  for (const Counter& counter : counters) text.sample({{label, std::string(counter.label)}}, counter.value);
}

void add_packets(MetricText& text, const MetricSources& sources) {
  const PacketCounters& packets = sources.packets;
  add_counters(text, "dvipa_packets_total", "outcome", "What became of frames that the port received.",
               {{"to_target", packets.to_target},
                {"to_local", packets.to_local},
                {"to_owner", packets.to_owner},
                {"conventional", packets.conventional},
                {"held", packets.held},
                {"held_overflow", packets.held_overflow},
                {"dropped", packets.dropped},
                {"malformed", packets.malformed},
                {"truncated", packets.truncated},
                {"ttl_expired", packets.ttl_expired},
                {"unknown_member", packets.unknown_member},
                {"not_sent", packets.not_sent},
                {"fragments_early", packets.fragments_early}});
  add_counters(text, "dvipa_neighbour_answers_total", "kind", "Answers to ARP requests and neighbour solicitations.",
               {{"answered", packets.neighbour_answers}});
  add_counters(text, "dvipa_port_frames_total", "event", "Frames at the packet port.",
               {{"received", sources.port.received},
                {"receive_dropped", sources.port.receive_dropped},
                {"sent", sources.port.sent},
                {"send_dropped", sources.port.send_dropped},
                {"send_refused", sources.port.send_refused}});
  add_counters(text, "dvipa_tun_packets_total", "event", "Packets for the own kernel.",
               {{"delivered", sources.tun.delivered}, {"refused", sources.tun.refused}});
}

void add_bus(MetricText& text, const MetricSources& sources) {
  const bus::BusCounters& bus = sources.bus;
  add_counters(text, "dvipa_bus_messages_total", "event", "Messages between members.",
               {{"sent", bus.messages_sent},
                {"received", bus.messages_received},
                {"not_sent", bus.messages_not_sent},
                {"malformed", bus.messages_malformed},
                {"unknown", bus.messages_unknown}});
  add_counters(text, "dvipa_bus_refusals_total", "reason", "Connections and frames that the bus refused.",
               {{"connection", bus.connections_refused},
                {"malformed", bus.handshakes_malformed},
                {"unexpected", bus.handshakes_unexpected},
                {"other_group", bus.handshakes_of_other_group},
                {"wrong_key", bus.handshakes_wrong_key},
                {"timed_out", bus.handshakes_timed_out},
                {"frame", bus.frames_refused}});
  add_counters(text, "dvipa_bus_bytes_total", "direction", "Bytes between members.",
               {{"sent", bus.bytes_sent}, {"received", bus.bytes_received}});
  text.family("dvipa_pauses_total", "counter",
              "Times that the process stood still for longer than the detection time.");
  text.sample({}, bus.pauses);
  text.family("dvipa_lateness_ms_max", "gauge", "The latest that a timer of the bus ran.");
  text.sample({}, bus.lateness_ms_max);
}

}  // namespace

void MetricText::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = name;
  text_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
}

void MetricText::sample(const std::vector<Label>& labels, std::uint64_t value) {
  std::string list;
  for (const Label& label : labels)
    list += fmt::format("{}{}=\"{}\"", list.empty() ? "" : ",", label.name, escaped(label.value));
  text_ += list.empty() ? fmt::format("{} {}\n", name_, value) : fmt::format("{}{{{}}} {}\n", name_, list, value);
}

std::string metrics_text(const MetricSources& sources) {
  MetricText text;
  add_group(text, sources);
  add_dvipas(text, sources);
  add_totals(text, sources);
  add_packets(text, sources);
  add_bus(text, sources);
  text.family("dvipa_log_lines_lost_total", "counter", "Lines that could not be written to the log.");
  text.sample({}, sources.log_lines_lost);
  return text.text();
}

}  // namespace dvipa
