#include "harness/conform/play/follow.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dvipa::conform {
namespace {

using world::ClientConnection;
using world::Command;
using world::ConnectionView;
using world::Verb;
using world::View;
using world::World;

bool measures(const world::Scenario& scenario, const Address& dvipa) {
  return std::ranges::any_of(scenario.profiles, [&](const Definitions& profile) {
    return std::ranges::any_of(profile.dvipas, [&](const DvipaDefinition& each) {
      return each.dvipa == dvipa && each.distribution && each.distribution->method != DistMethod::round_robin;
    });
  });
}

void forget_ended(world::StackView& stack, const View& expected) {
  std::erase_if(stack.routes, [&](const auto& each) {
    const auto connection = expected.connections.find(each.first);
    if (connection == expected.connections.end()) return true;
    const std::string& state = connection->second.state;
    return state != "opening" && state != "established" && state != "closing";
  });
}

void rename(StackId& stack, StackId from, StackId to) {
  if (stack == from) stack = to;
}

void rename_holders(std::set<StackId>& holders, StackId from, StackId to) {
  if (holders.erase(from) != 0) holders.insert(to);
}

}  // namespace

std::string Follower::perform(const Command& command, const World& world) {
  switch (command.verb) {
    case Verb::run:
    case Verb::settle:
      at_once_.clear();
      if (command.verb == Verb::settle) note_unpromised(world);
      return {};
    case Verb::heal:
      note_unpromised(world);
      return {};
    case Verb::connect:
      return connect(command, world);
    case Verb::partition:
      parted_ = true;
      return {};
    case Verb::pause:
      if (!world.host(command.stack).kernel.endpoints.empty())
        return "a live kernel serves its connections while its stack and its applications stand still";
      return strike(command.stack);
    case Verb::kill:
    case Verb::kill_process:
    case Verb::stop:
    case Verb::abort_application:
      return strike(command.stack);
    default:
      return {};
  }
}

std::string Follower::connect(const Command& command, const World& world) {
  const ClientConnection* before = world.find_connection(command.connection);
  if (before != nullptr && before->state != ClientConnection::State::closed) return {};
  if (before != nullptr && before->end == ClientConnection::End::closed)
    return "a client's kernel keeps the 4-tuple of a connection that it has closed for a minute";
  Called& called = called_[command.connection] = {};
  called.dvipa = command.address;
  called.client = command.client;
  called.by_chance = measures(scenario_, command.address);
  auto& others = at_once_[command.address];
  others.push_back(command.connection);
  if (others.size() > 1)
    for (const std::uint32_t each : others) called_[each].by_chance = true;
  return {};
}

std::string Follower::strike(StackId stack) const {
  for (const auto& [dvipa, connections] : at_once_)
    if (connections.size() > 1) return fmt::format("where c{} goes is chance", connections.front());
  for (const auto& [number, called] : called_)
    if (called.in_world != called.in_lab && (called.in_world == stack || called.in_lab == stack))
      return fmt::format("whether c{} is at S{} is chance", number, stack.value);
  return {};
}

// What a client has to say when a partition heals may come before the members have met again.
void Follower::note_unpromised(const World& world) {
  for (auto& [number, called] : called_) {
    const ClientConnection* connection = world.find_connection(number);
    const bool has_to_say =
        connection->state == ClientConnection::State::syn_sent || connection->acknowledged < connection->wanted;
    if (parted_ && has_to_say && connection->state != ClientConnection::State::closed) called.unpromised = true;
  }
  parted_ = false;
}

std::vector<std::uint32_t> Follower::connections_of(const Address& dvipa) const {
  std::vector<std::uint32_t> all;
  for (const auto& [number, called] : called_)
    if (called.dvipa == dvipa) all.push_back(number);
  return all;
}

std::vector<std::uint32_t> Follower::open_connections_of(const Address& dvipa, const World& world) const {
  std::vector<std::uint32_t> all = connections_of(dvipa);
  std::erase_if(
      all, [&](std::uint32_t each) { return world.find_connection(each)->state == ClientConnection::State::closed; });
  return all;
}

Address Follower::dvipa_of(std::uint32_t connection) const {
  const auto found = called_.find(connection);
  return found == called_.end() ? Address{} : found->second.dvipa;
}

// When both have a target for the first time. In the lab it has to be one of the listeners.
void Follower::meet(std::uint32_t number, const View& expected, const View& seen) {
  Called& called = called_.at(number);
  if (!called.by_chance || called.in_lab) return;
  const auto in_world = expected.connections.find(number);
  const auto in_lab = seen.connections.find(number);
  if (in_world == expected.connections.end() || in_lab == seen.connections.end()) return;
  if (!in_world->second.peer || !in_lab->second.peer) return;
  const auto has_it = [&](const auto& on_port) { return on_port.second.contains(in_lab->second.peer); };
  const bool listens = std::ranges::any_of(expected.stacks, [&](const auto& each) {
    return each.second.advertises && std::ranges::any_of(each.second.listeners, has_it);
  });
  if (!listens) return;
  called.in_world = in_world->second.peer;
  called.in_lab = in_lab->second.peer;
}

View Follower::expected(const Address& dvipa, const World& world, bool at_rest) const {
  std::vector<std::uint32_t> connections = connections_of(dvipa);
  if (at_rest) return world::view_of(world, dvipa, connections);
  std::erase_if(connections,
                [&](std::uint32_t each) { return world.find_connection(each)->end == ClientConnection::End::closed; });
  View view = world::view_of(world, dvipa, connections);
  for (auto& [stack, mine] : view.stacks) forget_ended(mine, view);
  return view;
}

View Follower::completed(const Sight& sight, const View& expected, bool at_rest) {
  View seen = sight.view;
  std::erase_if(seen.connections, [&](const auto& each) { return !expected.connections.contains(each.first); });
  for (auto& [stack, mine] : seen.stacks) {
    if (!at_rest) forget_ended(mine, expected);
    const auto theirs = expected.stacks.find(stack);
    if (theirs == expected.stacks.end()) continue;
    mine.claimant = theirs->second.claimant;
    if (sight.unconcerned.contains(stack)) mine.owner = theirs->second.owner;
    if (mine.state != "taking_back") continue;
    mine.listeners = theirs->second.listeners;  // a stack shows its tables when it owns the DVIPA
    mine.routes = theirs->second.routes;
  }
  for (auto& [number, mine] : seen.connections) {
    meet(number, expected, seen);
    const Called& called = called_.at(number);
    mine.contested = called.unpromised;
    if (called.in_lab) {
      rename(mine.peer, called.in_lab, called.in_world);
      rename_holders(mine.held_at, called.in_lab, called.in_world);
      for (auto& [stack, its] : seen.stacks)
        if (const auto route = its.routes.find(number); route != its.routes.end())
          rename(route->second, called.in_lab, called.in_world);
    }
    const auto theirs = expected.connections.find(number);
    if (at_rest || theirs == expected.connections.end()) continue;
    mine.acknowledged = theirs->second.acknowledged;
    mine.waits = theirs->second.waits;
  }
  return seen;
}

}  // namespace dvipa::conform
