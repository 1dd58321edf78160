// Addresses that move: what applications and operators ask of stacks, and what must hold of it.
#include <fmt/format.h>

#include "harness/world/judge.hpp"

namespace dvipa::world {
namespace {

using Answer = effect::ActivationAnswered::Answer;
using roles::OwnerState;

std::string name(StackId stack) { return stack ? fmt::format("S{}", stack.value) : "nobody"; }

// What the profile of a host says of a DVIPA, by a definition or by its longest range; none: nothing (CFG-5).
std::optional<Moveable> moveable_of(const Host& host, const Address& dvipa) {
  for (const DvipaDefinition& each : host.profile.dvipas)
    if (each.dvipa == dvipa && each.part == Part::primary) return each.moveable;
  const RangeDefinition* longest = nullptr;
  for (const RangeDefinition& each : host.profile.ranges)
    if (same_subnet(dvipa, each.network, each.prefix_bits) &&
        (longest == nullptr || each.prefix_bits > longest->prefix_bits))
      longest = &each;
  return longest == nullptr ? std::nullopt : std::optional(longest->moveable);
}

}  // namespace

void World::activate(StackId stack, const Address& dvipa, bool by_operator) {
  if (!is_up(stack) || at(stack).leaving) return;
  const bool settled = Judge(*this).is_settled(dvipa);
  if (is_watched()) tell(stack, {}, (by_operator ? "is told to activate " : "has a bind to ") + to_string(dvipa));
  at(stack).answered.reset();
  give(stack, input::ActivationAsked{dvipa, by_operator});
  Judge(*this).answered(stack, dvipa, by_operator);
  const bool granted = at(stack).answered == Answer::active || at(stack).answered == Answer::moving;
  if (!granted) return;
  at(stack).activated.insert(dvipa);
  asked_last_.erase(dvipa);
  if (settled) asked_last_[dvipa] = stack;
}

void World::break_connections(StackId stack, const Address& dvipa) {
  std::vector<std::uint32_t> broken;
  for (const auto& [connection, endpoint] : at(stack).kernel.endpoints)
    if (connections_[connection].tuple.dvipa == dvipa) broken.push_back(connection);
  for (const std::uint32_t connection : broken) abort_connection(stack, connection);
}

// Nobody is taking it over or is about to, all have heard who owns it, and nothing keeps them apart. One that stands
// still and was given it may take it back when it goes on.
bool Judge::is_settled(const Address& dvipa) const {
  std::set<StackId> owners;
  bool settled = true;
  world_.for_each_stack([&](StackId stack) {
    if (world_.host(stack).life == Host::Life::paused)
      settled = settled && !world_.host(stack).activated.contains(dvipa);
    if (!world_.is_up(stack)) return;
    world_.for_each_stack([&](StackId other) {
      if (world_.is_up(other)) settled = settled && told_all(stack, other) && world_.reachable(stack, other);
    });
    const Stack::Dvipa* its = world_.host(stack).stack->dvipa(dvipa);
    owners.insert(its == nullptr ? nobody : its->owner.facts.owner);
    const bool about_to = world_.host(stack).activated.contains(dvipa) && (its == nullptr || !its->owner.owns());
    settled = settled && !about_to && world_.host(stack).stack->settled();
    if (its == nullptr) return;
    const OwnerState state = its->owner.state();
    settled = settled && !its->owner.facts.claimant && state != OwnerState::rebuilding &&
              state != OwnerState::taking_back && state != OwnerState::handing_over;
  });
  return settled && owners.size() <= 1;
}

void Judge::answered(StackId stack, const Address& dvipa, bool by_operator) {
  const Host& host = world_.host(stack);
  const bool covered = moveable_of(host, dvipa).has_value();
  if (!host.answered || covered != (*host.answered != Answer::not_configured))
    return world_.fail("an activation is answered by what the profile says (CFG-5)",
                       fmt::format("{} for {}", name(stack), to_string(dvipa)));
  const bool granted = *host.answered == Answer::active || *host.answered == Answer::moving;
  if (by_operator || !granted) return;
  world_.for_each_stack([&](StackId other) {
    if (other == stack || !world_.is_up(other) || !told_all(stack, other)) return;
    const Stack::Dvipa* its = world_.host(other).stack->dvipa(dvipa);
    if (its != nullptr && its->owner.owns() && moveable_of(world_.host(other), dvipa) == Moveable::disruptive)
      world_.fail("a bind does not take what another stack has and lets nobody move (MOV-6)",
                  fmt::format("{} takes {} from {}", name(stack), to_string(dvipa), name(other)));
  });
}

void Judge::broken(StackId stack, const Address& dvipa) {
  if (moveable_of(world_.host(stack), dvipa) != Moveable::disruptive)
    world_.fail("only connections of a DISRUPTIVE DVIPA are broken (MOV-6)",
                fmt::format("{} breaks those of {}", name(stack), to_string(dvipa)));
}

void Judge::moved_at_rest(const Address& dvipa, StackId owner) {
  const auto asked = world_.asked_last_.find(dvipa);
  if (asked != world_.asked_last_.end() && asked->second != owner)
    world_.fail("at rest a DVIPA is where it was asked for last (MOV-1, MOV-2)",
                fmt::format("{} was asked for {}, and {} owns it", name(asked->second), to_string(dvipa), name(owner)));
}

}  // namespace dvipa::world
