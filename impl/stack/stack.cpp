// Inputs: what happens to a stack, taken apart.
#include "impl/stack/stack.hpp"

namespace dvipa {

Stack::Stack(StackSettings settings) : settings_(std::move(settings)) {}

void Stack::step(Input input, Effects& effects) {
  effects_ = &effects;
  const auto* fired = std::get_if<input::TimerFired>(&input);
  const bool only_ages = fired != nullptr && fired->timer.kind == Timer::Kind::ageing;
  std::visit([&](auto& kind) { take(kind); }, input);
  for (auto& [address, dvipa] : dvipas_) {
    const bool asked = dvipa.asked_to_let_go.has_value();
    if (asked) let_go_if_free(address, dvipa);
    if (asked || !only_ages) follow_state(address, dvipa);
  }
  leave_if_free();
  effects_ = nullptr;
}

void Stack::take(const input::Started& started) {
  incarnation_ = started.incarnation;
  emit(effect::ArmTimer{{Timer::Kind::join, {}}, settings_.join_ms});
}

// CFG-7: what the new definitions no longer say is taken back; what they say anew is announced.
void Stack::take(const input::DefinitionsSet& set) {
  std::map<Address, const DvipaDefinition*> defined;
  for (const DvipaDefinition& definition : set.definitions.dvipas) {
    obtain(definition.dvipa);
    defined[definition.dvipa] = &definition;
  }
  ranges_ = set.definitions.ranges;
  for (auto& [address, dvipa] : dvipas_) {
    const auto at = defined.find(address);
    define(address, dvipa, at == defined.end() ? nullptr : at->second);
  }
  send_list_to_all();  // also before the time to find members is over: those that were found have a list of it already
  evaluate_all();
}

// LST-5: it is sent the list as every other member was.
void Stack::take(const input::MemberUp& up) {
  members_[up.member] = {};
  members_[up.member].incarnation = up.incarnation;
  for (auto& [address, dvipa] : dvipas_) meet_target(dvipa, up);
  if (!has(Mutant::greet_nobody)) send_list(up.member);
  if (capacity_ != 0) emit(effect::Send{up.member, Capacity{capacity_}});
  emit(effect::ArmTimer{{Timer::Kind::list_limit, {}}, settings_.list_limit_ms});
  newcomer_ = up.member;
  for (auto& [address, dvipa] : dvipas_) owner_event(address, dvipa, roles::MemberJoined{});
  newcomer_ = nobody;
}

// FLV-1, FLV-12: what the member owned has no owner, what it held as a target is lost.
void Stack::take(const input::MemberDown& down) {
  if (members_.erase(down.member) == 0) return;
  for (auto& [address, dvipa] : dvipas_) {
    dvipa.told.erase(down.member);
    note_lost(dvipa, down);
    if (!has(Mutant::keep_failed_target)) forget_target(address, dvipa, down.member);
    note_gone(address, dvipa, down.member);
    if (dvipa.awaiting.test(down.member.value)) {
      dvipa.awaiting.reset(down.member.value);
      complete_if_reported(address, dvipa);
    }
  }
  stood_still_ = false;  // it may have given this stack up
  evaluate_all();
}

// FLV-12; not what is said of its next life (TKB-5).
void Stack::forget_target(const Address& address, Dvipa& dvipa, StackId gone) {
  dvipa.routes.erase_target(gone);
  std::erase_if(dvipa.syns_under_way, [&](const auto& each) { return each.second.target == gone; });
  const bool decides = !dvipa.rivals.empty();
  std::erase_if(dvipa.rivals, [&](const auto& each) { return each.second.stack == gone && !each.second.foretold; });
  settle_rivals(dvipa, gone);
  if (decides) emit(effect::ReleaseHeld{address});
  forget_listeners(address, dvipa, gone);
}

// TKB-5: what was said of this life of it, by those who had met it before, counts from now on; of an earlier one it is
// over.
void Stack::meet_target(Dvipa& dvipa, const input::MemberUp& up) {
  const auto named = dvipa.foretold.find(up.member);
  if (named == dvipa.foretold.end() || named->second > up.incarnation) return;
  if (named->second < up.incarnation) return forget_foretold(dvipa, up.member);
  dvipa.foretold.erase(named);
  dvipa.routes.for_each([&](const Remote&, tables::Route& route) {
    if (route.target == up.member) route.foretold = 0;
  });
  for (auto& [remote, rival] : dvipa.rivals)
    if (rival.stack == up.member) rival.foretold = false;
}

void Stack::take(const input::Received& received) {
  if (!in_view(received.from)) return;  // nothing of a member that is not in the view (FLV-10)
  std::visit([&](const auto& message) { hear(received.from, message); }, received.message);
}

void Stack::take(const input::ListenerChanged& changed) {
  const Listeners before = listeners_here_;
  if (changed.listening) {
    listeners_here_.emplace(changed.local, changed.port);
  } else {
    listeners_here_.erase({changed.local, changed.port});
  }
  for (auto& [address, dvipa] : dvipas_)
    if (changed.local == address || changed.local == wildcard_of(address))
      target_event(address, dvipa, roles::ListenerChanged{}, Change{.port = changed.port, .listeners_before = &before});
}

// LST-2, TGT-1: now its listeners count.
void Stack::take(const input::AddressHeld& answered) {
  const auto at = dvipas_.find(answered.dvipa);
  if (at == dvipas_.end() || at->second.holds_under_way == 0) return;
  Dvipa& dvipa = at->second;
  if (--dvipa.holds_under_way != 0 || !answered.held || dvipa.address_usable) return;
  dvipa.address_usable = true;
  for (const auto& [to, hearer] : hearers_of(at->first, dvipa))
    for (const Port port : ports_listened_on(at->first, hearer.distribution))
      report_change(at->first, dvipa, Change{port, true}, to, hearer.epoch);
}

void Stack::take(const input::ConnectionsOpened& opened) {
  Dvipa& dvipa = obtain(opened.dvipa);
  open_here(opened.dvipa, dvipa, opened.remotes, !dvipa.looked);
}

void Stack::open_here(const Address& address, Dvipa& dvipa, const std::vector<Remote>& remotes, bool inherited) {
  std::vector<Remote> news;
  for (const Remote& remote : remotes) {
    if (dvipa.held_here.find(remote) != nullptr) continue;
    dvipa.held_here.insert(remote, {.target = settings_.self, .confirmed = inherited ? 0U : 1U});
    news.push_back(remote);
  }
  dvipa.target.facts.holds_connections = !dvipa.held_here.empty();
  if (news.empty()) return;
  dvipa.inherits = dvipa.inherits || inherited;
  target_event(address, dvipa, roles::ConnectionsOpened{}, Change{.opened = &news});
}

// Also a report that another list has overtaken is finished: its receiver may still wait for it. What is found may make
// this stack one that holds the address and lets frames in; then the report is complete when its host has done that. Of
// several looks for one report the last ends it: the owner may have been lost and met again since the first.
void Stack::take(const input::ConnectionsFound& found) {
  Dvipa& dvipa = obtain(found.dvipa);
  open_here(found.dvipa, dvipa, found.remotes, !dvipa.looked);
  dvipa.looked = true;
  const auto look = dvipa.looks_under_way.find(found.epoch);
  if (look == dvipa.looks_under_way.end()) return;  // an earlier life of this stack in the group has asked
  if (--look->second != 0 && !has(Mutant::first_look_ends)) return;
  dvipa.looks_under_way.erase(look);
  if (found.epoch == Epoch{} && dvipa.held_here.empty())  // no part of a report: see serve_on
    target_event(found.dvipa, dvipa, roles::ConnectionsEnded{}, {});
  const StackId to = found.epoch.owner;
  const bool overtaken = found.epoch != dvipa.report_epoch;
  if (!overtaken && !has(Mutant::end_before_let_in)) {
    follow_state(found.dvipa, dvipa);
    if (dvipa.holds_under_way != 0) return look_for_connections(found.dvipa, dvipa, found.epoch);
  }
  if (!overtaken) dvipa.report_open = false;
  if (!overtaken && !dvipa.rivals.empty()) {  // all that is held here is known now, whoever asked for it
    settle_rivals(dvipa, settings_.self);
    emit(effect::ReleaseHeld{found.dvipa});
  }
  if (!in_view(to)) return;
  if (overtaken) name_held(found.dvipa, dvipa, to, found.epoch, found.remotes);
  emit(effect::Send{to, EndOfReport{found.dvipa, found.epoch}});
}

// While a report is open, it may also have come by a former owner that is gone by now.
void Stack::take(const input::ConnectionAccepted& accepted) {
  Dvipa& dvipa = obtain(accepted.connection.dvipa);
  if (dvipa.report_open) return open_here(accepted.connection.dvipa, dvipa, {accepted.connection.remote}, false);
  dvipa.held_here.insert(accepted.connection.remote, {.target = settings_.self, .confirmed = 1});
  dvipa.target.facts.holds_connections = true;
  const bool serves = dvipa.target.holds_address() || dvipa.owner.owns() || has(Mutant::accept_unheld);
  if (!serves) target_event(accepted.connection.dvipa, dvipa, roles::ConnectionsOpened{}, {});
}

// TGT-4: who serves a DVIPA to its last connection is done with it when its host has looked for others, half-open.
void Stack::take(const input::ConnectionsEnded& ended) {
  Dvipa& dvipa = obtain(ended.dvipa);
  for (const Remote& remote : ended.remotes) {
    if (dvipa.held_here.erase(remote) && affinity_ticks(dvipa) != 0)
      dvipa.affinities.refresh(remote, settings_.self, ageing_tick_);
  }
  const bool last = dvipa.held_here.empty() && dvipa.target.state() == roles::TargetState::draining;
  const bool looks = last && !has(Mutant::drain_at_once);
  dvipa.target.facts.holds_connections = looks || !dvipa.held_here.empty();
  target_event(ended.dvipa, dvipa, roles::ConnectionsEnded{}, Change{.ended = &ended.remotes});
  if (looks) look_for_connections(ended.dvipa, dvipa, Epoch{});
}

// TKB-5: the owner that is handing over tells of each connection that it still accepts. TGT-6: a target tells the
// stack that it reports to of a connection whose first segment came from another.
void Stack::take(const input::RouteReported& reported) {
  Dvipa& dvipa = obtain(reported.connection.dvipa);
  const std::vector<Remote> remotes{reported.connection.remote};
  if (dvipa.owner.state() == roles::OwnerState::handing_over) {
    if (has(Mutant::handover_in_silence)) return;
    const tables::Route* route = dvipa.routes.find(reported.connection.remote);
    const Incarnation life = route == nullptr ? 0 : life_of(dvipa, *route);
    emit(effect::Send{dvipa.owner.facts.claimant,
                      NewConn{reported.connection.dvipa, dvipa.owner.facts.claim, reported.target, remotes, life}});
  } else if (!dvipa.owner.owns()) {
    take(input::ConnectionAccepted{reported.connection});
    target_event(reported.connection.dvipa, dvipa, roles::ConnectionsOpened{}, Change{.opened = &remotes});
  }
}

void Stack::take(const input::TimerFired& fired) {
  switch (fired.timer.kind) {
    case Timer::Kind::join:
      joined_ = true;
      stood_still_ = false;
      emit(effect::ArmTimer{{Timer::Kind::ageing, {}}, settings_.ageing_ms});
      evaluate_all();
      break;
    case Timer::Kind::list_limit:
      for (auto& [stack, member] : members_) member.listed = true;
      evaluate_all();
      break;
    case Timer::Kind::report_limit:
      if (const auto at = dvipas_.find(fired.timer.dvipa); at != dvipas_.end())
        owner_event(at->first, at->second, roles::ReportLimit{});
      break;
    case Timer::Kind::leave_limit:
      for (auto& [address, dvipa] : dvipas_) leave(address, dvipa);
      break;
    case Timer::Kind::ageing:
      age_one_slice();
      emit(effect::ArmTimer{{Timer::Kind::ageing, {}}, settings_.ageing_ms});
      break;
  }
}

void Stack::take(const input::LeaveAsked&) {
  if (leaving_) return;
  leaving_ = true;
  for (const auto& [stack, member] : members_) emit(effect::Send{stack, Leaving{}});
  emit(effect::ArmTimer{{Timer::Kind::leave_limit, {}}, settings_.leave_limit_ms});
  for (auto& [address, dvipa] : dvipas_)
    if (!successor(address) || !dvipa.owner.owns() || has(Mutant::leave_without_handover)) leave(address, dvipa);
}

bool Stack::settled() const {
  if (!joined_) return false;
  for (const auto& [stack, member] : members_)
    if (!member.listed) return false;
  return true;
}

Stack::Dvipa& Stack::obtain(const Address& address) {
  const auto at = dvipas_.find(address);
  if (at != dvipas_.end()) return at->second;
  index_.clear();
  return dvipas_.try_emplace(address, settings_.self, settings_.hash_key).first->second;
}

const Stack::Dvipa* Stack::dvipa(const Address& address) const {
  const auto at = dvipas_.find(address);
  return at == dvipas_.end() ? nullptr : &at->second;
}

std::optional<Distribution> Stack::used_distribution(const Dvipa& dvipa) const {
  const Distribution* used = distribution_of(dvipa);
  return used != nullptr ? std::optional(*used) : std::nullopt;
}

// FLV-8
const Distribution* Stack::distribution_of(const Dvipa& dvipa) const {
  if (dvipa.own && dvipa.own->distribution && !(has(Mutant::ignore_own_distribution) && dvipa.kept))
    return &*dvipa.own->distribution;
  return dvipa.kept ? &*dvipa.kept : nullptr;
}

}  // namespace dvipa
