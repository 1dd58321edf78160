// What the host's kernel says of listeners and connections, told to the core.
#include <algorithm>

#include "impl/live/shell/running_stack.hpp"

namespace dvipa {

void RunningStack::watch(const Address& dvipa) {
  if (!watched_.insert(dvipa).second) return;
  const auto found = watch_->watch({&dvipa, 1});
  if (!found) {
    log_.write("failure", {{"where", "watch"}, {"what", kernel::to_string(found.error())}});
    return;
  }
  for (const kernel::Listener& listener : found->listeners) listeners_.add(listener);
  tell_listeners();
  give_connections(found->connections);
}

void RunningStack::give_connections(const std::vector<Connection>& connections) {
  std::map<Address, std::vector<Remote>> by_dvipa;
  for (const Connection& connection : connections) by_dvipa[connection.dvipa].push_back(connection.remote);
  for (auto& [dvipa, remotes] : by_dvipa) step(input::ConnectionsOpened{dvipa, std::move(remotes)});
}

void RunningStack::look_at_connections(const Verify& verify) {
  std::vector<Remote> held;
  std::vector<Remote> gone;
  for (const Remote& remote : verify.remotes) {
    const auto holds = watch_->holds({verify.dvipa, remote});
    if (!holds) return;
    (*holds ? held : gone).push_back(remote);
  }
  if (!held.empty()) step(input::ConnectionsOpened{verify.dvipa, std::move(held)});
  if (!gone.empty()) step(input::ConnectionsEnded{verify.dvipa, std::move(gone)});
}

void RunningStack::listener_started(const kernel::Listener& listener) {
  listeners_.add(listener);
  tell_listeners();
  activate_for(listener);
}

bool RunningStack::is_in_range(const Address& address) const {
  return std::ranges::any_of(orders_.definitions().ranges, [&](const RangeDefinition& range) {
    return same_subnet(address, range.network, range.prefix_bits);
  });
}

// CFG-5: of an application that could bind to an address which is nowhere yet (IP_FREEBIND). Others have to ask before.
void RunningStack::activate_for(const kernel::Listener& listener) {
  if (group_ != Group::in || listener.address == wildcard_of(listener.address)) return;
  const Stack::Dvipa* known = stack_.dvipa(listener.address);
  if (known != nullptr && (known->own || known->displaced || known->address_held)) return;
  if (!is_in_range(listener.address)) return;
  step(input::ActivationAsked{listener.address, false});
  watch(listener.address);
}

void RunningStack::listener_ended(const kernel::Listener& listener) {
  listeners_.remove(listener);
  tell_listeners();
}

void RunningStack::tell_listeners() {
  if (group_ == Group::out) return;
  for (const ListenersHere::Change& change : listeners_.untold(orders_))
    step(input::ListenerChanged{change.listener.address, change.listener.port, change.listening});
}

// RTE-8. The first look counts from the start of the host; afterwards what has changed little is not told, so that the
// members do not hear of every breath.
void RunningStack::measure_capacity() {
  constexpr std::chrono::seconds look_again_after{1};
  if (const auto now = kernel::sample_load()) {
    const std::uint16_t capacity = kernel::capacity_between(load_, *now);
    load_ = *now;
    if (capacity_ == 0 || kernel::differs_notably(capacity_, capacity)) {
      capacity_ = capacity;
      step(input::CapacityMeasured{capacity});
    }
  }
  capacity_timer_.expires_after(look_again_after);
  capacity_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) measure_capacity();
  });
}

// FLV-11: what the segment shows of another owner, where the bus does not reach it. Who has given way asks for it as
// long as it answers, as often as a member of the group has to be heard of.
void RunningStack::hear_rival(const Address& dvipa, StackId member) {
  const Stack::Dvipa* known = stack_.dvipa(dvipa);
  if (group_ == Group::out || known == nullptr) return;
  const bool was_known = known->rival == member;
  if (!was_known) step(input::RivalHeard{dvipa, member});
  if (stack_.dvipa(dvipa)->rival != member) return;
  unanswered_[dvipa] = 0;
  if (was_known) return;
  log_.write("rival", {{"dvipa", to_string(dvipa)}, {"member", name_of(member)}});
  probe_rivals();
}

void RunningStack::probe_rivals() {
  std::vector<Address> silent;
  bool any = false;
  for (const auto& [address, dvipa] : stack_.dvipas()) {
    if (!dvipa.rival) continue;
    if (unanswered_[address]++ < cluster_.heartbeat.misses) {
      path_.ask_for(address);
      any = true;
    } else {
      silent.push_back(address);
    }
  }
  for (const Address& dvipa : silent) {
    log_.write("rival_silent", {{"dvipa", to_string(dvipa)}});
    step(input::RivalSilent{dvipa});
  }
  if (!any) return;
  rival_timer_.expires_after(std::chrono::milliseconds(cluster_.heartbeat.interval_ms));
  rival_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) probe_rivals();
  });
}

void RunningStack::connection_opened(const Connection& connection, bool outbound) {
  if (outbound) {
    step(input::ConnectionsOpened{connection.dvipa, {connection.remote}});
  } else {
    step(input::ConnectionAccepted{connection});
  }
}

void RunningStack::connection_ended(const Connection& connection) {
  step(input::ConnectionsEnded{connection.dvipa, {connection.remote}});
}

}  // namespace dvipa
