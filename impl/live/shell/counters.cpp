// The counters of a live stack, and how it names things in its log.
#include <fmt/format.h>

#include "impl/live/shell/running_stack.hpp"

namespace dvipa {

std::string RunningStack::name_of(StackId stack) const {
  const ClusterMember* member = cluster_.find(stack);
  return member != nullptr ? member->name : fmt::format("#{}", stack.value);
}

void RunningStack::log_failure(const char* where, const kernel::Result<void>& result) {
  if (!result) log_.write("failure", {{"where", where}, {"what", kernel::to_string(result.error())}});
}

void RunningStack::note(const effect::OwnershipChanged& changed) {
  using roles::OwnerState;
  const auto owns = [](OwnerState state) {
    return state == OwnerState::rebuilding || state == OwnerState::active || state == OwnerState::handing_over;
  };
  ++ownership_changes_[std::string(roles::name_of(changed.to))];
  OwnershipNote& note = notes_[changed.dvipa];
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  note.changed_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
  note.requirement = changed.requirement;
  if (owns(changed.from) != owns(changed.to)) note.gave_up = owns(changed.from);
  if (!owns(changed.to)) path_.forget_totals(changed.dvipa);
}

void RunningStack::log_counters() {
  const PacketCounters& packets = path_.counters();
  const PortStats port = host_.port().stats();
  const bus::BusCounters bus = bus_ ? bus_->counters() : bus::BusCounters{};
  Json tables = Json::object();
  for (const auto& [address, dvipa] : stack_.dvipas())
    tables[to_string(address)] = {{"state", roles::name_of(dvipa.owner.state())},
                                  {"routes", dvipa.routes.size()},
                                  {"listeners", dvipa.listeners.size()},
                                  {"held_here", dvipa.held_here.size()}};
  log_.write("counters",
             {{"packets",
               {{"received", packets.received},
                {"to_target", packets.to_target},
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
                {"neighbour_answers", packets.neighbour_answers},
                {"fragments_early", packets.fragments_early}}},
              {"port",
               {{"received", port.received},
                {"receive_dropped", port.receive_dropped},
                {"sent", port.sent},
                {"send_dropped", port.send_dropped},
                {"send_refused", port.send_refused},
                {"times_down", port.times_down}}},
              {"tun", {{"delivered", host_.tun().stats().delivered}, {"refused", host_.tun().stats().refused}}},
              {"bus",
               {{"messages_sent", bus.messages_sent},
                {"messages_received", bus.messages_received},
                {"frames_refused", bus.frames_refused},
                {"handshakes_wrong_key", bus.handshakes_wrong_key},
                {"messages_unknown", bus.messages_unknown},
                {"pauses", bus.pauses},
                {"lateness_ms_max", bus.lateness_ms_max}}},
              {"dvipas", tables}});
}

}  // namespace dvipa
