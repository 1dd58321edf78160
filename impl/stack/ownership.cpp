// From lists and views to events of the owner role, and what the role orders.
#include <algorithm>
#include <utility>

#include "impl/stack/stack.hpp"

namespace dvipa {

using roles::OwnerOrder;
using roles::OwnerState;

// --- what lists say ------------------------------------------------------------------------------------------------

void Stack::hear(StackId from, const VipaList& list) {
  Member& member = members_.at(from);
  member.listed = true;
  const auto parts_before = std::exchange(member.parts, {});
  for (auto& [address, dvipa] : dvipas_)
    if (dvipa.rival == from) dvipa.rival = nobody;
  const auto said_before = std::exchange(member.owning, {});
  member.claiming.clear();
  for (const ListEntry& entry : list.entries) {
    const Address& address = entry.definition.dvipa;
    member.parts[address] = {entry.definition.part, entry.definition.rank};
    Dvipa& dvipa = obtain(address);
    dvipa.owner.facts.newest = std::max(dvipa.owner.facts.newest, entry.epoch);
    if (entry.stored) keep_stored(address, dvipa, *entry.stored);
    switch (entry.claim) {
      case Claim::owning:
        member.owning[address] = entry;
        note_owner(address, dvipa, from, entry);
        break;
      case Claim::claiming:
        member.claiming[address] = entry;
        note_claimant(address, dvipa, from, entry);
        break;
      case Claim::none:
        if (said_before.contains(address) && !has(Mutant::silent_after_heal))
          owner_event(address, dvipa, roles::RivalGone{});
        note_gone(address, dvipa, from);
        break;
    }
  }
  if (settings_.lists_to_concerned && member.parts != parts_before) send_list(from);  // what concerns it now
  for (auto& [address, dvipa] : dvipas_)  // that it has given way to nobody by now (FLV-11)
    if (dvipa.owner.owns() && !dvipa.advertised && !dvipa.rival) carry_out(address, dvipa, OwnerOrder::advertise);
  settle_after_standstill();
  evaluate_all();
}

// FLV-10, FLV-11: of two owners one remains, by rank if both live; an announcement older than what is known is nothing.
void Stack::note_owner(const Address& address, Dvipa& dvipa, StackId from, const ListEntry& entry) {
  auto& facts = dvipa.owner.facts;
  const bool rivals = dvipa.owner.owns();
  if (entry.epoch >= dvipa.report_epoch) dvipa.deposed.erase(from);
  if (rivals) {
    if (outranks(address, settings_.self, from)) {
      if (entry.epoch > facts.mine) owner_event(address, dvipa, roles::RivalOwner{});  // else it gives way
      return;
    }
    if (entry.epoch < facts.mine) return;  // it will claim anew when it hears of this stack's epoch
    dvipa.owner_epoch = entry.epoch;
    owner_event(address, dvipa, roles::Superseded{from});
  } else if (dvipa.owner.state() == OwnerState::taking_back && entry.epoch > facts.mine) {
    owner_event(address, dvipa, roles::Superseded{from, facts.part == Part::primary && !leaving_});
  } else if (entry.epoch < dvipa.report_epoch && in_view(dvipa.report_to) && !has(Mutant::accept_old_epoch)) {
    if (!facts.claimant || facts.owner) return;
    facts.owner = from;  // the present owner of a DVIPA that another is taking over, heard of late
    dvipa.owner_epoch = entry.epoch;
    report_beside(address, dvipa, entry);
    return;
  }
  if (facts.owner != from) depose(dvipa, facts.owner);
  facts.owner = from;
  dvipa.owner_epoch = entry.epoch;
  if (rivals && facts.part == Part::primary && !has(Mutant::both_stay_primary)) {  // FLV-11: to another primary
    give_up_primary(address, dvipa);
    if (facts.part != Part::primary) send_list_to_all();
  }
  if (facts.claimant && facts.claimant != from && entry.epoch > facts.claim) {
    depose(dvipa, facts.claimant);  // it may have owned in between
    facts.claimant = nobody;
  }
  if (facts.claimant == from) facts.claimant = nobody;
  if (is_at_a_loss(dvipa, entry)) {
    send_list(from);
  } else if ((dvipa.own && dvipa.own->part != Part::none) || has(Mutant::keep_as_bystander)) {  // LST-3, LST-4
    dvipa.kept = entry.definition.distribution;
    dvipa.kept_epoch = entry.epoch;
  }
  if (!facts.claimant) report_to(address, dvipa, from, entry.epoch, entry.definition.distribution, false);
}

void Stack::note_claimant(const Address& address, Dvipa& dvipa, StackId from, const ListEntry& entry) {
  auto& facts = dvipa.owner.facts;
  if (entry.epoch < dvipa.report_epoch && !has(Mutant::accept_old_epoch)) return;  // FLV-10
  dvipa.deposed.erase(from);
  if (dvipa.owner.owns()) {
    owner_event(address, dvipa, roles::ClaimedByOther{from, entry.epoch});
    if (facts.claimant != from) return;
  } else {
    if (dvipa.owner.state() == OwnerState::taking_back) {
      if (entry.epoch < facts.mine) return;
      owner_event(address, dvipa, roles::Superseded{facts.owner});
    }
    facts.claimant = from;
    facts.claim = entry.epoch;
  }
  report_to(address, dvipa, from, entry.epoch, entry.definition.distribution, true);
}

// `gone` has left the view, or says that it neither owns nor claims.
void Stack::note_gone(const Address& address, Dvipa& dvipa, StackId gone) {
  auto& facts = dvipa.owner.facts;
  if (facts.owner == gone) {
    depose(dvipa, gone);
    facts.owner = nobody;
    owner_event(address, dvipa, roles::OwnerLost{});
    if (dvipa.report_to == gone) lose_reportee(address, dvipa);
    if (!facts.owner) fall_back(address, dvipa);
  }
  if (facts.claimant == gone) {
    facts.claimant = nobody;
    owner_event(address, dvipa, roles::ClaimantLost{});
  }
  if (dvipa.report_to == gone) lose_reportee(address, dvipa);
}

// A claimant that is gone leaves the owner, which has this stack's report, and may never have heard of the claim.
void Stack::lose_reportee(const Address& address, Dvipa& dvipa) {
  if (const ListEntry* owner = owner_entry(address, dvipa);
      owner != nullptr && dvipa.owner.facts.owner != dvipa.report_to) {
    dvipa.report_to = dvipa.owner.facts.owner;
    dvipa.report_epoch = owner->epoch;
    dvipa.announced = named_by(owner->definition.distribution);
    return;
  }
  dvipa.report_to = nobody;
  target_event(address, dvipa, roles::OwnerGone{}, {});
}

// FLV-10: another one that has said before that it owns the DVIPA, under an older epoch, is the owner now.
void Stack::fall_back(const Address& address, Dvipa& dvipa) {
  StackId other;
  const ListEntry* newest = nullptr;
  for (const auto& [stack, member] : members_) {
    const auto at = member.owning.find(address);
    if (at == member.owning.end() || (newest != nullptr && at->second.epoch < newest->epoch)) continue;
    other = stack;
    newest = &at->second;
  }
  if (newest == nullptr || has(Mutant::forget_older_owner)) return;
  note_owner(address, dvipa, other, ListEntry(*newest));
  depose(dvipa, other);
}

// MOV-7
void Stack::leave(const Address& address, Dvipa& dvipa) {
  const bool claimed = dvipa.owner.owns() || dvipa.owner.state() == OwnerState::taking_back;
  owner_event(address, dvipa, roles::GroupLeft{});
  if (claimed && !has(Mutant::report_to_itself)) forget_own_claim(address, dvipa);
}

// FLV-10: who has given up what it owned or claimed reports to itself no more, and what others have said stays true,
// also of an epoch older than its own.
void Stack::forget_own_claim(const Address& address, Dvipa& dvipa) {
  dvipa.report_epoch = {};
  lose_reportee(address, dvipa);
  fall_back(address, dvipa);
}

// TGT-6: frames that it sent as the owner may still be under way, older than the claim of who was the owner since.
void Stack::depose(Dvipa& dvipa, StackId former_owner) {
  if (members_.contains(former_owner))
    dvipa.deposed[former_owner] = ageing_tick_ + settings_.frame_life_ms / settings_.ageing_ms;
}

void Stack::hear(StackId from, const Leaving&) {
  members_.at(from).leaving = true;
  evaluate_all();
}

void Stack::hear(StackId from, const TakeOver& take_over) {
  Dvipa& dvipa = obtain(take_over.dvipa);
  if (dvipa.owner.facts.claimant != from) return;
  if (must_go_on(take_over.dvipa, dvipa)) {
    dvipa.asked_to_let_go = take_over.epoch;
  } else {
    owner_event(take_over.dvipa, dvipa, roles::TakeOverAsked{take_over.epoch});
  }
}

void Stack::hear(StackId from, const Released& released) {
  Dvipa& dvipa = obtain(released.dvipa);
  if (dvipa.owner.facts.owner != from) return;
  const bool complete = dvipa.awaiting.none() || has(Mutant::forget_newcomer);
  owner_event(released.dvipa, dvipa, roles::OwnerReleased{released.epoch, complete});
}

// --- who should own ------------------------------------------------------------------------------------------------

void Stack::evaluate_all() {
  if (!settled()) return;
  if (!ready_) {
    ready_ = true;
    emit(effect::Ready{});
  }
  for (auto& [address, dvipa] : dvipas_) evaluate(address, dvipa);
}

void Stack::evaluate(const Address& address, Dvipa& dvipa) {
  const auto& facts = dvipa.owner.facts;
  if (dvipa.owner.state() != OwnerState::backup || facts.claimant || leaving_) return;
  if (dvipa.rival) return;  // FLV-11
  if (!facts.owner) {
    owner_event(address, dvipa, roles::OwnershipVacant{successor(address)});
  } else if (members_.contains(facts.owner) && rank_key(address, facts.owner) < 0) {
    owner_event(address, dvipa, roles::OwnerLeaving{successor(address)});
  } else {
    owner_event(address, dvipa, roles::OwnerPresent{});
  }
}

// CFG-3, FLV-1: the primary before every backup, then by rank; -1: not eligible.
int Stack::rank_key(const Address& address, StackId stack) const {
  MemberPart part;
  if (stack == settings_.self) {
    if (leaving_) return -1;
    const Dvipa* mine = dvipa(address);
    if (mine != nullptr && mine->own) part = {mine->own->part, mine->own->rank};
  } else {
    const auto member = members_.find(stack);
    if (member == members_.end() || member->second.leaving) return -1;
    const auto at = member->second.parts.find(address);
    if (at != member->second.parts.end()) part = at->second;
  }
  if (part.part == Part::none) return -1;
  const int rank = part.part == Part::primary ? static_cast<int>(rank_max) + 1 : part.rank;
  return has(Mutant::ignore_rank) ? 1000 - rank : rank;
}

bool Stack::outranks(const Address& address, StackId one, StackId other) const {
  return std::pair(rank_key(address, one), one) > std::pair(rank_key(address, other), other);
}

// FLV-1, FLV-7: nobody if there is none.
StackId Stack::successor(const Address& address) const {
  StackId best = rank_key(address, settings_.self) >= 0 ? settings_.self : nobody;
  for (const auto& [stack, member] : members_)
    if (rank_key(address, stack) >= 0 && (!best || outranks(address, stack, best))) best = stack;
  return best;
}

// --- the role's events and orders ----------------------------------------------------------------------------------

template <class Event>
void Stack::owner_event(const Address& address, Dvipa& dvipa, const Event& event) {
  const OwnerState before = dvipa.owner.state();
  const Epoch epoch_before = dvipa.owner.facts.mine;
  roles::OwnerOrders orders;
  const roles::Outcome outcome = dvipa.owner.process(event, orders);
  if (!outcome.taken) return;
  if (dvipa.owner.state() != before || dvipa.owner.facts.mine != epoch_before)
    emit(effect::OwnershipChanged{address, before, dvipa.owner.state(), dvipa.owner.facts.newest, outcome.requirement});
  for (const OwnerOrder order : orders) carry_out(address, dvipa, order);
  if (std::find(orders.begin(), orders.end(), OwnerOrder::await_reports) != orders.end())
    complete_if_reported(address, dvipa);
}

void Stack::carry_out(const Address& address, Dvipa& dvipa, OwnerOrder order) {
  const auto& facts = dvipa.owner.facts;
  const Timer limit{Timer::Kind::report_limit, address};
  switch (order) {
    case OwnerOrder::announce:
      send_list_to_all();
      break;
    case OwnerOrder::advertise:
      if (has(Mutant::never_advertise)) break;
      hold_address(address, dvipa, true);
      dvipa.advertised = true;
      dvipa.rival = nobody;
      emit(effect::Advertise{address});
      break;
    case OwnerOrder::withdraw:
      dvipa.advertised = false;
      emit(effect::Withdraw{address});
      break;
    case OwnerOrder::await_reports:
      await_all(address, dvipa);
      break;
    case OwnerOrder::await_newcomer:
      dvipa.awaiting.set(newcomer_.value);
      emit(effect::ArmTimer{limit, settings_.report_limit_ms});
      break;
    case OwnerOrder::take_own_report:
      report_to(address, dvipa, settings_.self, facts.mine, used_distribution(dvipa),
                dvipa.owner.state() == OwnerState::taking_back);
      break;
    case OwnerOrder::clear_listeners:
      forget_listeners(address, dvipa);
      break;
    case OwnerOrder::purge_tables:
      if (!has(Mutant::keep_tables_after_release)) purge_tables(address, dvipa);
      break;
    case OwnerOrder::report_routes:
      if (!has(Mutant::routes_not_reported)) report_routes(address, dvipa, facts.claimant, facts.claim);
      break;
    case OwnerOrder::surrender_routes:
      if (facts.owner && !has(Mutant::routes_not_surrendered))
        report_routes(address, dvipa, facts.owner, dvipa.owner_epoch);
      break;
    case OwnerOrder::ask_release:
      emit(effect::Send{facts.owner, TakeOver{address, facts.mine}});
      break;
    case OwnerOrder::send_released:
      emit(effect::Send{facts.owner, Released{address, facts.claim}});
      dvipa.owner_epoch = facts.claim;
      note_new_owner(address, facts.owner);
      break_disrupted(address, dvipa);
      give_up_primary(address, dvipa);
      break;
    case OwnerOrder::end_rebuild:
      emit(effect::CancelTimer{limit});
      if (dvipa.owner.state() != OwnerState::backup && dvipa.owner.state() != OwnerState::bystander)
        emit(effect::Rebuilt{address, facts.mine, dvipa.routes.size(), dvipa.listeners.size(), dvipa.awaiting.none()});
      if (!has(Mutant::know_without_report)) dvipa.report_missing = dvipa.report_missing || dvipa.awaiting.any();
      dvipa.knows_all = !dvipa.report_missing;
      dvipa.awaiting.reset();
      if (dvipa.owner.owns()) recall_syns(dvipa);
      break;
    case OwnerOrder::release_held:
      emit(effect::ReleaseHeld{address});
      break;
  }
}

// TGT-7: as if it had said so: until it does, another owner may come between, and it hears of what changes here.
void Stack::note_new_owner(const Address& address, StackId claimant) {
  const auto member = members_.find(claimant);
  if (member == members_.end() || has(Mutant::forget_released)) return;
  auto said = member->second.claiming.extract(address);
  if (said.empty()) return;
  member->second.owning.insert(std::move(said));
}

// Who claims anew remembers the SYNs that it has given to targets just now: one may still be under way when its target
// has reported (FLV-11). To a life that it has not met it has given none.
void Stack::purge_tables(const Address& address, Dvipa& dvipa) {
  if (!dvipa.owner.owns() && !has(Mutant::leave_at_once)) serve_on(address, dvipa);
  if (dvipa.owner.owns() && !has(Mutant::forget_syns)) {
    dvipa.routes.for_each([&](const Remote& remote, const tables::Route& route) {
      if (is_fresh(route) && route.foretold == 0) dvipa.syns_under_way[remote] = route;
    });
  } else {
    dvipa.syns_under_way.clear();
  }
  forget_listeners(address, dvipa);
  dvipa.routes.clear();
  dvipa.affinities.keep_only(settings_.self);
  dvipa.ended_while_fresh.clear();
  dvipa.rivals.clear();
  dvipa.foretold.clear();
}

// MOV-3, TGT-6: who lets go keeps the address, and lets the new owner's frames in, for what it holds and for what the
// SYNs that it has taken last may open: until its host has looked. That look is no part of a report.
void Stack::serve_on(const Address& address, Dvipa& dvipa) {
  bool expects = false;
  dvipa.routes.for_each([&](const Remote& remote, const tables::Route& route) {
    expects = expects || (route.target == settings_.self && route.ended == 0 && is_fresh(route) &&
                          dvipa.held_here.find(remote) == nullptr);
  });
  if (!expects && dvipa.held_here.empty()) return;
  dvipa.target.facts.holds_connections = true;
  target_event(address, dvipa, roles::ConnectionsOpened{}, {});
  if (expects) look_for_connections(address, dvipa, Epoch{});
}

// Whatever a report says of the connection counts for more. When the reports have taken longer than a frame lives, the
// target has taken the SYN by now or never will, and is asked which.
void Stack::recall_syns(Dvipa& dvipa) {
  for (auto& [remote, route] : std::exchange(dvipa.syns_under_way, {})) {
    if (dvipa.routes.find(remote) != nullptr) continue;
    if (!is_fresh(route)) dvipa.ended_while_fresh.push_front({ageing_tick_ - frame_life_ticks() - 1, remote});
    route.confirmed = 0;
    dvipa.routes.insert(remote, route);
  }
}

void Stack::await_all(const Address& address, Dvipa& dvipa) {
  dvipa.awaiting.reset();
  dvipa.rivals.clear();
  dvipa.knows_all = dvipa.report_missing = false;
  dvipa.routes.for_each([](const Remote&, tables::Route& route) { route.confirmed = 0; });
  if (!has(Mutant::skip_rebuild_barrier)) {
    dvipa.awaiting.set(settings_.self.value);  // its host has to hold the address, and to look at its connections
    for (const auto& [stack, member] : members_) dvipa.awaiting.set(stack.value);
  }
  emit(effect::ArmTimer{{Timer::Kind::report_limit, address}, settings_.report_limit_ms});
}

void Stack::complete_if_reported(const Address& address, Dvipa& dvipa) {
  if (dvipa.awaiting.none()) owner_event(address, dvipa, roles::ReportsComplete{});
}

// TKB-1, FLV-11: all that is routed here, each with the target that holds it. The report that this stack makes as a
// target follows, with the mark of its end. What has ended, and only waits for a frame that may be under way, is told
// to a claimant, with the end: what its target tells when the frame comes may come too late (TGT-6). Another owner is
// not told: who has reported to it takes no frame of this stack any more.
void Stack::report_routes(const Address& address, Dvipa& dvipa, StackId to, Epoch epoch) {
  std::map<std::pair<StackId, Incarnation>, std::vector<Remote>> by_target;
  std::vector<Remote> ended;
  dvipa.routes.for_each([&](const Remote& remote, const tables::Route& route) {
    if (route.ended != 0 && (to != dvipa.owner.facts.claimant || has(Mutant::ended_not_reported))) return;
    by_target[{route.target, life_of(dvipa, route)}].push_back(remote);
    if (route.ended != 0 && !has(Mutant::end_not_reported)) ended.push_back(remote);
  });
  for (const auto& [target, remotes] : by_target)
    emit(effect::Send{to, NewConn{address, epoch, target.first, remotes, target.second}});
  if (!ended.empty()) emit(effect::Send{to, TermConn{address, epoch, ended}});
  report_affinities(address, dvipa, to, epoch);
}

// TGT-6: a target takes frames of its owner, and of a claimant, whose frames may outrun its list; also of those that
// may own the DVIPA one day, so that nothing is lost while it learns of their succession. It takes none of a stack that
// has left the view, or that lately was the owner: their frames may be older than the present owner's claim. Who owns
// it gets all frames by its packet path, and has only the stack let in that it hands over to: that one sends on what
// belongs here from the moment at which this stack lets go (TKB-6), also if that has begun only now.
std::bitset<256> Stack::wanted_forwarders(const Address& address, const Dvipa& dvipa) const {
  std::bitset<256> wanted;
  const bool owns = dvipa.owner.owns();
  if (owns ? has(Mutant::let_in_after_release) : !dvipa.target.holds_address()) return wanted;
  for (const auto& [stack, member] : members_)
    if (!owns && rank_key(address, stack) >= 0 && !dvipa.deposed.contains(stack)) wanted.set(stack.value);
  for (const StackId stack : {dvipa.owner.facts.owner, dvipa.owner.facts.claimant})
    if (stack && stack != settings_.self && !dvipa.deposed.contains(stack)) wanted.set(stack.value);
  return wanted;
}

// What follows from the states of both roles: the hidden address, and whose frames are let in (LST-2, TGT-6).
void Stack::follow_state(const Address& address, Dvipa& dvipa) {
  const auto& facts = dvipa.owner.facts;
  const bool hides = dvipa.target.holds_address() && !has(Mutant::hide_no_address);
  const bool kept = dvipa.address_held && has(Mutant::keep_moved_address);
  const bool hold = hides || dvipa.owner.owns() || kept;
  std::bitset<256> wanted = wanted_forwarders(address, dvipa);
  if (has(Mutant::keep_old_forwarder)) wanted |= dvipa.forwarders;
  for (unsigned stack = 1; wanted != dvipa.forwarders && stack <= stack_id_max; ++stack) {
    if (wanted.test(stack) == dvipa.forwarders.test(stack)) continue;
    const StackId forwarder{static_cast<std::uint8_t>(stack)};
    if (wanted.test(stack)) {
      emit(effect::AcceptForwarder{address, forwarder});
    } else {
      emit(effect::RefuseForwarder{address, forwarder});
    }
  }
  dvipa.forwarders = wanted;
  hold_address(address, dvipa, hold);
  if (has(Mutant::advertise_as_backup) && dvipa.owner.state() == OwnerState::backup && !dvipa.advertised &&
      facts.owner) {
    dvipa.advertised = true;
    emit(effect::Advertise{address});
  }
}

void Stack::hold_address(const Address& address, Dvipa& dvipa, bool hold) {
  if (hold == dvipa.address_held) return;
  dvipa.address_held = hold;
  dvipa.address_usable = false;
  ++dvipa.holds_under_way;
  emit(effect::HoldAddress{address, hold});
}

void Stack::leave_if_free() {
  if (!leaving_ || left_) return;
  for (const auto& [address, dvipa] : dvipas_)
    if (dvipa.owner.owns() || dvipa.owner.state() == OwnerState::taking_back) return;
  left_ = true;
  emit(effect::CancelTimer{{Timer::Kind::leave_limit, {}}});
  emit(effect::Left{});
}

template void Stack::owner_event(const Address&, Dvipa&, const roles::PartGiven&);
template void Stack::owner_event(const Address&, Dvipa&, const roles::PartTaken&);
template void Stack::owner_event(const Address&, Dvipa&, const roles::MemberJoined&);
template void Stack::owner_event(const Address&, Dvipa&, const roles::ReportLimit&);
template void Stack::owner_event(const Address&, Dvipa&, const roles::Superseded&);

}  // namespace dvipa
