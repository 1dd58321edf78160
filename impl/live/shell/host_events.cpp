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
