// Whose turn it is, for any targets and weights: nobody is passed over, and everybody gets its part (RTE-8).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "impl/tables/destination_port_table.hpp"

namespace dvipa::tables {
namespace {

constexpr Port port = 60;
constexpr std::uint8_t stacks_max = 9;
const RoutingTable none;

rc::Gen<StackId> any_stack() {
  return rc::gen::map(rc::gen::inRange<std::uint8_t>(1, stacks_max), [](std::uint8_t n) { return StackId{n}; });
}

// covers: RTE-8
RC_GTEST_PROP(Selection, RoundRobinPassesNobodyOverWhoListensAllTheTime, ()) {
  DestinationPortTable table;
  std::map<StackId, std::set<StackId>> since;  // who listens: who was selected since its own last turn
  for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
    const StackId stack = *any_stack();
    switch (*rc::gen::inRange(0, 5)) {
      case 0:
        table.remove(port, stack);
        since.erase(stack);
        break;
      case 1:
        if (table.add(port, stack, 1)) since[stack];
        break;
      default:
        const StackId chosen = table.select(port, DistMethod::round_robin, none);
        RC_ASSERT(bool(chosen) == !since.empty());
        if (!chosen) break;
        RC_ASSERT(since.contains(chosen));
        for (auto& [waiting, served] : since) {
          if (waiting == chosen) continue;
          RC_ASSERT(served.insert(chosen).second);  // nobody has two turns while another one waits
        }
        since[chosen].clear();
    }
  }
}

// The weights of some targets; at least one is above 0.
std::map<StackId, std::uint16_t> any_weights() {
  auto weights =
      *rc::gen::container<std::map<StackId, std::uint16_t>>(any_stack(), rc::gen::inRange<std::uint16_t>(0, 256));
  weights.insert({*any_stack(), 1});
  if (std::ranges::all_of(weights, [](const auto& each) { return each.second == 0; })) weights.begin()->second = 1;
  return weights;
}

DestinationPortTable table_of(const std::map<StackId, std::uint16_t>& weights) {
  DestinationPortTable table;
  for (const auto& [stack, weight] : weights) table.add(port, stack, weight);
  return table;
}

// covers: RTE-8
RC_GTEST_PROP(Selection, InTurnsOfTheSumOfWeightsEachTargetHasItsWeight, ()) {
  const auto weights = any_weights();
  DestinationPortTable table = table_of(weights);
  int sum = 0;
  for (const auto& [stack, weight] : weights) sum += weight;
  for (int period = 0; period < 2; ++period) {
    std::map<StackId, int> turns;
    for (int turn = 1; turn <= sum; ++turn) {
      ++turns[table.select(port, DistMethod::weighted, none)];
      for (const auto& [stack, weight] : weights)  // never further from its part than there are targets
        RC_ASSERT(std::abs(turns[stack] * sum - turn * weight) < static_cast<int>(weights.size()) * sum);
    }
    for (const auto& [stack, weight] : weights) RC_ASSERT(turns[stack] == weight);
  }
}

// covers: RTE-8
RC_GTEST_PROP(Selection, NoTargetHasMoreConnectionsForItsWeightThanOneThatWasPassedOver, ()) {
  const auto weights = any_weights();
  DestinationPortTable table = table_of(weights);
  RoutingTable routes;
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 200);
  for (std::uint32_t n = 0; n < count; ++n) {
    const StackId chosen = table.select(port, DistMethod::weighted_active, routes);
    RC_ASSERT(weights.at(chosen) != 0);
    for (const auto& [other, weight] : weights)
      RC_ASSERT(routes.routed_to(chosen) * weight <= routes.routed_to(other) * weights.at(chosen) || weight == 0);
    routes.insert({Address::v4(n), 1000, port}, {.target = chosen});
  }
}

}  // namespace
}  // namespace dvipa::tables
