// What an owner or a claimant makes of reports: entries of the DPT and of the CRT, two stacks that both hold a
// connection, and how entries age (RTE-1, RTE-6, RTE-11, TKB-5).
#include "impl/stack/stack.hpp"

namespace dvipa {

// Bus and network are not ordered: a SYN that the owner has forwarded may reach the target only after the target has
// said that a connection before it ended, and the report of a connection may be overtaken likewise. So for as long as a
// frame lives, an entry is not removed because of what its target says (RTE-6).
bool Stack::is_fresh(const tables::Route& route) const {
  if (route.touched == 0 || has(Mutant::end_at_once)) return false;
  return (ageing_tick_ - route.touched_at) % touched_at_modulus <= frame_life_ticks();
}

void Stack::touch(tables::Route& route) const {
  route.touched = 1;
  route.touched_at = ageing_tick_ % touched_at_modulus;
}

tables::Route Stack::new_route(const Dvipa::Rival& rival) const {
  tables::Route route = new_route(rival.stack);
  route.foretold = rival.foretold ? 1 : 0;
  return route;
}

tables::Route Stack::new_route(StackId target) const {
  tables::Route route{.target = target, .confirmed = 1, .used_at = ageing_round_ % ageing_round_modulus};
  touch(route);
  return route;
}

// FLV-10: only what is said under this stack's present claim counts.
bool Stack::speaks_to_me(const Dvipa& dvipa, Epoch epoch) const {
  if (!dvipa.owner.owns() && dvipa.owner.state() != roles::OwnerState::taking_back) return false;
  return epoch == dvipa.owner.facts.mine || has(Mutant::accept_old_epoch);
}

// TKB-5: `from` is the present owner, from which this stack takes over.
bool Stack::is_decided_by(const Dvipa& dvipa, StackId from) {
  return dvipa.owner.state() == roles::OwnerState::taking_back && from == dvipa.owner.facts.owner;
}

Stack::Dvipa* Stack::reported_dvipa(const Address& address, Epoch epoch) {
  const auto at = dvipas_.find(address);
  return at != dvipas_.end() && speaks_to_me(at->second, epoch) ? &at->second : nullptr;
}

void Stack::forget_listeners(const Address& address, Dvipa& dvipa, StackId target) {
  dvipa.listeners.for_each([&](Port port, const tables::ActualTarget& known) {
    if (!target || known.stack == target) emit(effect::ListenerKnown{address, port, known.stack, false});
  });
  if (target) {
    dvipa.listeners.remove_stack(target);
  } else {
    dvipa.listeners.clear();
  }
}

// RTE-1, RTE-6
void Stack::set_listener(const Address& address, Dvipa& dvipa, StackId target, Port port, bool listening) {
  if (!listening) {
    if (dvipa.listeners.remove(port, target)) emit(effect::ListenerKnown{address, port, target, false});
    return;
  }
  const Distribution* distribution = distribution_of(dvipa);
  const Address& xcf = settings_.xcf_addresses[target.value - 1U];
  if (distribution == nullptr || !distribution->targets.contains(xcf) || !distribution->ports.contains(port)) return;
  if (dvipa.listeners.add(port, target, weight_in_use(dvipa, target)))
    emit(effect::ListenerKnown{address, port, target, true});
}

void Stack::hear(StackId from, const SrvStat& srvstat) {
  if (Dvipa* dvipa = reported_dvipa(srvstat.dvipa, srvstat.epoch))
    set_listener(srvstat.dvipa, *dvipa, from, srvstat.port, srvstat.listening);
}

// RTE-6, TKB-1. The first who says that it holds a connection is believed for as long as it lives: a later claim on the
// same 4-tuple is of a connection that has ended since. But what a claimant hears from the present owner is newer than
// all else about what that owner routes (TKB-5); and an entry that is older than this stack's claim counts for nothing
// when its target does not report the connection and another one does.
void Stack::hear(StackId from, const NewConn& newconn) {
  Dvipa* dvipa = reported_dvipa(newconn.dvipa, newconn.epoch);
  if (dvipa == nullptr) return;
  const Life life = life_meant_by(*dvipa, from, newconn);
  if (life == Life::over) return;
  const bool foretold = life == Life::foretold;
  if (foretold || !in_view(newconn.target)) {
    if (has(Mutant::forget_strangers)) return;
    await_silent(*dvipa);
    if (has(Mutant::open_beside_stranger)) return;
  }
  const bool decides = is_decided_by(*dvipa, from) && !has(Mutant::owner_does_not_decide);
  const Naming naming{newconn.target, newconn.target == from, newconn.inherited, decides, foretold};
  const auto& facts = dvipa->owner.facts;
  const bool hands_over = dvipa->owner.state() == roles::OwnerState::handing_over && from != facts.claimant;
  const bool tells = hands_over && from != settings_.self && !has(Mutant::heard_untold);
  std::vector<Remote> news;
  for (const Remote& remote : newconn.remotes)
    if (enter(newconn.dvipa, *dvipa, remote, naming) && tells) news.push_back(remote);
  if (news.empty()) return;
  const Incarnation named = life_of(*dvipa, *dvipa->routes.find(news.front()));
  emit(effect::Send{facts.claimant, NewConn{newconn.dvipa, facts.claim, newconn.target, std::move(news), named}});
}

// Whether the connection goes to the target now, and did not before.
bool Stack::enter(const Address& address, Dvipa& dvipa, const Remote& remote, const Naming& naming) {
  tables::Route* known = dvipa.routes.find(remote);
  const bool elsewhere = known != nullptr && known->target != naming.target;
  const bool gives_way = elsewhere && naming.decides;
  if (gives_way && known->confirmed != 0 && !has(Mutant::forget_rivals))
    dvipa.rivals[remote] = {known->target, true, known->foretold != 0};
  const bool of_next_life = known != nullptr && !elsewhere && naming.foretold && known->foretold == 0;
  if (known == nullptr || gives_way || of_next_life) {
    tables::Route route = new_route({naming.target, naming.first_hand, naming.foretold});
    route.confirmed = naming.confirms();
    dvipa.routes.insert(remote, route);
    if (affinity_ticks(dvipa) != 0) dvipa.affinities.note(remote, naming.target, ageing_tick_);
    return true;
  }
  if (elsewhere) return compete(address, dvipa, remote, {naming.target, naming.first_hand, naming.foretold});
  if (!naming.foretold && known->foretold != 0) return false;  // of a life that is over
  touch(*known);
  if (naming.confirms()) known->confirmed = 1;
  if (naming.first_hand) confirm(address, dvipa, remote, *known);
  return false;
}

// TKB-5: a former owner may have met a life of its target that this stack has yet to meet, or not yet have noticed that
// one is over.
Stack::Life Stack::life_meant_by(Dvipa& dvipa, StackId from, const NewConn& newconn) {
  if (newconn.target == from || newconn.life == 0) return Life::met;
  const auto member = members_.find(newconn.target);
  const bool in_view = member != members_.end();
  const Incarnation met = newconn.target == settings_.self ? incarnation_ : in_view ? member->second.incarnation : 0;
  if (newconn.life <= met) return newconn.life == met ? Life::met : Life::over;
  Incarnation& newest = dvipa.foretold[newconn.target];
  if (newconn.life < newest) return Life::over;
  if (newconn.life > newest) {
    forget_foretold(dvipa, newconn.target);
    dvipa.foretold[newconn.target] = newconn.life;
  }
  return Life::foretold;
}

void Stack::forget_foretold(Dvipa& dvipa, StackId target) {
  if (dvipa.foretold.erase(target) == 0) return;
  dvipa.routes.erase_if(
      [&](const Remote&, const tables::Route& route) { return route.target == target && route.foretold != 0; });
  std::erase_if(dvipa.rivals, [&](const auto& each) { return each.second.stack == target && each.second.foretold; });
}

// Of the target, for whom this stack tells of the connection; its own receivers know.
Incarnation Stack::life_of(const Dvipa& dvipa, const tables::Route& route) const {
  if (route.target == settings_.self || has(Mutant::lives_unnamed)) return 0;
  if (route.foretold != 0) return dvipa.foretold.at(route.target);
  const auto member = members_.find(route.target);
  return member == members_.end() ? 0 : member->second.incarnation;
}

// RTE-13. An owner that has all reports knows of each connection that the client has now. Who claims to hold one that
// goes to another stack, which holds it as it has just said, has an end of an earlier one of the same 4-tuple: its
// process was not there when that ended.
void Stack::end_left_over(const Address& address, const Dvipa& dvipa, StackId holder, std::vector<Remote> remotes) {
  if (remotes.empty() || !dvipa.knows_all || has(Mutant::keep_left_over)) return;
  if (holder == settings_.self) {
    emit(effect::AbortConnections{address, std::move(remotes)});
  } else {
    emit(effect::Send{holder, TermConn{address, dvipa.owner.facts.mine, std::move(remotes)}});
  }
}

// RTE-13: from the owner itself a TERMCONN is about the ends here.
void Stack::abort_left_over(const TermConn& termconn) {
  const Dvipa& dvipa = obtain(termconn.dvipa);
  std::vector<Remote> here;
  for (const Remote& remote : termconn.remotes)
    if (dvipa.held_here.find(remote) != nullptr) here.push_back(remote);
  if (!here.empty()) emit(effect::AbortConnections{termconn.dvipa, std::move(here)});
}

bool Stack::says_it_owns(StackId stack, const Address& address, Epoch epoch) const {
  const auto member = members_.find(stack);
  if (member == members_.end()) return false;
  const auto said = member->second.owning.find(address);
  return said != member->second.owning.end() && said->second.epoch == epoch;
}

// Its target has named the connection.
void Stack::confirm(const Address& address, Dvipa& dvipa, const Remote& remote, tables::Route& route) {
  route.ended = route.in_question = 0;
  const auto rival = dvipa.rivals.find(remote);
  if (rival == dvipa.rivals.end() || !rival->second.asked) return;
  rival->second.asked = false;
  emit(effect::ReleaseHeld{address});
  end_left_over(address, dvipa, rival->second.stack, {remote});
}

// FLV-5, RTE-6. An entry that was made or confirmed since the reports were asked for stands if its target has the
// connection, which may have ended there without a word: the target is asked, and until it answers packets are held. So
// are those of an older entry until its target has reported.
bool Stack::compete(const Address& address, Dvipa& dvipa, const Remote& remote, Dvipa::Rival rival) {
  tables::Route& route = *dvipa.routes.find(remote);
  const bool held_by_me = route.target == settings_.self && has_begun_here(dvipa, remote);
  if (held_by_me || route.confirmed != 0) {
    if (!rival.first_hand || has(Mutant::forget_rivals)) return false;
    rival.asked = !has(Mutant::rivals_wait);
    dvipa.rivals[remote] = rival;
    if (!rival.asked || route.in_question != 0) return false;
    route.in_question = 1;
    emit(effect::Send{route.target, Verify{address, dvipa.owner.facts.mine, {remote}}});
  } else if (!rival.first_hand && has(Mutant::ignore_second_hand)) {
    return false;
  } else if (is_awaited(dvipa, route.target)) {
    dvipa.rivals[remote] = rival;
  } else {
    dvipa.routes.insert(remote, new_route(rival));
    return true;
  }
  return false;
}

// This stack holds it, and has not inherited it.
bool Stack::has_begun_here(const Dvipa& dvipa, const Remote& remote) const {
  const tables::Route* held = dvipa.held_here.find(remote);
  return held != nullptr && (held->confirmed != 0 || has(Mutant::inherited_unnamed));
}

bool Stack::is_awaited(const Dvipa& dvipa, StackId stack) const {
  return stack == settings_.self ? dvipa.report_open : dvipa.awaiting.test(stack.value);
}

bool Stack::is_undecided(const Dvipa& dvipa, const Remote& remote, const tables::Route& route) const {
  if (dvipa.rivals.empty()) return false;
  const auto rival = dvipa.rivals.find(remote);
  if (rival == dvipa.rivals.end()) return false;
  return rival->second.asked || (route.confirmed == 0 && is_awaited(dvipa, route.target));
}

// `reported` has ended its report, or has failed: what it did not name is not its own.
void Stack::settle_rivals(Dvipa& dvipa, StackId reported) {
  std::erase_if(dvipa.rivals, [&](const auto& each) {
    const auto& [remote, rival] = each;
    const tables::Route* route = dvipa.routes.find(remote);
    const bool held_by_me = reported == settings_.self && has_begun_here(dvipa, remote);
    const bool of_it = route != nullptr && route->target == reported && route->foretold == 0;
    const bool stands = route != nullptr && (!of_it || route->confirmed != 0 || held_by_me);
    if (stands) return rival.stack == reported && !rival.first_hand && !rival.foretold;
    if (in_view(rival.stack)) dvipa.routes.insert(remote, new_route(rival));
    return true;
  });
}

void Stack::drop_rival(const Address& address, Dvipa& dvipa, const Remote& remote, StackId stack) {
  const auto rival = dvipa.rivals.find(remote);
  if (rival == dvipa.rivals.end() || rival->second.stack != stack || rival->second.foretold) return;
  dvipa.rivals.erase(rival);
  emit(effect::ReleaseHeld{address});
}

// Its target holds the connection no longer; perhaps another one does.
void Stack::erase_route(const Address& address, Dvipa& dvipa, const Remote& remote) {
  dvipa.routes.erase(remote);
  const auto found = dvipa.rivals.find(remote);
  if (found == dvipa.rivals.end()) return;
  const Dvipa::Rival rival = found->second;
  dvipa.rivals.erase(found);
  dvipa.routes.insert(remote, new_route(rival));
  if (rival.asked) emit(effect::ReleaseHeld{address});
}

// RTE-6. Its target holds the connection no longer. While a SYN may be under way to it the entry stays, and is asked
// about when none can be; until then packets are held if another one says that it holds the connection (FLV-5). To this
// stack itself none is under way.
void Stack::lose_holder(const Address& address, Dvipa& dvipa, const Remote& remote, tables::Route& route) {
  const auto rival = dvipa.rivals.find(remote);
  const bool contested = rival != dvipa.rivals.end();
  const bool yields = contested && (route.target == settings_.self || has(Mutant::yield_while_fresh));
  if (!is_fresh(route) || yields) return erase_route(address, dvipa, remote);
  if (route.ended == 0) dvipa.ended_while_fresh.push_back({ageing_tick_, remote});
  route.ended = 1;
  if (contested) rival->second.asked = true;
}

// TKB-1: what a claimant hears of it from the present owner is a reason to ask, when no frame can be under way any
// more.
void Stack::hear(StackId from, const TermConn& termconn) {
  if (says_it_owns(from, termconn.dvipa, termconn.epoch)) return abort_left_over(termconn);
  Dvipa* dvipa = reported_dvipa(termconn.dvipa, termconn.epoch);
  if (dvipa == nullptr) return;
  for (const Remote& remote : termconn.remotes) {
    drop_rival(termconn.dvipa, *dvipa, remote, from);
    forget_syn(*dvipa, remote, from);
    tables::Route* route = dvipa->routes.find(remote);
    if (route != nullptr && route->target != from && is_decided_by(*dvipa, from))
      dvipa->ended_while_fresh.push_back({ageing_tick_, remote});
    if (route == nullptr || route->target != from || route->foretold != 0) continue;
    if (affinity_ticks(*dvipa) != 0) dvipa->affinities.refresh(remote, from, ageing_tick_);
    lose_holder(termconn.dvipa, *dvipa, remote, *route);
  }
}

// FLV-11: what it was remembered for has arrived, and ended.
void Stack::forget_syn(Dvipa& dvipa, const Remote& remote, StackId target) {
  const auto syn = dvipa.syns_under_way.find(remote);
  if (syn != dvipa.syns_under_way.end() && syn->second.target == target && !is_fresh(syn->second))
    dvipa.syns_under_way.erase(syn);
}

void Stack::hear(StackId from, const EndOfReport& end) {
  Dvipa* dvipa = reported_dvipa(end.dvipa, end.epoch);
  if (dvipa == nullptr || !dvipa->awaiting.test(from.value)) return;
  dvipa->awaiting.reset(from.value);
  settle_rivals(*dvipa, from);
  complete_if_reported(end.dvipa, *dvipa);
}

void Stack::hear(StackId from, const NotHeld& not_held) {
  Dvipa* dvipa = reported_dvipa(not_held.dvipa, not_held.epoch);
  if (dvipa == nullptr) return;
  for (const Remote& remote : not_held.remotes) {
    forget_syn(*dvipa, remote, from);
    tables::Route* route = dvipa->routes.find(remote);
    if (route == nullptr || route->target != from || route->foretold != 0 || route->in_question == 0) continue;
    lose_holder(not_held.dvipa, *dvipa, remote, *route);
  }
}

// RTE-11: a slice of each CRT; entries that nothing was routed by for some rounds are asked about, and each round those
// whose target does not listen any more.
void Stack::age_one_slice() {
  ++ageing_tick_;
  for (auto& [address, dvipa] : dvipas_) {
    if (std::erase_if(dvipa.deposed, [&](const auto& each) { return each.second <= ageing_tick_; }) != 0)
      follow_state(address, dvipa);
    if (dvipa.silence_until == ageing_tick_) forget_strangers(address, dvipa);
    expire_affinities(dvipa);
    if (dvipa.owner.owns()) ask_about_doubtful(address, dvipa);
  }
  ageing_slice_ = static_cast<std::uint16_t>((ageing_slice_ + 1) % ageing_slices);
  if (ageing_slice_ == 0) ageing_round_ = static_cast<std::uint16_t>((ageing_round_ + 1) % ageing_round_modulus);
}

void Stack::ask_about_doubtful(const Address& address, Dvipa& dvipa) {
  std::map<StackId, std::vector<Remote>> doubtful;
  const std::uint32_t affinity = affinity_ticks(dvipa);
  const auto doubt = [&](const Remote& remote, tables::Route& route) {
    if (route.foretold != 0) return;  // there is nobody to ask yet
    route.in_question = 1;
    doubtful[route.target].push_back(remote);
  };
  while (!dvipa.ended_while_fresh.empty() && ageing_tick_ - dvipa.ended_while_fresh.front().tick > frame_life_ticks()) {
    const Remote remote = dvipa.ended_while_fresh.front().remote;
    dvipa.ended_while_fresh.pop_front();
    if (tables::Route* route = dvipa.routes.find(remote); route != nullptr && !is_fresh(*route)) doubt(remote, *route);
  }
  dvipa.routes.for_each_in_slice(ageing_slice_, ageing_slices, [&](const Remote& remote, tables::Route& route) {
    if (!is_fresh(route)) route.touched = 0;
    if (affinity != 0 && route.ended == 0) dvipa.affinities.refresh(remote, route.target, ageing_tick_);
    const unsigned unused = (ageing_round_modulus + ageing_round_ - route.used_at) % ageing_round_modulus;
    // Who listens no longer may have let go of the address as well: then it does not answer a client that goes on
    // trying.
    const bool may_be_gone = route.target != settings_.self &&
                             !dvipa.listeners.contains(remote.dvipa_port, route.target) && !has(Mutant::trust_the_used);
    if ((unused >= settings_.ageing_rounds || may_be_gone) && !has(Mutant::never_verify)) doubt(remote, route);
  });
  for (const auto& [target, remotes] : doubtful)
    emit(effect::Send{target, Verify{address, dvipa.owner.facts.mine, remotes}});
}

}  // namespace dvipa
