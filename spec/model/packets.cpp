// Packets: from the network to the owner, from there to a target, and what each answers. Only SYNs are kept on their
// way, for only a SYN makes something where it arrives late; a later packet is one that is sent again and again by a
// client while its connection lives, so it moves in one step.
#include "spec/model/cluster.hpp"

#include <algorithm>

namespace dvipa::model {

// RTE-12: from the network to a former owner, from there to the owner, from there to a target, and never further.
Cluster::Path Cluster::path_of(Stack first) const {
  Path path;
  Stack at_stack = first;
  while (at(at_stack).life == Life::up) {
    if (owns(at_stack) || (claims(at_stack) && drops(Deviation::routes_while_claiming))) {
      path.router = at_stack;
      return path;
    }
    if (path.hops >= 1 && !drops(Deviation::relay_again)) return path;  // dropped
    if (path.hops > 2) return path;
    const StackState& me = at(at_stack);
    const Stack next = owner_of(me.owning != 0 ? me.owning : me.claiming);
    if (next == nobody || next == at_stack || across(at_stack, next))
      return path;  // the fence keeps it from the kernel
    if (drops(Deviation::no_relay)) {
      path.router = at_stack;
      path.refused = true;
      return path;
    }
    ++path.hops;
    at_stack = next;
  }
  return path;
}

// While a report is missing, what matches nothing is held: it could belong to a connection not yet reported (FLV-5).
bool Cluster::may_answer_unmatched(Stack router) const {
  return at(router).waiting == 0 || drops(Deviation::no_hold_while_rebuilding);
}

bool Cluster::asks_distribution(const Path& path, std::uint8_t c) const {
  if (path.router == nobody || path.refused) return false;
  const StackState& me = at(path.router);
  if (me.crt[c].target != nobody && !drops(Deviation::distribute_before_entry)) return false;
  return me.dpt != 0 && may_answer_unmatched(path.router);
}

// RTE-3.
void Cluster::route_syn(const Path& path, std::uint8_t c, std::uint8_t instance, Stack choice) {
  if (path.hops > 2) harm(Harm::loop);
  if (path.router == nobody) return;
  if (path.refused) return refuse(path.router, c, instance);
  Entry& entry = at(path.router).crt[c];
  if (choice != nobody) {
    if (!at(choice).listening && has_heard_all_of(path.router, choice)) harm(Harm::to_non_listener);
    note_contest(path.router, c, choice);
    make_entry(path.router, c, choice);
    return forward_syn(path.router, c, instance, choice, path.hops);
  }
  if (entry.target != nobody) {
    entry.fresh = true;
    if (!drops(Deviation::hit_unreported)) report_routed(path.router, c);
    return forward_syn(path.router, c, instance, entry.target, path.hops);
  }
  if (may_answer_unmatched(path.router)) refuse(path.router, c, instance);  // RTE-5
}

// The list that tells j of that claim is on its way; its sender may have failed.
bool Cluster::hears_of(Stack j, Epoch epoch) const {
  const Channel& channel = s_.bus[owner_of(epoch)][j];
  for (unsigned n = 0; n < channel.size; ++n)
    if (channel[n].kind == MessageKind::list_owning && channel[n].epoch == epoch) return true;
  return false;
}

// Another than the router has forwarded a SYN of the client's present connection, and j will take it.
template <class Of>
bool Cluster::will_take(Stack j, std::uint8_t c, Of&& of) const {
  const auto end = s_.frames.frames.begin() + s_.frames.size;
  return at(j).life == Life::up && std::any_of(s_.frames.frames.begin(), end, [&](const Frame& frame) {
           return frame.to == j && frame.connection == c && frame.instance == s_.clients[c].instance &&
                  (fence_admits(j, frame.epoch) || hears_of(j, frame.epoch)) && of(owner_of(frame.epoch));
         });
}

// FLV-12: a target that is not in the router's view has failed as far as the group knows, and its half of a connection
// is lost. If it lives all the same and holds an end of this connection, or is about to, and the router now gives the
// SYN to a second target, then the client may meet either. Not if who forwarded the first SYN could have told: a stack
// that the router sees has reported what it forwarded in its present life, which has met that target (TKB-1, TKB-5).
void Cluster::note_contest(Stack router, std::uint8_t c, Stack target) {
  for (Stack j = 1; j <= rules_.stacks; ++j) {
    if (j == target || j == router || has(at(router).view, j)) continue;
    const Endpoint& endpoint = at(j).endpoint[c];
    const bool holds = endpoint.end != End::none && endpoint.instance == s_.clients[c].instance;
    const auto cannot_tell = [&](Stack from) {
      return from != router && (!has(at(router).view, from) || !have_met(from, j));
    };
    if (holds || will_take(j, c, cannot_tell)) s_.clients[c].contested = true;
  }
}

// FLV-12: i's view excludes j, whose entries go, but not those of j's next life: a former owner may have met that one
// before i notices that there was another, and has reported what it gave to it (TKB-5/life).
void Cluster::forget_connections_of(Stack i, Stack j, bool outlived) {
  for_each_connection([&](std::uint8_t c) {
    Entry& entry = at(i).crt[c];
    const bool of_next_life = outlived && entry.present && !drops(Deviation::lives_unnamed);
    if (entry.target == j && !of_next_life) entry = {};
  });
}

// RTE-4.
void Cluster::make_entry(Stack router, std::uint8_t c, Stack target) {
  if (drops(Deviation::forward_without_entry)) return;
  at(router).crt[c] = {target, true, sees_present(router, target)};
  if (!drops(Deviation::no_report_during_handover)) report_routed(router, c);
}

// TKB-5: during a handover the claimant hears of each SYN before the target does, also of one that hits an entry: it
// may open the next connection of its 4-tuple. (While the same is still on its way to it, saying it again changes
// nothing.)
void Cluster::report_routed(Stack router, std::uint8_t c) {
  if (!hands_over(router)) return;
  const StackState& me = at(router);
  const Message message{MessageKind::new_conn, me.claiming, c, me.crt[c].target, false, me.crt[c].present};
  const Stack claimant = owner_of(me.claiming);
  if (!s_.bus[router][claimant].ends_for(c, message)) send(router, claimant, message);
}

void Cluster::forward_syn(Stack router, std::uint8_t c, std::uint8_t instance, Stack target, unsigned hops) {
  if (target == router) return open_half(router, router, c, instance);
  if (hops + 1 > 2) harm(Harm::loop);
  s_.frames.add({c, instance, at(router).owning, target});
}

// TGT-6: a target takes packets of the DVIPA from the owner that it knows, from a claimant, and from nobody else. A SYN
// of a former owner would open a connection that the present owner does not know. Both must be told apart by their
// epoch, not only by who they are: an owner may have failed, returned and taken the DVIPA back while the frame was on
// its way.
bool Cluster::fence_admits(Stack i, Epoch forwarder) const {
  if (drops(Deviation::no_fence)) return true;
  const StackState& me = at(i);
  if (drops(Deviation::fence_by_stack))
    return owner_of(forwarder) == owner_of(me.owning) || owner_of(forwarder) == owner_of(me.claiming);
  return forwarder == me.owning || forwarder == me.claiming;
}

// FLV-12: who has forwarded it has failed, and its last claim is newer than any that the present owner has heard of.
// The target is the only one left who knows of both. It tells the owner, but the client's next packet may be faster.
void Cluster::note_void_claim(const Frame& frame) {
  if (at(owner_of(frame.epoch)).life != Life::crashed) return;
  const bool opens = at(frame.to).listening && at(frame.to).endpoint[frame.connection].end == End::none;
  for (Stack j = 1; opens && j <= rules_.stacks; ++j)
    if (owns(j) && at(j).life == Life::up && has(at(j).view, frame.to) && at(j).newest < frame.epoch)
      s_.clients[frame.connection].contested = true;
}

void Cluster::accept_syn(const Frame& frame) {
  if (at(frame.to).life != Life::up || !fence_admits(frame.to, frame.epoch)) return;
  note_void_claim(frame);
  open_half(frame.to, owner_of(frame.epoch), frame.connection, frame.instance);
}

void Cluster::open_half(Stack i, Stack from, std::uint8_t c, std::uint8_t instance) {
  StackState& me = at(i);
  if (me.endpoint[c].end != End::none) return;  // again, or of another instance: answered with an ACK, nothing changes
  if (!me.listening) {
    const Client& client = s_.clients[c];
    if (client.end == ClientEnd::syn_sent && client.instance == instance) s_.clients[c].end = ClientEnd::closed;
    return;
  }
  me.endpoint[c] = {End::half_open, instance};
  if (from != i && !has(at(from).view, i) && at(from).life != Life::crashed) s_.clients[c].contested = true;
  // TGT-6: owner and claimant hear of what somebody else forwarded.
  if (from != i && !drops(Deviation::no_report_of_foreign_syn)) tell(i, MessageKind::new_conn, c, from);
}

// A packet of an established connection, sent by its client now.
void Cluster::route_data(const Path& path, std::uint8_t c) {
  if (path.hops > 2) harm(Harm::loop);
  if (path.router == nobody) return;
  if (path.refused) return reset(path.router, c);
  const StackState& router = at(path.router);
  const Stack target = router.crt[c].target;
  if (target == nobody) {
    if (may_answer_unmatched(path.router)) reset(path.router, c);
    return;
  }
  if (target != path.router && path.hops + 1 > 2) harm(Harm::loop);
  if (at(target).life != Life::up || across(path.router, target)) return;
  if (target == path.router || fence_admits(target, router.owning)) accept_data(target, c, path.router);
}

void Cluster::accept_data(Stack i, std::uint8_t c, Stack router) {
  const Client& client = s_.clients[c];
  Endpoint& endpoint = at(i).endpoint[c];
  if (client.peer == i && endpoint.end != End::none && endpoint.instance == client.instance) {
    endpoint.end = End::open;
    return;
  }
  const StackState& peer = at(client.peer);
  const bool peer_lives = peer.life == Life::up &&
                          peer.endpoint[c] == Endpoint{peer.endpoint[c].end, client.instance} &&
                          peer.endpoint[c].end != End::none;
  if (!client.contested && peer_lives && (client.peer == router || has(at(router).view, client.peer)))
    harm(Harm::stray);
}

// FLV-4, TKB-6: it harms a connection whose target lives. A target that the routing stack has excluded has failed as
// far as the group knows (FLV-12).
void Cluster::reset(Stack by, std::uint8_t c) {
  Client& client = s_.clients[c];
  const StackState& target = at(client.peer);
  const bool holds = target.endpoint[c].end != End::none && target.endpoint[c].instance == client.instance;
  const bool known = client.peer == by || has(at(by).view, client.peer);
  if (holds && target.life == Life::up && known && !client.contested) harm(Harm::reset);
  client.end = ClientEnd::closed;
  client.peer = nobody;
}

bool Cluster::have_met(Stack i, Stack j) const {
  return i == j || (at(j).life == Life::up && has(at(i).view, j) && has(at(j).view, i));
}

bool Cluster::sees_present(Stack i, Stack j) const { return i == j || (has(at(i).view, j) && !has(at(i).outlived, j)); }

// No message between the two is still on its way.
bool Cluster::has_heard_all_of(Stack router, Stack i) const {
  return have_met(router, i) && s_.bus[router][i].size == 0 && s_.bus[i][router].size == 0;
}

void Cluster::refuse(Stack by, std::uint8_t c, std::uint8_t instance) {
  Client& client = s_.clients[c];
  if (client.end != ClientEnd::syn_sent || client.instance != instance) return;
  client.end = ClientEnd::closed;
  for (Stack i = 1; i <= rules_.stacks; ++i) {
    const bool told = !has(rules_.changing, i) || has_heard_all_of(by, i);
    if (at(i).listening && told && have_met(by, i)) harm(Harm::refusal);
  }
}

}  // namespace dvipa::model
