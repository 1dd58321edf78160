// Safety, judged at the instant when it could be broken.
#include "harness/world/judge.hpp"

#include <fmt/format.h>

#include <tuple>

#include "impl/stack/probe.hpp"

namespace dvipa::world {
namespace {

std::string name(StackId stack) { return fmt::format("S{}", stack.value); }

Address xcf_of(StackId stack) { return Address::v4(0x0a4d0000U + stack.value); }

const Stack::Dvipa* dvipa_at(const Host& host, const Address& address) {
  return host.stack ? host.stack->dvipa(address) : nullptr;
}

}  // namespace

// Nothing is on its way between the two, and each has the other in its view.
bool Judge::told_all(StackId one, StackId other) const {
  if (one == other) return true;
  const Link& there = world_.link(one, other);
  const Link& back = world_.link(other, one);
  return there.up && back.up && there.queue.empty() && back.queue.empty();
}

bool Judge::counts_as_listener(const Host& target, const Distribution& distribution, const Address& dvipa, Port port) {
  if (!distribution.ports.contains(port) || !target.kernel.addresses.contains(dvipa)) return false;
  if (target.kernel.listeners.contains({dvipa, port})) return true;
  return !distribution.ports.is_every_port() && target.kernel.listeners.contains({wildcard_of(dvipa), port});
}

bool Judge::is_unmatched(StackId router, const Connection& connection) const {
  const Stack::Dvipa* mine = dvipa_at(world_.host(router), connection.dvipa);
  return mine != nullptr && mine->owner.owns() && mine->routes.find(connection.remote) == nullptr;
}

// Views need not be transitive: the router and another owner are apart, while the target sees both and follows the
// other one's newer claim, or takes the DVIPA over from the other one. For the router's side it has gone, although the
// router still sees it (FLV-12).
bool Judge::has_gone_over(StackId target, const Address& dvipa, StackId router) const {
  const Stack::Dvipa* its = dvipa_at(world_.host(target), dvipa);
  StackId other = its == nullptr ? nobody : its->report_to;
  if (other == target && !its->owner.owns()) other = its->owner.facts.owner;
  return other && other != router && other != target && (!world_.knows(router, other) || !world_.knows(other, router));
}

bool Judge::is_unaware(StackId router, const Packet& packet) const {
  const ClientConnection& client = world_.connections_[packet.connection];
  if (!client.peer) return has_unseen_owner(router, client.tuple.dvipa);  // which may open it meanwhile
  const Stack::Dvipa* its = client.peer ? dvipa_at(world_.host(client.peer), client.tuple.dvipa) : nullptr;
  const StackId other = its == nullptr ? nobody : its->report_to;
  if (!other || other == router || other == client.peer || !world_.host(router).stack) return false;
  if (has_gone_over(client.peer, client.tuple.dvipa, router)) return true;
  bool has_heard = false;
  StackProbe::for_each_member(
      *world_.host(router).stack, client.tuple.dvipa,
      [&](StackId id, bool, bool, Part, const Epoch& owning) { has_heard = has_heard || (id == other && owning); });
  return !has_heard && world_.host(router).stack->dvipa(client.tuple.dvipa)->owner.owns();
}

// Who has said that its report is complete takes what the stack that has it sends on (TGT-5, TGT-6). Who has fallen
// back to an older owner, for the life of a frame takes nothing of what may be from before (TGT-6); and a 4-tuple may
// be opened again at a stack that was done with the DVIPA when the end before came.
void Judge::refused(StackId host, const Packet& packet, StackId forwarder) {
  const ClientConnection& client = world_.connections_[packet.connection];
  const bool live =
      client.state == ClientConnection::State::established || client.state == ClientConnection::State::closing;
  if (!live || client.peer != host || packet.instance != 1 || client.instance != 1) return;
  const Stack::Dvipa* its = dvipa_at(world_.host(host), client.tuple.dvipa);
  const Stack::Dvipa* owners = dvipa_at(world_.host(forwarder), client.tuple.dvipa);
  if (its == nullptr || owners == nullptr || !owners->owner.owns()) return;
  const Epoch& claim = owners->owner.facts.mine;
  const bool has_reported = its->report_to == forwarder && its->report_epoch == claim && !its->report_open;
  const bool has_fallen_back = its->owner.facts.newest != claim;
  if (has_reported && !has_fallen_back && world_.host(host).kernel.endpoints.contains(packet.connection))
    world_.fail(
        "a target lets in what the stack that has its report sends on (TGT-5, TGT-6, TKB-6)",
        fmt::format("{} keeps out a packet of {} from {}", name(host), world_.name_of(client.tuple), name(forwarder)));
}

// Whether the router can take `target` for a listener: it listens, or word of that is on its way.
bool Judge::could_know_listener(StackId router, StackId target, const Connection& connection) const {
  const Host& host = world_.host(target);
  if (host.life != Host::Life::up) return true;  // its last word counts until it is excluded
  if (!told_all(router, target) || has_gone_over(target, connection.dvipa, router)) return true;
  return host.kernel.listeners.contains({connection.dvipa, connection.remote.dvipa_port}) ||
         host.kernel.listeners.contains({wildcard_of(connection.dvipa), connection.remote.dvipa_port});
}

// Whether the router may not know (yet) that `target` listens. Legitimate: it is not in the view of both, it stands
// still, it has gone over to another owner, or something is on its way.
bool Judge::could_miss_listener(StackId router, StackId target, const Address& dvipa) const {
  return !world_.is_up(target) || !told_all(router, target) || has_gone_over(target, dvipa, router) ||
         went_on_without(router, target, dvipa);
}

// The router's rebuild has ended by its limit of time, and the target's report is still to come, or it has not even
// heard that it has to report (FLV-6).
bool Judge::went_on_without(StackId router, StackId target, const Address& dvipa) const {
  const Stack::Dvipa* mine = dvipa_at(world_.host(router), dvipa);
  const Stack::Dvipa* its = dvipa_at(world_.host(target), dvipa);
  const bool by_limit = mine != nullptr && mine->owner.owns() && !mine->knows_all && mine->awaiting.none();
  const bool kept_back = !world_.link(target, router).queue.empty() || !world_.link(router, target).queue.empty();
  return by_limit && (kept_back || (its != nullptr && its->report_open));
}

void Judge::listener_reported(StackId target, const Address& dvipa) {
  if (!world_.host(target).kernel.addresses.contains(dvipa))
    world_.fail("a listener is reported when its host holds the address (LST-2, TGT-1)",
                fmt::format("{} reports one on {}", name(target), to_string(dvipa)));
}

void Judge::new_connection(StackId router, const Packet& packet, const Verdict& verdict) {
  using Kind = Verdict::Kind;
  const ClientConnection& client = world_.connections_[packet.connection];
  const Connection& connection = client.tuple;
  if (verdict.kind == Kind::to_target || verdict.kind == Kind::to_local) {
    const StackId target = verdict.kind == Kind::to_local ? router : verdict.stack;
    if (!could_know_listener(router, target, connection))
      world_.fail("a SYN goes only to a listener as the owner knows it (RTE-5)",
                  fmt::format("{} gives {} to {}, which does not listen", name(router), world_.name_of(connection),
                              name(target)));
    return;
  }
  const bool wanted = client.state == ClientConnection::State::syn_sent && client.instance == packet.instance;
  if (verdict.kind != Kind::conventional || !wanted) return;
  const Stack& stack = *world_.host(router).stack;
  const Distribution* distribution = stack.distribution_of(*stack.dvipa(connection.dvipa));
  if (distribution == nullptr) return;
  world_.for_each_stack([&](StackId target) {
    if (!distribution->targets.contains(xcf_of(target)) || could_miss_listener(router, target, connection.dvipa))
      return;
    if (counts_as_listener(world_.host(target), *distribution, connection.dvipa, connection.remote.dvipa_port))
      world_.fail(
          "no SYN is refused while a listener is known (RTE-5, FLV-5)",
          fmt::format("{} refuses {} although {} listens", name(router), world_.name_of(connection), name(target)));
  });
}

// A stack that the router has excluded, or to which an owner that it does not see has routed the connection, lives with
// an end of the 4-tuple, be it of this instance or of one that the client has forgotten. What a killed process has left
// is not excused: its successor has another incarnation.
bool Judge::has_unseen_end(StackId router, StackId target, std::uint32_t connection) const {
  bool found = false;
  world_.for_each_stack([&](StackId other) {
    const Host& host = world_.host(other);
    const auto end = host.kernel.endpoints.find(connection);
    if (other == target || host.life == Host::Life::down || end == host.kernel.endpoints.end()) return;
    const bool unseen = !world_.knows(router, other) || end->second.of_two_owners;
    found = found || (unseen && end->second.incarnation == host.incarnation);
  });
  return found;
}

// The SYN goes to a target, or reaches it, while another one has an end that the router cannot know of: when the two
// meet again, nothing on the bus tells them apart.
void Judge::note_contest(StackId router, const Packet& packet, const Verdict& verdict) {
  if (verdict.kind != Verdict::Kind::to_target && verdict.kind != Verdict::Kind::to_local) return;
  const StackId target = verdict.kind == Verdict::Kind::to_local ? router : verdict.stack;
  if (has_unseen_end(router, target, packet.connection)) world_.connections_[packet.connection].contested = true;
}

void Judge::accepted(StackId host, const Packet& packet, StackId router) {
  ClientConnection& client = world_.connections_[packet.connection];
  if (has_unseen_end(router, host, packet.connection)) client.contested = true;
  if (host != router && !world_.knows(router, host) && world_.host(router).life != Host::Life::down)
    client.contested = true;
  if (!world_.host(host).stack) return;  // only its kernel lives
  // Conventional processing found an application of the owner's own that the distribution does not count (RTE-3): no
  // table knows of the connection.
  const Stack& stack = *world_.host(host).stack;
  const Stack::Dvipa* mine = stack.dvipa(client.tuple.dvipa);
  if (host != router || mine == nullptr || mine->routes.find(client.tuple.remote) != nullptr) return;
  const Distribution* used = stack.distribution_of(*mine);
  const bool counts = used != nullptr && used->targets.contains(xcf_of(host)) &&
                      counts_as_listener(world_.host(host), *used, client.tuple.dvipa, client.tuple.remote.dvipa_port);
  if (!counts) client.contested = true;
}

bool Judge::has_other_owner(StackId owner, const Address& dvipa) const {
  bool found = false;
  world_.for_each_stack([&](StackId other) {
    const Stack::Dvipa* its = dvipa_at(world_.host(other), dvipa);
    found = found || (other != owner && world_.is_up(other) && its != nullptr && its->owner.owns());
  });
  return found;
}

bool Judge::has_unseen_owner(StackId router, const Address& dvipa) const {
  bool found = false;
  world_.for_each_stack([&](StackId other) {
    const Stack::Dvipa* its = dvipa_at(world_.host(other), dvipa);
    const bool owns = world_.is_up(other) && its != nullptr && its->owner.owns();
    found = found || (other != router && owns && !world_.knows(router, other));
  });
  return found;
}

bool Judge::is_awaited(StackId router, StackId target, const Address& dvipa) const {
  const Stack::Dvipa* its = dvipa_at(world_.host(router), dvipa);
  return its != nullptr && its->awaiting.test(target.value);
}

// A packet of a live connection is taken by its own stack or by nobody. Legitimate exceptions: the connection is
// contested (state.hpp); its own stack has failed, or has failed as far as the routing stack knows (FLV-12), or has no
// end of it any more; its own stack has excluded the routing stack, which is about to learn of that, and clients reach
// the wrong side of a partition; its own stack followed another owner, of which the routing stack had not heard when it
// sent the packet on; or it was opened by one of two owners that do not see each other, and the client has
// gone from one to the other faster than the target's word of it (TGT-3, TGT-6), unless the routing stack waits for
// that.
void Judge::delivered(StackId host, const Packet& packet, StackId router) {
  const ClientConnection& client = world_.connections_[packet.connection];
  const bool live =
      client.state == ClientConnection::State::established || client.state == ClientConnection::State::closing;
  if (!live || client.contested || client.instance != packet.instance || client.peer == host) return;
  const Host& own = world_.host(client.peer);
  const auto endpoint = own.kernel.endpoints.find(packet.connection);
  const bool holds = own.life == Host::Life::up && endpoint != own.kernel.endpoints.end() &&
                     endpoint->second.instance == packet.instance;
  const bool together = world_.knows(router, client.peer) && world_.knows(client.peer, router);
  if (!holds || !together || packet.unaware || has_gone_over(client.peer, client.tuple.dvipa, router)) return;
  if (endpoint->second.of_two_owners && !is_awaited(router, client.peer, client.tuple.dvipa)) {
    const Stack::Dvipa* its = dvipa_at(own, client.tuple.dvipa);
    if (!world_.link(client.peer, router).queue.empty() || (its != nullptr && its->report_open)) return;
  }
  if (went_on_without(router, client.peer, client.tuple.dvipa)) return;
  // A late SYN to a target that the router has excluded since, although its kernel lives: from then on the connection
  // is contested (accepted()).
  if (packet.kind == PacketKind::syn && host != router && !world_.knows(router, host)) return;
  // A late SYN where nobody listens any more: the client does not heed the answer.
  const bool listens = world_.listens(world_.host(host), client.tuple.dvipa, client.tuple.remote.dvipa_port);
  if (packet.kind == PacketKind::syn && !listens && !world_.host(host).kernel.endpoints.contains(packet.connection))
    return;
  const bool resets = !world_.host(host).kernel.endpoints.contains(packet.connection) &&
                      packet.kind != PacketKind::reset && packet.kind != PacketKind::syn;
  const std::string what = fmt::format("a packet of {}, which {} holds, is taken by {} (routed by {})",
                                       world_.name_of(client.tuple), name(client.peer), name(host), name(router));
  world_.fail(resets ? "no live connection is reset by the cluster (FLV-4, FLV-5, TKB-6)"
                     : "a connection's packets reach its own stack or nobody (RTE-4, FLV-5)",
              what);
}

// A vacancy is claimed by the best candidate only: not while a better one lives and each of the two knows the other.
void Judge::ownership_changed(StackId stack, const effect::OwnershipChanged& changed) {
  using roles::OwnerState;
  if (changed.from != OwnerState::backup || changed.to != OwnerState::rebuilding) return;
  const auto merit = [&](StackId each) {
    for (const DvipaDefinition& definition : world_.host(each).profile.dvipas)
      if (definition.dvipa == changed.dvipa)
        return std::tuple(definition.part == Part::primary ? 255 : int{definition.rank}, each.value);
    return std::tuple(0, each.value);
  };
  world_.for_each_stack([&](StackId other) {
    if (other == stack || !world_.is_up(other) || world_.host(other).leaving || !told_all(stack, other)) return;
    const Host& host = world_.host(other);
    const Stack::Dvipa* its = dvipa_at(host, changed.dvipa);
    const bool ready = host.stack->settled() && its != nullptr && its->owner.state() == OwnerState::backup;
    if (ready && std::get<0>(merit(other)) > 0 && merit(other) > merit(stack))
      world_.fail("only the best candidate claims (FLV-1)",
                  fmt::format("{} claims although {} lives", name(stack), name(other)));
  });
}

void Judge::after_step() {
  for (unsigned one = 1; one <= world_.settings_.stacks; ++one) {
    const Host& host = world_.hosts_[one];
    if (host.advertised.empty() || host.life != Host::Life::up) continue;
    for (unsigned other = one + 1; other <= world_.settings_.stacks; ++other) {
      if (world_.hosts_[other].advertised.empty() || world_.hosts_[other].life != Host::Life::up) continue;
      for (const Address& dvipa : host.advertised)
        one_advertiser(dvipa, {static_cast<std::uint8_t>(one)}, {static_cast<std::uint8_t>(other)});
    }
  }
}

// RTE-2. After a heal, or when two claim at once, both advertise until they have heard of each other: until then a
// message is on its way between them.
void Judge::one_advertiser(const Address& dvipa, StackId one, StackId other) {
  if (!world_.host(other).advertised.contains(dvipa) || !told_all(one, other)) return;
  world_.fail("one advertiser of a DVIPA in a view (RTE-2)",
              fmt::format("{} and {} advertise {}", name(one), name(other), to_string(dvipa)));
}

}  // namespace dvipa::world
