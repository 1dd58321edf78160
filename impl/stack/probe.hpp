#pragma once
// What a checker needs of a stack beside its inputs and effects: all that it is made of, a look at its view, the choice
// of a target that is otherwise left to round robin, and a clock that does not run on for ever.
#include <algorithm>
#include <tuple>

#include "impl/stack/stack.hpp"

namespace dvipa {

struct StackProbe {
  static bool joined(const Stack& stack) { return stack.joined_; }
  static bool ready(const Stack& stack) { return stack.ready_; }
  static bool leaving(const Stack& stack) { return stack.leaving_; }
  static bool has_met(const Stack& stack, StackId member) { return stack.members_.contains(member); }
  static Incarnation incarnation(const Stack& stack) { return stack.incarnation_; }
  // 0: the member is not in the view.
  static Incarnation life_met(const Stack& stack, StackId member) {
    const auto at = stack.members_.find(member);
    return at == stack.members_.end() ? 0 : at->second.incarnation;
  }
  static bool is_fresh(const Stack& stack, const tables::Route& route) { return stack.is_fresh(route); }

  // All that is compared of a stack; what lives only during a step and the index are not.
  static auto fields(const Stack& stack) {
    const auto& [settings, members, dvipas, ranges, listeners_here, joined, capacity, stood_still, ready, leaving, left,
                 incarnation, ageing_tick, ageing_round, ageing_slice, index, effects, newcomer] = stack;
    return std::tie(settings, members, dvipas, ranges, listeners_here, joined, capacity, stood_still, ready, leaving,
                    left, incarnation, ageing_tick, ageing_round, ageing_slice);
  }

  // Not so while it is the one that `stack` has let go for.
  static bool says_it_owns(const Stack& stack, StackId member, const Address& dvipa) {
    const auto at = stack.members_.find(member);
    if (at == stack.members_.end()) return false;
    const auto owning = at->second.owning.find(dvipa);
    return owning != at->second.owning.end() && owning->second.claim == Claim::owning;
  }

  // Calls visit(member, listed, leaving, part, owning) for each member of the view; `owning` is the epoch under which
  // it says that it owns `dvipa`.
  template <class Visit>
  static void for_each_member(const Stack& stack, const Address& dvipa, Visit&& visit) {
    for (const auto& [id, member] : stack.members_) {
      const auto part = member.parts.find(dvipa);
      const auto owning = member.owning.find(dvipa);
      visit(id, member.listed, member.leaving, part == member.parts.end() ? Part::none : part->second.part,
            owning == member.owning.end() ? Epoch{} : owning->second.epoch);
    }
  }

  // The next new connection to `port` goes to `target`, if that listens and the method is round robin.
  static void set_turn(Stack& stack, const Address& dvipa, Port port, StackId target) {
    if (const auto at = stack.dvipas_.find(dvipa); at != stack.dvipas_.end())
      at->second.listeners.set_turn(port, target);
  }

  // Sets the clock of ageing to zero and all that was noted by it accordingly, and begins every round robin anew: two
  // stacks that differ in nothing else are equal afterwards. An entry counts as used now.
  static void reset_clock(Stack& stack) {
    for (auto& [address, dvipa] : stack.dvipas_) {
      const auto reset = [&](tables::Route& route) {
        route.touched = stack.is_fresh(route) ? 1 : 0;
        route.touched_at = 0;
        route.used_at = 0;
      };
      dvipa.routes.for_each([&](const Remote&, tables::Route& route) { reset(route); });
      for (auto& [remote, route] : dvipa.syns_under_way) reset(route);
      dvipa.silence_until -= std::min(dvipa.silence_until, stack.ageing_tick_);
      std::set<Remote> ended;
      for (const auto& each : dvipa.ended_while_fresh) ended.insert(each.remote);
      dvipa.ended_while_fresh.clear();
      for (const Remote& remote : ended) dvipa.ended_while_fresh.push_back({0, remote});
      for (auto& [former_owner, until] : dvipa.deposed) until -= std::min(until, stack.ageing_tick_);
      std::vector<Port> ports;
      dvipa.listeners.for_each([&](Port port, const tables::ActualTarget&) { ports.push_back(port); });
      for (const Port port : ports) dvipa.listeners.set_turn(port, nobody);
    }
    stack.ageing_tick_ = 0;
    stack.ageing_round_ = stack.ageing_slice_ = 0;
  }
};

}  // namespace dvipa
