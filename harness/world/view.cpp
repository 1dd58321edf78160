#include "harness/world/view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dvipa::world {
namespace {

std::string name(StackId stack) { return stack ? fmt::format("S{}", stack.value) : "nobody"; }

std::string text_of(const std::set<StackId>& stacks) {
  std::string text;
  for (const StackId each : stacks) text += (text.empty() ? "" : " ") + name(each);
  return text.empty() ? "nobody" : text;
}

std::string text_of(const std::map<Port, std::set<StackId>>& listeners) {
  std::string text;
  for (const auto& [port, stacks] : listeners)
    text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", text_of(stacks), port);
  return text.empty() ? "nobody" : text;
}

std::size_t count_of(const std::map<Port, std::set<StackId>>& listeners) {
  std::size_t count = 0;
  for (const auto& [port, stacks] : listeners) count += stacks.size();
  return count;
}

std::string text_of(const std::map<std::uint32_t, StackId>& routes) {
  std::string text;
  for (const auto& [connection, target] : routes)
    text += fmt::format("{}c{} at {}", text.empty() ? "" : ", ", connection, name(target));
  return text.empty() ? "none" : text;
}

StackView view_of(const World& world, StackId stack, const Address& dvipa, const View& view) {
  StackView mine;
  mine.state = "bystander";
  const Stack::Dvipa* its = world.host(stack).stack->dvipa(dvipa);
  if (its == nullptr) return mine;
  mine.state = roles::name_of(its->owner.state());
  mine.owner = its->owner.facts.owner;
  mine.claimant = its->owner.facts.claimant;
  mine.advertises = world.host(stack).advertised.contains(dvipa);
  its->listeners.for_each([&](Port port, const auto& target) { mine.listeners[port].insert(target.stack); });
  for (const auto& [number, connection] : view.connections)
    if (const auto* route = its->routes.find(world.find_connection(number)->tuple.remote))
      mine.routes.emplace(number, route->target);
  return mine;
}

ConnectionView view_of(const World& world, const ClientConnection& connection) {
  ConnectionView mine;
  mine.state = word_of(connection);
  mine.acknowledged = connection.acknowledged;
  mine.waits = connection.acknowledged < connection.wanted;
  mine.contested = connection.contested;
  const auto place = static_cast<std::uint32_t>(&connection - world.connections().data());
  world.for_each_stack([&](StackId stack) {
    if (!world.host(stack).kernel.endpoints.contains(place)) return;
    if (world.is_up(stack)) mine.held_at.insert(stack);
    const bool established = connection.state == ClientConnection::State::established;
    if (established && connection.peer == stack) mine.peer = stack;
  });
  return mine;
}

class Comparison {
 public:
  Comparison(const View& one, const View& other) : one_(one), other_(other) {}

  std::vector<Difference> run() {
    for (const auto& [stack, mine] : one_.stacks) {
      const auto theirs = other_.stacks.find(stack);
      if (theirs == other_.stacks.end())
        compare(name(stack), "up", "not up");
      else
        stacks(name(stack), mine, theirs->second);
    }
    for (const auto& [stack, theirs] : other_.stacks)
      if (!one_.stacks.contains(stack)) compare(name(stack), "not up", "up");
    for (const auto& [number, mine] : one_.connections) {
      const auto theirs = other_.connections.find(number);
      if (theirs == other_.connections.end())
        compare(fmt::format("c{}", number), "opened", "never opened");
      else if (!is_contested(number))
        connections(fmt::format("c{}", number), mine, theirs->second);
    }
    return std::move(found_);
  }

 private:
  void compare(const std::string& where, const std::string& mine, const std::string& theirs) {
    if (mine != theirs) found_.push_back({where, mine, theirs});
  }
  bool is_contested(std::uint32_t number) const {
    const auto contested = [&](const View& view) {
      const auto at = view.connections.find(number);
      return at != view.connections.end() && at->second.contested;
    };
    return contested(one_) || contested(other_);
  }
  std::map<std::uint32_t, StackId> promised(std::map<std::uint32_t, StackId> routes) const {
    std::erase_if(routes, [&](const auto& each) { return is_contested(each.first); });
    return routes;
  }

  void stacks(const std::string& who, const StackView& mine, const StackView& theirs) {
    compare(who + "'s state", mine.state, theirs.state);
    compare("the owner that " + who + " knows", name(mine.owner), name(theirs.owner));
    compare("the claimant that " + who + " knows", name(mine.claimant), name(theirs.claimant));
    compare("what " + who + " does on the network", mine.advertises ? "advertises" : "is silent",
            theirs.advertises ? "advertises" : "is silent");
    compare(who + "'s DPT", text_of(mine.listeners), text_of(theirs.listeners));
    compare(who + "'s CRT", text_of(promised(mine.routes)), text_of(promised(theirs.routes)));
  }

