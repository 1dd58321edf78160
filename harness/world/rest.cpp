// What must be true when nothing has failed for a while and nothing is under way.
#include <fmt/format.h>

#include <algorithm>

#include "harness/world/judge.hpp"

namespace dvipa::world {
namespace {

using roles::OwnerState;

constexpr const char* one_owner = "at rest there is one owner, the right one, and everybody knows it (FLV-1, FLV-11)";
constexpr const char* true_dpt = "at rest the DPT is the real listeners (RTE-1)";
constexpr const char* true_crt = "at rest the CRT is the live connections (RTE-6, RTE-11)";
constexpr const char* empty_tables = "at rest only the owner has tables (TKB-3)";
constexpr const char* hidden =
    "at rest every candidate target holds the address and lets the owner's frames in (LST-2)";
constexpr const char* alive = "at rest every connection whose target lives goes on (FLV-4, TKB-6)";

std::string name(StackId stack) { return stack ? fmt::format("S{}", stack.value) : "nobody"; }

Address xcf_of(StackId stack) { return Address::v4(0x0a4d0000U + stack.value); }

const DvipaDefinition* definition_of(const Host& host, const Address& dvipa) {
  for (const DvipaDefinition& each : host.profile.dvipas)
    if (each.dvipa == dvipa) return &each;
  return nullptr;
}

}  // namespace

void Judge::at_rest() {
  std::set<Address> dvipas;
  world_.for_each_stack([&](StackId stack) {
    for (const DvipaDefinition& each : world_.host(stack).profile.dvipas) dvipas.insert(each.dvipa);
    if (world_.host(stack).stack)
      for (const auto& [address, dvipa] : world_.host(stack).stack->dvipas()) dvipas.insert(address);
  });
  for (const Address& dvipa : dvipas)
    if (!world_.violation()) rest_of(dvipa);
  if (!world_.violation()) connections_at_rest();
}

void Judge::rest_of(const Address& dvipa) {
  const StackId owner = owner_at_rest(dvipa);
  if (world_.violation()) return;
  moved_at_rest(dvipa, owner);
  if (!candidates_agree(dvipa, owner)) return;
  if (!owner) return;
  tables_at_rest(dvipa, owner);
  if (!world_.violation()) hidden_at_rest(dvipa, owner);
}

// A primary if one is up, or else one backup: a backup keeps what it took over until the primary is back (TKB-1). Of
// several primaries, by definitions or by binds, it is the one that was defined last (MOV-2), which nobody can tell
// when stacks have failed or been apart since.
StackId Judge::owner_at_rest(const Address& dvipa) {
  StackId owner;
  std::set<StackId> primaries;
  bool candidate = false;
  world_.for_each_stack([&](StackId stack) {
    const Host& host = world_.host(stack);
    if (host.life != Host::Life::up) return;
    const DvipaDefinition* definition = definition_of(host, dvipa);
    const bool activated = host.activated.contains(dvipa);
    candidate = candidate || definition != nullptr || activated;
    if (activated || (definition != nullptr && definition->part == Part::primary)) primaries.insert(stack);
    const Stack::Dvipa* mine = host.stack->dvipa(dvipa);
    if (mine == nullptr || !mine->owner.owns()) return;
    if (owner) world_.fail(one_owner, fmt::format("{} and {} own {}", name(owner), name(stack), to_string(dvipa)));
    owner = stack;
  });
  if (!primaries.empty() && !primaries.contains(owner))
    world_.fail(one_owner, fmt::format("{} is the primary of {}, but {} owns it", name(*primaries.begin()),
                                       to_string(dvipa), name(owner)));
  if (candidate != bool(owner)) world_.fail(one_owner, fmt::format("{} owns {}", name(owner), to_string(dvipa)));
  return owner;
}

bool Judge::candidates_agree(const Address& dvipa, StackId owner) {
  world_.for_each_stack([&](StackId stack) {
    const Host& host = world_.host(stack);
    if (host.life != Host::Life::up) return;
    const Stack::Dvipa* mine = host.stack->dvipa(dvipa);
    if (host.advertised.contains(dvipa) != (stack == owner))
      world_.fail("at rest the owner advertises and nobody else does (RTE-2)", name(stack));
    if (mine == nullptr) return;
    const bool settled = stack == owner ? mine->owner.state() == OwnerState::active : !mine->owner.owns();
    if (!settled || mine->owner.facts.owner != owner || mine->owner.facts.claimant)
      world_.fail(one_owner, fmt::format("{} is {} and takes {} for the owner of {} and {} for a claimant", name(stack),
                                         roles::name_of(mine->owner.state()), name(mine->owner.facts.owner),
                                         to_string(dvipa), name(mine->owner.facts.claimant)));
    if (stack != owner && (!mine->routes.empty() || mine->listeners.size() != 0))
      world_.fail(empty_tables, fmt::format("{} has tables of {}", name(stack), to_string(dvipa)));
    if (!host.held.empty()) world_.fail("at rest no packet is held (FLV-5)", name(stack));
  });
  return !world_.violation();
}

void Judge::tables_at_rest(const Address& dvipa, StackId owner) {
  listeners_at_rest(dvipa, owner);
  if (!world_.violation()) routes_at_rest(dvipa, owner);
}

void Judge::listeners_at_rest(const Address& dvipa, StackId owner) {
  const Stack& stack = *world_.host(owner).stack;
  const Stack::Dvipa& mine = *stack.dvipa(dvipa);
  const Distribution* distribution = stack.distribution_of(mine);
  std::size_t expected = 0;
  world_.for_each_stack([&](StackId target) {
    const Host& host = world_.host(target);
    if (host.life != Host::Life::up || distribution == nullptr) return;
    if (!distribution->targets.contains(xcf_of(target))) return;
    std::set<Port> ports;
    for (const auto& [local, port] : host.kernel.listeners)
      if (counts_as_listener(host, *distribution, dvipa, port)) ports.insert(port);
    expected += ports.size();
    for (const Port port : ports)
      if (!mine.listeners.contains(port, target))
        world_.fail(true_dpt,
                    fmt::format("{} does not know that {} listens on port {}", name(owner), name(target), port));
  });
  if (mine.listeners.size() != expected)
    world_.fail(true_dpt, fmt::format("{} knows {} listeners of {}", name(owner), mine.listeners.size(), expected));
}

void Judge::routes_at_rest(const Address& dvipa, StackId owner) {
  const Stack::Dvipa& mine = *world_.host(owner).stack->dvipa(dvipa);
  std::size_t expected = 0;
  for (std::uint32_t place = 0; place < world_.connections_.size(); ++place) {
    const ClientConnection& client = world_.connections_[place];
    if (client.tuple.dvipa != dvipa) continue;
    const tables::Route* route = mine.routes.find(client.tuple.remote);
    if (route != nullptr) ++expected;
    StackId holder;
    bool held_there = false;
    world_.for_each_stack([&](StackId stack) {
      if (!world_.is_up(stack) || !world_.host(stack).kernel.endpoints.contains(place)) return;
      holder = stack;
      held_there = held_there || (route != nullptr && route->target == stack);
    });
    if (client.contested) continue;
    if (!holder && route != nullptr && route->ended != 0) continue;  // kept while a SYN may be under way (RTE-6)
    if (bool(holder) != (route != nullptr) || (holder && !held_there))
      world_.fail(true_crt, fmt::format("{} is held by {}, and {} routes it to {}", world_.name_of(client.tuple),
                                        name(holder), name(owner), name(route == nullptr ? nobody : route->target)));
  }
  if (mine.routes.size() != expected) world_.fail(true_crt, "an entry of no connection");
}

void Judge::hidden_at_rest(const Address& dvipa, StackId owner) {
  const Stack& stack = *world_.host(owner).stack;
  const Distribution* distribution = stack.distribution_of(*stack.dvipa(dvipa));
  world_.for_each_stack([&](StackId target) {
    const Host& host = world_.host(target);
    if (host.life != Host::Life::up) return;
    const bool candidate = distribution != nullptr && distribution->targets.contains(xcf_of(target));
    if (target != owner && !candidate) return;
    const auto fence = host.kernel.fence.find(dvipa);
    const bool lets_in = target == owner || (fence != host.kernel.fence.end() && fence->second.test(owner.value));
    if (!host.kernel.addresses.contains(dvipa) || !lets_in)
      world_.fail(hidden, fmt::format("{} does not, for {}", name(target), to_string(dvipa)));
  });
}

// What was sent has arrived; what was opened and not refused is established. A client whose target has failed has been
// reset by now, or had nothing to send.
void Judge::connections_at_rest() {
  for (std::uint32_t place = 0; place < world_.connections_.size(); ++place) {
    const ClientConnection& client = world_.connections_[place];
    using State = ClientConnection::State;
    if (client.contested || client.state == State::closed) continue;
    const bool waits = client.state != State::established || client.acknowledged < client.wanted;
    const Host& own = world_.host(client.peer);
    const bool lives = client.peer && own.life == Host::Life::up && own.kernel.endpoints.contains(place);
    if (waits && (lives || client.state == State::syn_sent))
      world_.fail(alive, fmt::format("{} at {} is not served", world_.name_of(client.tuple), name(client.peer)));
    if (client.state == State::established && lives && own.kernel.endpoints.at(place).received < client.acknowledged)
      world_.fail("no byte is lost (FLV-4, TKB-6)", world_.name_of(client.tuple));
  }
}

}  // namespace dvipa::world
