// Views and lives: connecting, excluding, starting, failing, waking.
#include "spec/model/cluster.hpp"

namespace dvipa::model {

// A message to a member that has closed the connection is lost.
void Cluster::send(Stack from, Stack to, const Message& message) {
  if (to == nobody || to == from || !has(at(to).view, from)) return;
  s_.bus[from][to].push(message);
}

// Two members that can reach each other connect; each sends its list (LST-1, LST-5). Assumption on timing: excluding a
// member and connecting with it again takes longer than a frame lives, so no frame between the two is left. (Else a SYN
// that was on its way to a failed target could open a connection at it when it is back, while the owner has given the
// same SYN to another.)
bool Cluster::may_connect(Stack i, Stack j) const {
  return i < j && at(i).life == Life::up && at(j).life == Life::up && !across(i, j) && !has(at(i).view, j) &&
         !has(at(j).view, i);
}

void Cluster::connect(Stack i, Stack j) {
  add(at(i).view, j);
  add(at(j).view, i);
  s_.frames.remove_between(i, j);
  for (const auto& [a, b] : {std::pair{i, j}, std::pair{j, i}}) {
    send(a, b, list_of(a));
    for (Entry& entry : at(a).crt)  // of a life of b that is over (TKB-5/life)
      if (entry.target == b && !entry.present && !drops(Deviation::lives_unnamed)) entry = {};
    // FLV-11: it may hold connections, from the other side of a partition or from before a pause.
    if ((owns(a) && !drops(Deviation::no_report_after_heal)) || claims(a)) await(a, b);
  }
}

// The fault model's view change: whatever of j's messages has not arrived by now never will.
bool Cluster::may_exclude(Stack i, Stack j) const {
  return at(i).life == Life::up && has(at(i).view, j) &&
         (at(j).life != Life::up || across(i, j) || !has(at(j).view, i));
}

void Cluster::exclude(Stack i, Stack j) {
  StackState& me = at(i);
  s_.bus[j][i].clear();
  const bool outlived = has(me.outlived, j);
  remove(me.view, j);
  remove(me.outlived, j);
  remove(me.listed, j);
  remove(me.leaving, j);
  remove(me.primaries, j);
  me.said[j] = 0;
  const bool awaited = has(me.waiting, j);
  remove(me.waiting, j);
  if (!drops(Deviation::failed_target_kept)) {  // FLV-12, RTE-11
    remove(me.dpt, j);
    forget_connections_of(i, j, outlived);
  }
  if (owner_of(me.claiming) == j) claimant_lost(i);
  if (owner_of(me.owning) == j) return owner_lost(i);
  if (awaited && me.waiting == 0) complete(i);  // FLV-6
}

// A starting stack decides nothing before it has the list of every member that it can reach. (The time that it gives
// them is longer than connecting takes: an assumption on timing.)
bool Cluster::may_get_ready(Stack i) const {
  const StackState& me = at(i);
  if (me.life != Life::up || me.ready) return false;
  if (drops(Deviation::start_without_lists)) return true;
  for (Stack j = 1; j <= rules_.stacks; ++j)
    if (j != i && at(j).life == Life::up && !across(i, j) && !has(me.view, j)) return false;
  return me.listed == me.view;
}

void Cluster::get_ready(Stack i) { at(i).ready = true; }

void Cluster::crash(Stack i) {
  at(i) = {};
  at(i).life = Life::crashed;
  for (Stack j = 1; j <= rules_.stacks; ++j) {
    s_.bus[j][i].clear();
    if (has(at(j).view, i)) add(at(j).outlived, i);
    for (Entry& entry : at(j).crt)
      if (entry.target == i) entry.present = false;
    for (Stack k = 1; k <= rules_.stacks; ++k)
      if (k != j) s_.bus[j][k].outlive(i);
  }
  // FLV-12: what a SYN opens at its next life is no end of the connections that its clients had.
  for_each_connection([&](std::uint8_t c) {
    if (s_.clients[c].peer == i) s_.clients[c].peer = nobody;
  });
}

void Cluster::restart(Stack i) {
  at(i).life = Life::up;
  at(i).listening = has(rules_.listeners, i);
  if (i == 1 && !rules_.in_range) add(at(i).primaries, i);
}

// FLV-9: a stack that sees that it has been away for longer than it takes to be excluded closes its connections to all
// members and starts as a new one would, but for its applications and their connections.
void Cluster::wake(Stack i) {
  StackState& me = at(i);
  me.life = Life::up;
  if (drops(Deviation::no_yield_after_pause)) return;
  StackState fresh;
  fresh.listening = me.listening;
  fresh.endpoint = me.endpoint;
  fresh.newest = me.newest;
  fresh.primaries = me.primaries & only(i);
  fresh.leaving = me.leaving & only(i);
  me = fresh;
  for (Stack j = 1; j <= rules_.stacks; ++j) s_.bus[j][i].clear();
}

}  // namespace dvipa::model