  static bool is_open(const ConnectionView& of) { return of.state == "opening" || of.state == "established"; }
  // A client whose target has failed learns of it when it next has something to say, if anybody is there to tell it. It
  // has to answer its target, too, which may have asked just before it failed.
  static bool is_lost(const ConnectionView& of, const View& in) {
    const auto advertises = [](const auto& each) { return each.second.advertises; };
    const bool is_told = of.waits && std::ranges::any_of(in.stacks, advertises);
    return of.state == "reset" || (of.state == "established" && !of.held_at.contains(of.peer) && !is_told);
  }

  void connections(const std::string& which, const ConnectionView& mine, const ConnectionView& theirs) {
    compare("who holds an end of " + which, text_of(mine.held_at), text_of(theirs.held_at));
    if (is_lost(mine, one_) && is_lost(theirs, other_)) return;
    // Whether it has ended in good order or was lost before that is free.
    if ((mine.ended_by_client || theirs.ended_by_client) && !is_open(mine) && !is_open(theirs)) return;
    compare("the state of " + which, mine.state, theirs.state);
    compare("who serves " + which, name(mine.peer), name(theirs.peer));
    if (mine.peer && theirs.peer)
      compare("what is acknowledged of " + which, std::to_string(mine.acknowledged),
              std::to_string(theirs.acknowledged));
  }

  const View& one_;
  const View& other_;
  std::vector<Difference> found_;
};

std::string compared(std::string_view found, std::string_view expected) {
  return found == expected ? std::string() : fmt::format("it is {}", found);
}

std::string unmet_owner(const Expectation& expected, const View& view) {
  for (const auto& [stack, mine] : view.stacks)
    if (mine.owner != expected.stack) return fmt::format("{} takes {} for it", name(stack), name(mine.owner));
  return {};
}

std::string unmet_of_connection(const Expectation& expected, const View& view) {
  const auto at = view.connections.find(expected.connection);
  if (at == view.connections.end()) return "it was never opened";
  const ConnectionView& mine = at->second;
  if (expected.kind == Expectation::Kind::target) return compared(name(mine.peer), name(expected.stack));
  if (expected.kind == Expectation::Kind::acknowledged)
    return compared(std::to_string(mine.acknowledged), std::to_string(expected.count));
  return compared(mine.state, expected.word);
}

}  // namespace

View view_of(const World& world, const Address& dvipa, const std::vector<std::uint32_t>& connections) {
  View view;
  for (const std::uint32_t number : connections)
    if (const ClientConnection* found = world.find_connection(number))
      view.connections.emplace(number, view_of(world, *found));
  world.for_each_stack([&](StackId stack) {
    if (world.is_up(stack)) view.stacks.emplace(stack, view_of(world, stack, dvipa, view));
  });
  return view;
}

std::vector<Difference> differences(const View& one, const View& other) { return Comparison(one, other).run(); }

std::vector<Difference> about_to_change(const World& world, const Address& dvipa,
                                        const std::vector<std::uint32_t>& connections, bool of_data_too) {
  World later = world;
  later.run_until(later.now() + a_while);
  View now = view_of(world, dvipa, connections);
  const View then = view_of(later, dvipa, connections);
  if (!of_data_too)
    for (auto& [number, connection] : now.connections)
      connection.acknowledged = then.connections.at(number).acknowledged;
  return differences(now, then);
}

std::string text_of(const NotPlayable& missing) {
  return missing.line == 0 ? missing.reason : fmt::format("line {}: {}", missing.line, missing.reason);
}

std::string text_of(const Disagreement& disagreement, std::string_view other) {
  const std::string place = disagreement.line == 0 ? std::string() : fmt::format("line {}: ", disagreement.line);
  return fmt::format("{}{}: the world says {}, the {} says {}", place, disagreement.where, disagreement.world, other,
                     disagreement.other);
}

std::string unmet(const Expectation& expected, const View& view) {
  using Kind = Expectation::Kind;
  static const StackView absent{"bystander", {}, {}, false, {}, {}};
  const auto at = view.stacks.find(expected.stack);
  const StackView& mine = at == view.stacks.end() ? absent : at->second;
  switch (expected.kind) {
    case Kind::owner:
      return unmet_owner(expected, view);
    case Kind::advertiser: {
      std::set<StackId> advertisers;
      for (const auto& [stack, each] : view.stacks)
        if (each.advertises) advertisers.insert(stack);
      return compared(text_of(advertisers), name(expected.stack));
    }
    case Kind::state:
      return compared(mine.state, expected.word);
    case Kind::routes:
      return compared(std::to_string(mine.routes.size()), std::to_string(expected.count));
    case Kind::listeners:
      return compared(std::to_string(count_of(mine.listeners)), std::to_string(expected.count));
    case Kind::hidden:
    case Kind::not_hidden:
    case Kind::answer:
      return {};  // not of a view
    case Kind::connection:
    case Kind::target:
    case Kind::acknowledged:
      return unmet_of_connection(expected, view);
  }
  return {};
}

}  // namespace dvipa::world
