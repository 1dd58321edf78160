// Messages: lists, what targets report to the owner and to a claimant, and what these make of it.
#include "spec/model/cluster.hpp"

namespace dvipa::model {

// LST-1. A stack that neither owns nor claims still tells the newest epoch that it knows, so that a restarted stack
// learns it.
Message Cluster::list_of(Stack i) const {
  const StackState& me = at(i);
  const auto flags =
      static_cast<std::uint8_t>((has(me.primaries, i) ? kPrimary : 0) | (has(me.leaving, i) ? kLeaving : 0));
  if (owns(i)) return {MessageKind::list_owning, me.owning, flags, nobody};
  if (claims(i)) return {MessageKind::list_claiming, me.claiming, flags, nobody};
  return {MessageKind::list_none, me.newest, flags, nobody};
}

void Cluster::announce(Stack i) {
  for_each(at(i).view, [&](Stack j) { send(i, j, list_of(i)); });
}

// TGT-1, TGT-3, TGT-5: the whole report, also from a stack that is no candidate but still holds connections. The
// present owner adds all that it routes (TKB-1). The order in which a report names connections says nothing.
void Cluster::report(Stack i, Stack to, Epoch epoch) {
  const StackState& me = at(i);
  if (me.listening) send(i, to, {MessageKind::srv_stat, epoch, 1, nobody});
  boost::container::static_vector<Message, 2UL * kConnectionsMax> named;
  for_each_connection([&](std::uint8_t c) {
    const End end = me.endpoint[c].end;
    const bool left_out =
        drops(Deviation::report_only_listeners) || (end == End::half_open && drops(Deviation::half_open_not_reported));
    if (end != End::none && !left_out) named.push_back({MessageKind::new_conn, epoch, c, i, false, true});
    const Stack target = me.crt[c].target;
    const bool said = target == i && end != End::none;
    if (owns(i) && target != nobody && !said && !drops(Deviation::routed_not_reported))
      named.push_back({MessageKind::new_conn, epoch, c, target, false, me.crt[c].present});
  });
  const bool together = !named.empty() && named.front().about != named.back().about;
  for (Message& message : named) {
    message.together = together;
    send(i, to, message);
  }
  send(i, to, {MessageKind::end_of_report, epoch, 0, nobody});
}

// TGT-7: the owner, a claimant, and another one that says that it owns the DVIPA: each of them may be the one that is
// left.
Epochs Cluster::told_by(Stack i) const {
  const StackState& me = at(i);
  if (me.claiming != 0 && drops(Deviation::changes_to_claimant_only)) return Epochs(1, me.claiming);
  Epochs told;
  if (me.owning != 0) told.push_back(me.owning);
  if (me.claiming != 0) told.push_back(me.claiming);
  if (drops(Deviation::changes_to_newest_only)) return told;
  for_each(me.view, [&](Stack j) {
    if (me.said[j] != 0 && me.said[j] != me.owning) told.push_back(me.said[j]);
  });
  return told;
}

// Something has begun or ended at i.
void Cluster::tell(Stack i, MessageKind kind, std::uint8_t about, Stack except) {
  for (const Epoch whom : told_by(i)) {
    const Message message{kind, whom, about, i, false, kind == MessageKind::new_conn};
    if (owner_of(whom) == i) on_report(i, i, message);
    if (owner_of(whom) != i && owner_of(whom) != except) send(i, owner_of(whom), message);
  }
}

void Cluster::receive(Stack i, Stack from, unsigned n) {
  const Message message = s_.bus[from][i].take(n);
  switch (message.kind) {
    case MessageKind::list_none:
    case MessageKind::list_claiming:
    case MessageKind::list_owning:
      return on_list(i, from, message);
    case MessageKind::take_over:
      return on_take_over(i, from, message.epoch);
    case MessageKind::released:
      return on_released(i, message.epoch);
    case MessageKind::verify: {
      const bool held = at(i).endpoint[message.about].end != End::none;
      if (!held) send(i, from, {MessageKind::not_held, message.epoch, message.about, nobody});
      return;
    }
    default:
      return on_report(i, from, message);
  }
}

bool Cluster::comes_in_vain(Stack i, Stack from) const {
  const StackState& me = at(i);
  const Message message = s_.bus[from][i][0];
  switch (message.kind) {
    case MessageKind::srv_stat:
    case MessageKind::new_conn:
    case MessageKind::term_conn:
    case MessageKind::not_held:
    case MessageKind::end_of_report: {
      // FLV-10: an epoch that i has left behind, or has lost, is never again i's own.
      const Epoch mine = owns(i) ? me.owning : claims(i) ? me.claiming : Epoch{0};
      return message.epoch != mine && !drops(Deviation::any_epoch) && !drops(Deviation::stale_end_accepted);
    }
    case MessageKind::list_none:  // of one that says nothing new, nor has anything to take back
      return message.about == 0 && message.epoch <= me.newest && has(me.listed, from) && !has(me.primaries, from) &&
             !has(me.leaving, from) && me.said[from] == 0 && owner_of(me.owning) != from &&
             owner_of(me.claiming) != from;
    default:
      return false;
  }
}

void Cluster::on_list(Stack i, Stack from, const Message& list) {
  StackState& me = at(i);
  add(me.listed, from);
  (list.about & kPrimary) != 0 ? add(me.primaries, from) : remove(me.primaries, from);
  (list.about & kLeaving) != 0 ? add(me.leaving, from) : remove(me.leaving, from);
  if (list.epoch > me.newest) me.newest = list.epoch;
  me.said[from] = list.kind == MessageKind::list_owning ? list.epoch : Epoch{0};
  if (list.kind == MessageKind::list_owning) return on_owning(i, from, list.epoch);
  if (list.kind == MessageKind::list_claiming) return on_claiming(i, from, list.epoch);
  if (owner_of(me.claiming) == from) claimant_lost(i);
  if (owner_of(me.owning) == from) owner_lost(i);
}

// FLV-10: a report counts under the present epoch of its receiver only.
void Cluster::on_report(Stack i, Stack from, const Message& message) {
  StackState& me = at(i);
  const Epoch epoch = owns(i) ? me.owning : me.claiming;
  if (!owns(i) && !claims(i)) return;
  const bool stale_end = message.kind == MessageKind::end_of_report && drops(Deviation::stale_end_accepted);
  if (message.epoch != epoch && !drops(Deviation::any_epoch) && !stale_end) return;
  switch (message.kind) {
    case MessageKind::srv_stat:
      if (message.about != 0)
        add(me.dpt, from);
      else if (!drops(Deviation::end_of_listening_ignored))
        remove(me.dpt, from);
      break;
    case MessageKind::new_conn:
      on_new_conn(i, from, message);
      break;
    case MessageKind::term_conn:
    case MessageKind::not_held:
      return on_term_conn(i, from, message.about);
    default:
      break;
  }
  if (message.kind != MessageKind::end_of_report && !drops(Deviation::no_end_of_report)) return;
  if (!has(me.waiting, from)) return;
  remove(me.waiting, from);
  if (drops(Deviation::complete_at_first_end)) me.waiting = 0;
  if (me.waiting == 0) complete(i);
}

// RTE-6. A target that was excluded while a connection was opened through it may come back and report its half of it,
// although the owner has given the connection to another meanwhile: the other keeps it. But what a claimant hears from
// the present owner is newer than all else about what that owner routes (TKB-5). A target that the receiver has
// not met (it is in the view of a former owner, after a partition) is entered as well: until it joins its packets are
// lost, but not answered. Of a life that is over, as i knows from having met the next, there is nothing to enter. An
// owner that hands over tells the claimant: who has given it the connection may have failed by now (TKB-5/heard).
void Cluster::on_new_conn(Stack i, Stack from, const Message& message) {
  const Stack target = drops(Deviation::connection_of_any_target) ? from : message.target;
  Entry& entry = at(i).crt[message.about];
  const bool known_better = sees_present(i, target) || (entry.target == target && entry.present);
  if (!message.present && known_better && !drops(Deviation::lives_unnamed)) return;
  const bool decides = claims(i) && from == owner_of(at(i).owning) && !drops(Deviation::owner_does_not_decide);
  const bool taken = entry.target != nobody && entry.target != target && !decides;
  if (taken && !drops(Deviation::last_report_wins)) return;
  const bool news = entry.target != target;
  entry = {target, true, message.present};  // its SYN may still be on its way
  if (news && from != owner_of(at(i).claiming) && !drops(Deviation::heard_untold)) report_routed(i, message.about);
}

// RTE-6, TGT-4. Bus and network are not ordered: a SYN that the owner has forwarded may reach the target only after it
// has sent this, and any number of SYNs may be on their way. So an entry that a SYN has hit not long ago stays, and
// ages out (RTE-11) if nothing comes of it.
void Cluster::on_term_conn(Stack i, Stack from, std::uint8_t c) {
  Entry& entry = at(i).crt[c];
  if (entry.target != from || is_foretold(i, c)) return;
  if (!entry.fresh || drops(Deviation::end_at_once)) entry = {};
}

// TGT-1, TGT-2.
void Cluster::listen(Stack i, bool listening) {
  at(i).listening = listening;
  tell(i, MessageKind::srv_stat, listening ? 1 : 0);
}

// TGT-4.
void Cluster::end_connection(Stack i, std::uint8_t c) {
  at(i).endpoint[c] = {};
  tell(i, MessageKind::term_conn, c);
}

// The entry is of a life of its target that i has yet to meet, while the one before is in its view.
bool Cluster::is_foretold(Stack i, std::uint8_t c) const {
  const Entry& entry = at(i).crt[c];
  return entry.present && has(at(i).outlived, entry.target) && !drops(Deviation::lives_unnamed);
}

// RTE-11: the owner asks about an entry that no SYN has hit, and no report has named, for longer than a frame can live.
// (Asking about one that its target holds changes nothing and is left out.)
bool Cluster::may_verify(Stack i, std::uint8_t c) const {
  const StackState& me = at(i);
  const Stack target = me.crt[c].target;
  if (drops(Deviation::no_ageing) || me.life != Life::up || !owns(i) || target == nobody) return false;
  if (me.crt[c].fresh || is_foretold(i, c)) return false;
  if (target != i && !has(me.view, target)) return true;  // FLV-12
  if (drops(Deviation::age_without_asking)) return true;
  if (at(target).endpoint[c].end != End::none) return false;
  const Channel& ahead = s_.bus[i][target];
  for (unsigned n = 0; n < ahead.size; ++n)
    if (ahead[n].kind == MessageKind::verify && ahead[n].about == c) return false;
  return s_.bus[target][i].size == 0;  // nor is an answer on its way
}

void Cluster::verify(Stack i, std::uint8_t c) {
  Entry& entry = at(i).crt[c];
  if (entry.target == i || !has(at(i).view, entry.target) || drops(Deviation::age_without_asking)) {
    entry = {};
    return;
  }
  send(i, entry.target, {MessageKind::verify, at(i).owning, c, nobody});
}

}  // namespace dvipa::model
