// Who owns the DVIPA: claims of a vacant one, takeback from a present owner, moves, and giving way.
#include "spec/model/cluster.hpp"

#include <algorithm>
#include <tuple>

namespace dvipa::model {

// FLV-1, FLV-11: the primary first, then the higher rank, then the higher XCF address.
bool Cluster::is_better(Stack a, Stack b, const StackState& by) const {
  const auto merit = [&](Stack i) { return std::tuple(has(by.primaries, i), rules_.rank[i], i); };
  return drops(Deviation::lowest_rank_first) ? merit(a) < merit(b) : merit(a) > merit(b);
}

Stack Cluster::successor(Stack i) const {
  const StackState& me = at(i);
  Stack best = nobody;
  for (Stack j = 1; j <= rules_.stacks; ++j) {
    const bool candidate = has(me.primaries, j) || rules_.rank[j] != 0;
    const bool live = j == i || (has(me.view, j) && has(me.listed, j));
    if (candidate && live && !has(me.leaving, j) && (best == nobody || is_better(j, best, me))) best = j;
  }
  return best;
}

// A claim takes a counter greater than any that the claimant has heard of (FLV-10).
Epoch Cluster::next_epoch(Stack i) const {
  const unsigned newest = counter_of(at(i).newest);
  const unsigned counter = drops(Deviation::epoch_reused) ? std::max(newest, 1U) : newest + 1;
  if (counter > kCounterMax) broken("an epoch has a counter greater than kCounterMax");
  return epoch_of(counter, i);
}

// RTE-2. Clients learn of it sooner or later; what they had learned before may stay in their ARP tables for ever.
// During a partition only the clients of the same side learn of it; those of them that get through at all have learned
// of it, and stay with it when the partition heals. (Assumption: the members have met again before clients reach the
// other side; a client that is answered by the wrong owner before that is reset by it.)
void Cluster::advertise(Stack i) {
  if (s_.cut == Cut::none) {
    add(s_.reach, i);
    add(s_.reach_far, i);
  } else if (has(s_.far, i)) {
    s_.reach_far = only(i);
  } else {
    add(s_.reach, i);
  }
}

// What the owner or claimant knows without being told: its own listener and its own connections (RTE-7).
void Cluster::own_tables(Stack i) {
  at(i).dpt = at(i).listening ? only(i) : Stacks{0};
  for_each_connection([&](std::uint8_t c) {
    if (at(i).endpoint[c].end != End::none) at(i).crt[c] = {i, false, true};
  });
}

void Cluster::purge_tables(Stack i) {
  at(i).dpt = 0;
  at(i).crt = {};
}

void Cluster::await(Stack i, Stack member) {
  if (!drops(Deviation::joiner_not_awaited)) add(at(i).waiting, member);
}

// FLV-2, FLV-3: own it under a new epoch, tell everybody, and collect their reports; what is in the CRT already is
// kept.
void Cluster::start_owning(Stack i) {
  StackState& me = at(i);
  me.newest = me.owning = next_epoch(i);
  me.claiming = 0;
  me.asked = false;
  me.waiting = drops(Deviation::no_wait_for_reports) ? Stacks{0} : me.view;  // FLV-6
  own_tables(i);
  advertise(i);
  announce(i);
}

// TKB-1, TKB-2: announce the claim and collect the reports; the present owner goes on.
void Cluster::start_claiming(Stack i) {
  StackState& me = at(i);
  me.newest = me.claiming = next_epoch(i);
  me.waiting = me.view;
  purge_tables(i);
  own_tables(i);
  if (drops(Deviation::routes_while_claiming)) advertise(i);
  announce(i);
  if (drops(Deviation::takeback_without_reports)) {
    me.waiting = 0;
    complete(i);
  }
}

// FLV-1, FLV-7: nobody owns it and nobody claims it, so the successor does.
bool Cluster::may_claim_vacancy(Stack i) const {
  const StackState& me = at(i);
  if (me.life != Life::up || !me.ready || me.owning != 0 || me.claiming != 0) return false;
  if (drops(Deviation::only_first_successor) && owner_of(me.newest) != 1) return false;
  return successor(i) == i;
}

void Cluster::claim_vacancy(Stack i) {
  // Judged by who really lives, and by the definitions as they are, unless word of them may still be on its way.
  for_each(at(i).view, [&](Stack j) {
    const bool joined = has(at(i).listed, j) && at(j).life == Life::up && has(at(j).view, i) && !has(at(j).leaving, j);
    const bool candidate = has(at(i).primaries, j) || rules_.rank[j] != 0;
    const bool told = s_.bus[j][i].size == 0;
    const auto merit = [&](Stack k) { return std::tuple(has(at(told ? k : i).primaries, k), rules_.rank[k], k); };
    if (joined && candidate && merit(j) > merit(i)) harm(Harm::wrong_successor);
  });
  start_owning(i);
}

// TKB-1: the primary, when it is not the owner; MOV-7: the successor of an owner that leaves.
bool Cluster::may_take_back(Stack i) const {
  const StackState& me = at(i);
  const Stack owner = owner_of(me.owning);
  if (me.life != Life::up || !me.ready || owner == nobody || owner == i || me.claiming != 0) return false;
  if (has(me.leaving, i) || !has(me.listed, owner)) return false;
  if (has(me.leaving, owner)) return successor(i) == i;
  return has(me.primaries, i) && is_better(i, owner, me);
}

void Cluster::take_back(Stack i) { start_claiming(i); }

// MOV-2: the operator, or a bind, starts the DVIPA here while it is active elsewhere. It is this stack's from now on.
// MOV-6: with DISRUPTIVE a bind fails as long as another has it. MOV-1: one of a range that is active nowhere.
bool Cluster::may_move_to(Stack i) const {
  const StackState& me = at(i);
  if (me.life != Life::up || !me.ready || owns(i) || me.claiming != 0 || has(me.leaving, i)) return false;
  if (me.owning == 0) return rules_.in_range;
  return rules_.moveable != Moveable::disruptive || drops(Deviation::bind_takes_it);
}

void Cluster::move_to(Stack i) {
  const Stack present = owner_of(at(i).owning);
  at(i).primaries = only(i);
  if (present == nobody) return start_owning(i);
  if (rules_.moveable == Moveable::disruptive && have_met(i, present)) harm(Harm::disrupted);
  start_claiming(i);
}

// MOV-7: the operator deactivates the DVIPA here; ownership goes to the successor, with all connections.
bool Cluster::may_depart(Stack i) const {
  return at(i).life == Life::up && at(i).ready && owns(i) && !has(at(i).leaving, i);
}

void Cluster::depart(Stack i) {
  add(at(i).leaving, i);
  announce(i);
}

// MOV-7: and activates it again; from there on it is as if the stack had recovered.
bool Cluster::may_reactivate(Stack i) const { return at(i).life == Life::up && at(i).ready && has(at(i).leaving, i); }

void Cluster::reactivate(Stack i) {
  remove(at(i).leaving, i);
  announce(i);
}

// TKB-3: former owner: no table, no advertising. Packets that still come go on to the new owner (TKB-4).
void Cluster::step_down(Stack i) {
  at(i).waiting = 0;
  at(i).owning = 0;
  at(i).asked = false;
  if (!drops(Deviation::former_owner_keeps_tables)) purge_tables(i);
}

// All reports are there. An owner just goes on, now answering what matches nothing; a claimant asks the present owner
// to let go (TKB-2).
void Cluster::complete(Stack i) {
  if (claims(i)) send(i, owner_of(at(i).owning), {MessageKind::take_over, at(i).claiming, 0, nobody});
}

// The owner that i knew of has failed or let go of it.
void Cluster::owner_lost(Stack i) {
  at(i).owning = 0;
  if (!claims(i)) return fall_back(i);
  if (drops(Deviation::takeback_ignores_failures)) {  // takes the failure for a release
    on_released(i, at(i).claiming);
    at(i).waiting = 0;
  } else {
    start_owning(i);  // TKB-7
  }
}

// Another one that has said before that it owns the DVIPA, under an older epoch, is the owner now. SYNs that it has
// forwarded under this epoch until now are older than what i has reported to somebody else since: i refuses them, and
// so any of that owner's SYNs for the life of a frame (TGT-6/former).
void Cluster::fall_back(Stack i) {
  Epoch other = 0;
  for_each(at(i).view, [&](Stack j) { other = std::max(other, at(i).said[j]); });
  if (other == 0 || drops(Deviation::older_owner_forgotten)) return;
  if (!drops(Deviation::former_frames_admitted)) s_.frames.remove_of(other, i);
  on_owning(i, owner_of(other), other);
}

// The claimant that i knew of has failed or given up. What was told to it in the meantime did not reach the owner.
void Cluster::claimant_lost(Stack i) {
  if (drops(Deviation::owner_forgets_to_return) && owns(i)) return;
  at(i).claiming = 0;
  if (owns(i) && !drops(Deviation::takeback_ignores_failures)) start_owning(i);  // TKB-7
}

// Two stacks own it: a partition has healed, or both claimed a vacancy. The better one claims anew, with an epoch
// that is newer than both, and so gets all reports; the other gives way when it hears of that (FLV-11).
void Cluster::on_rival(Stack i, Stack from, Epoch epoch) {
  const bool better = is_better(i, from, at(i));
  if (drops(Deviation::none_yields)) return;
  if (better && !drops(Deviation::both_yield)) {
    // FLV-11/anew: a SYN that it has given to a target may never have arrived there, and the rival may have given it
    // to another since. The targets know.
    if (!drops(Deviation::winner_keeps_routes)) purge_tables(i);
    return start_owning(i);
  }
  if (drops(Deviation::both_yield)) return step_down(i);
  if (epoch < at(i).owning) return;  // it will claim anew
  const bool with_routes = !drops(Deviation::loser_routes_unreported);
  if (with_routes) report(i, from, epoch);  // as an owner, so with all that it routes
  step_down(i);
  at(i).owning = epoch;
  if (at(i).claiming <= epoch) at(i).claiming = 0;
  if (!with_routes) report(i, from, epoch);
  announce(i);
}

void Cluster::on_claiming(Stack i, Stack from, Epoch epoch) {
  StackState& me = at(i);
  if (epoch <= me.owning || epoch <= me.claiming) return;  // FLV-10
  if (claims(i)) {
    purge_tables(i);
    me.waiting = 0;
  }
  me.claiming = epoch;
  me.asked = false;
  if (has(me.primaries, from)) me.primaries = only(from);  // MOV-2: the primary is the newest that says so
  report(i, from, epoch);
}

void Cluster::on_owning(Stack i, Stack from, Epoch epoch) {
  StackState& me = at(i);
  if (epoch == me.owning) return;
  if (owns(i)) return on_rival(i, from, epoch);
  if (epoch < me.owning) return;  // FLV-10
  const bool reported = epoch == me.claiming;
  me.owning = epoch;
  if (me.claiming <= epoch) {
    if (claims(i)) {
      purge_tables(i);
      me.waiting = 0;
    }
    me.claiming = 0;
  } else if (claims(i)) {
    report(i, from, epoch);    // which does not let go without, to whomever (TKB-2/complete)
    return start_claiming(i);  // the owner to take it from is another one now
  }
  if (!reported) report(i, from, epoch);
}

bool Cluster::routes(Stack i) const {
  return std::any_of(at(i).crt.begin(), at(i).crt.end(), [](const Entry& each) { return each.target != nobody; });
}

// MOV-6: with WHENIDLE the owner goes on, also with new connections, until it routes none. (Not when it has to leave.)
bool Cluster::is_in_use(Stack i) const {
  return rules_.moveable == Moveable::when_idle && !has(at(i).leaving, i) && routes(i);
}

void Cluster::on_take_over(Stack i, Stack, Epoch epoch) {
  if (!owns(i) || at(i).claiming != epoch) return;
  const bool in_use = is_in_use(i);
  if ((in_use && !drops(Deviation::moves_in_use)) || is_rebuilding(i)) {
    at(i).asked = true;
    return;
  }
  if (in_use) harm(Harm::moved_in_use);
  let_go(i);
}

// TKB-2/complete: an owner that has claimed anew (FLV-11) has forgotten the SYNs that it has forwarded. Whether one has
// arrived is known when its target has reported, and takes no other of them any more.
bool Cluster::is_rebuilding(Stack i) const { return at(i).waiting != 0 && !drops(Deviation::lets_go_unreported); }

bool Cluster::may_let_go(Stack i) const {
  return at(i).life == Life::up && owns(i) && at(i).asked && !is_in_use(i) && !is_rebuilding(i);
}

void Cluster::let_go(Stack i) {
  const Epoch epoch = at(i).claiming;
  step_down(i);
  // TGT-7: what changes here from now on is the claimant's to know.
  if (has(at(i).view, owner_of(epoch))) at(i).said[owner_of(epoch)] = epoch;
  send(i, owner_of(epoch), {MessageKind::released, epoch, 0, nobody});
  // Everybody else has to know too: were the claimant to fail now, they would take this stack for the owner.
  if (!drops(Deviation::release_in_silence)) announce(i);
}

void Cluster::on_released(Stack i, Epoch epoch) {
  StackState& me = at(i);
  if (!claims(i) || me.claiming != epoch) return;
  me.owning = epoch;
  me.claiming = 0;
  advertise(i);
  announce(i);
}

}  // namespace dvipa::model
