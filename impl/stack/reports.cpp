// What a target tells the stack that its list names (TGT). What that stack makes of it is in entries.cpp.
#include <algorithm>
#include <tuple>

#include "impl/stack/stack.hpp"

namespace dvipa {

using roles::TargetOrder;

// A list of the owner or the claimant came: from now on everything goes to it (TGT-7), beginning with all that is here.
void Stack::report_to(const Address& address, Dvipa& dvipa, StackId announcer, Epoch epoch,
                      const std::optional<Distribution>& distribution, bool claiming) {
  const std::optional<Distribution> named = named_by(distribution);
  const bool known = dvipa.report_to == announcer && dvipa.report_epoch == epoch;
  if (known && named && dvipa.announced == named) return;
  dvipa.report_to = announcer;
  dvipa.report_epoch = epoch;
  dvipa.announced = named;
  dvipa.target.facts.holds_connections = !dvipa.held_here.empty();
  if (named) {
    target_event(address, dvipa, roles::Named{claiming}, {});
  } else {
    target_event(address, dvipa, roles::NotNamed{claiming}, {});
  }
}

// `distribution`, if it names this stack as a candidate.
std::optional<Distribution> Stack::named_by(const std::optional<Distribution>& distribution) const {
  return distribution && distribution->targets.contains(own_xcf()) ? distribution : std::nullopt;
}

// To an owner that is heard of only when a claimant has this stack's report already: it waits for one as well.
void Stack::report_beside(const Address& address, Dvipa& dvipa, const ListEntry& owner) {
  const auto claimant = std::tuple(dvipa.report_to, dvipa.report_epoch, dvipa.announced);
  dvipa.report_to = owner.epoch.owner;
  dvipa.report_epoch = owner.epoch;
  dvipa.announced = named_by(owner.definition.distribution);
  report_listeners(address, dvipa);
  report_connections(address, dvipa);
  look_for_connections(address, dvipa, owner.epoch);
  std::tie(dvipa.report_to, dvipa.report_epoch, dvipa.announced) = claimant;
}

template <class Event>
void Stack::target_event(const Address& address, Dvipa& dvipa, const Event& event, const Change& change) {
  roles::TargetOrders orders;
  if (!dvipa.target.process(event, orders).taken) return;
  for (const TargetOrder order : orders) carry_out(address, dvipa, order, change);
}

void Stack::carry_out(const Address& address, Dvipa& dvipa, TargetOrder order, const Change& change) {
  switch (order) {
    case TargetOrder::report_listeners:
      report_listeners(address, dvipa);
      break;
    case TargetOrder::report_connections:
      report_connections(address, dvipa);
      break;
    case TargetOrder::end_report:
      // What is established is on its way already. Now nobody else is let in, then all that came in before is found and
      // reported, and only then is the report ended (TGT-3, TGT-5, TGT-6).
      follow_state(address, dvipa);
      dvipa.report_open = true;
      look_for_connections(address, dvipa, dvipa.report_epoch);
      break;
    case TargetOrder::report_change:
      report_news(address, dvipa, change);
      break;
  }
}

void Stack::look_for_connections(const Address& address, Dvipa& dvipa, Epoch epoch) {
  ++dvipa.looks_under_way[epoch];
  emit(effect::LookForConnections{address, epoch});
}

// TGT-1: a wildcard listener counts for enumerated ports, one on the DVIPA itself for any distributed port.
bool Stack::listens(const Listeners& listeners, const Address& address, const std::optional<Distribution>& distribution,
                    Port port) const {
  if (!distribution || !distribution->targets.contains(own_xcf()) || !distribution->ports.contains(port)) return false;
  if (listeners.contains({address, port})) return true;
  return !distribution->ports.is_every_port() && listeners.contains({wildcard_of(address), port});
}

std::set<Port> Stack::ports_listened_on(const Address& address, const std::optional<Distribution>& distribution) const {
  std::set<Port> ports;
  if (has(Mutant::forget_listeners)) return ports;
  for (const auto& [local, port] : listeners_here_)
    if (listens(listeners_here_, address, distribution, port)) ports.insert(port);
  return ports;
}

void Stack::report_listeners(const Address& address, Dvipa& dvipa) {
  if (has(Mutant::forget_listeners)) return;
  const std::set<Port> ports = ports_listened_on(address, dvipa.announced);
  const auto told = dvipa.told.find(dvipa.report_to);  // when it was reported to before: an older owner is one again
  const std::set<Port> before = told == dvipa.told.end() ? std::set<Port>{} : told->second;
  for (const Port port : before)
    if (!ports.contains(port)) report_change(address, dvipa, Change{port, false}, dvipa.report_to, dvipa.report_epoch);
  for (const Port port : ports) report_change(address, dvipa, Change{port, true}, dvipa.report_to, dvipa.report_epoch);
}

void Stack::report_connections(const Address& address, Dvipa& dvipa) {
  report_affinities(address, dvipa, dvipa.report_to, dvipa.report_epoch);
  if (has(Mutant::forget_connections) || dvipa.held_here.empty()) return;
  std::vector<Remote> remotes;
  remotes.reserve(dvipa.held_here.size());
  dvipa.held_here.for_each([&](const Remote& remote, const tables::Route&) {
    const tables::Route* route = dvipa.owner.owns() ? dvipa.routes.find(remote) : nullptr;
    if (route == nullptr || route->target == settings_.self) remotes.push_back(remote);  // else another's by now
  });
  report_change(address, dvipa, Change{.opened = &remotes}, dvipa.report_to, dvipa.report_epoch);
}

// TGT-7. Who may be left as the owner hears of what changes: the claimant and the owner that it takes over from, for
// either may fail before it has heard of the other, and whoever else says that it owns the DVIPA. A listener counts for
// each of them as its own distribution has it.
std::map<StackId, Stack::Hearer> Stack::hearers_of(const Address& address, const Dvipa& dvipa) const {
  const auto& facts = dvipa.owner.facts;
  std::map<StackId, Hearer> hearers = {{dvipa.report_to, {dvipa.report_epoch, dvipa.announced}}};
  if (has(Mutant::tell_claimant_only)) return hearers;
  if (facts.claimant && facts.owner && facts.claimant == dvipa.report_to) {
    const ListEntry* said = owner_entry(address, dvipa);
    if (facts.owner == settings_.self) {
      hearers.emplace(facts.owner, Hearer{facts.mine, used_distribution(dvipa)});
    } else {
      hearers.emplace(facts.owner,
                      Hearer{dvipa.owner_epoch, said != nullptr ? said->definition.distribution : dvipa.announced});
    }
  }
  for (const auto& [stack, member] : members_)
    if (const auto said = member.owning.find(address); said != member.owning.end())
      hearers.emplace(stack, Hearer{said->second.epoch, said->second.definition.distribution});
  if (has(Mutant::one_distribution_for_all))
    for (auto& [stack, hearer] : hearers) hearer.distribution = dvipa.announced;
  return hearers;
}

void Stack::report_news(const Address& address, Dvipa& dvipa, const Change& change) {
  for (const auto& [stack, hearer] : hearers_of(address, dvipa)) {
    Change its = change;
    if (change.port) {
      its.listening = listens(listeners_here_, address, hearer.distribution, *change.port);
      if (its.listening == listens(*change.listeners_before, address, hearer.distribution, *change.port)) continue;
    }
    report_change(address, dvipa, its, stack, hearer.epoch);
  }
}

void Stack::report_change(const Address& address, Dvipa& dvipa, const Change& change, StackId to, Epoch epoch) {
  if (!to) return;  // the next list will tell (TGT-7), and ask for all
  if (change.port) {
    if (!change.listening && has(Mutant::ignore_listener_end)) return;
    if (change.listening && !dvipa.address_usable && !has(Mutant::report_before_held)) return;  // later
    if (to == settings_.self) {
      if (!has(Mutant::no_route_to_self)) set_listener(address, dvipa, to, *change.port, change.listening);
    } else {
      emit(effect::Send{to, SrvStat{address, epoch, *change.port, change.listening}});
      if (change.listening) {
        dvipa.told[to].insert(*change.port);
      } else {
        dvipa.told[to].erase(*change.port);
      }
    }
  }
  if (change.opened != nullptr) name_held(address, dvipa, to, epoch, *change.opened);
  if (change.ended != nullptr && !has(Mutant::ignore_term_conn)) {
    if (to == settings_.self) {
      hear(to, TermConn{address, epoch, *change.ended});
    } else {
      emit(effect::Send{to, TermConn{address, epoch, *change.ended}});
    }
  }
}

// RTE-13: what was here when this process began may be of a client that has used its 4-tuple again since.
void Stack::name_held(const Address& address, const Dvipa& dvipa, StackId to, Epoch epoch,
                      std::vector<Remote> remotes) {
  NewConn inherited{address, epoch, settings_.self, {}, 0, true};
  if (dvipa.inherits && !has(Mutant::inherited_unnamed)) {
    const auto began_here = [&](const Remote& remote) {
      const tables::Route* held = dvipa.held_here.find(remote);
      return held == nullptr || held->confirmed != 0;
    };
    const auto first = std::stable_partition(remotes.begin(), remotes.end(), began_here);
    inherited.remotes.assign(first, remotes.end());
    remotes.erase(first, remotes.end());
  }
  NewConn begun{address, epoch, settings_.self, std::move(remotes)};
  for (NewConn* named : {&begun, &inherited}) {
    if (named->remotes.empty()) continue;
    if (to == settings_.self) {
      hear(to, *named);
    } else {
      emit(effect::Send{to, std::move(*named)});
    }
  }
}

// RTE-11: what is asked about and not here has gone without a word; what is here is said again.
void Stack::hear(StackId from, const Verify& verify) {
  const Dvipa& dvipa = obtain(verify.dvipa);
  std::vector<Remote> gone;
  std::vector<Remote> held;
  for (const Remote& remote : verify.remotes) (dvipa.held_here.find(remote) == nullptr ? gone : held).push_back(remote);
  if (!has(Mutant::forget_connections)) name_held(verify.dvipa, dvipa, from, verify.epoch, std::move(held));
  if (!gone.empty()) emit(effect::Send{from, NotHeld{verify.dvipa, verify.epoch, std::move(gone)}});
}

template void Stack::target_event(const Address&, Dvipa&, const roles::OwnerGone&, const Change&);
template void Stack::target_event(const Address&, Dvipa&, const roles::ListenerChanged&, const Change&);
template void Stack::target_event(const Address&, Dvipa&, const roles::ConnectionsOpened&, const Change&);
template void Stack::target_event(const Address&, Dvipa&, const roles::ConnectionsEnded&, const Change&);

}  // namespace dvipa
