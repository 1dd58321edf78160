// What must hold of the abstract cluster: safety, at rest, and a witness beside each so that nothing holds vacuously.
#include <initializer_list>

#include "spec/model/cluster.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

using Property = TakeoverModel::Property;

bool never(const State& state, Harm what) { return (state.harm & static_cast<std::uint8_t>(what)) == 0; }

bool owner(const State& s, Stack i) { return s.stacks[i].life != Life::crashed && owner_of(s.stacks[i].owning) == i; }

template <class Holds>
bool for_all_stacks(const Rules& rules, Holds&& holds) {
  for (Stack i = 1; i <= rules.stacks; ++i)
    if (!holds(i)) return false;
  return true;
}
template <class Holds>
bool some_stack(const Rules& rules, Holds&& holds) {
  return !for_all_stacks(rules, [&](Stack i) { return !holds(i); });
}

// RTE-2. After a heal, or when two claim at once, both advertise until they have heard of each other: until then a
// list is on its way between them.
bool one_advertiser(const Rules& rules, const State& s) {
  const auto advertises = [&](Stack i) { return owner(s, i) && s.stacks[i].life == Life::up; };
  return for_all_stacks(rules, [&](Stack i) {
    return for_all_stacks(rules, [&](Stack j) {
      const bool both = i != j && advertises(i) && advertises(j);
      const bool met = both && has(s.stacks[i].view, j) && has(s.stacks[j].view, i);
      return !met || s.bus[i][j].size != 0 || s.bus[j][i].size != 0;
    });
  });
}

// At rest (FLV-1, FLV-11): one owner, if there is a candidate, and everybody knows it.
bool rest_has_owner(const Rules& rules, const State& s) {
  Stack only_owner = nobody;
  bool candidate = false;
  bool twice = false;
  for (Stack i = 1; i <= rules.stacks; ++i) {
    const StackState& stack = s.stacks[i];
    if (stack.life != Life::up) continue;
    candidate |= (has(stack.primaries, i) || rules.rank[i] != 0) && !has(stack.leaving, i);
    if (!owner(s, i)) continue;
    twice |= only_owner != nobody;
    only_owner = i;
  }
  if (twice) return false;
  if (only_owner == nobody) return !candidate;
  return for_all_stacks(rules, [&](Stack i) {
    const StackState& stack = s.stacks[i];
    return stack.life != Life::up ||
           (owner_of(stack.owning) == only_owner && stack.claiming == 0 && stack.waiting == 0);
  });
}

// At rest: the DPT is the real listeners (RTE-1), the CRT the live connections; every other stack's are empty (TKB-3).
bool rest_has_true_tables(const Rules& rules, const State& s) {
  return for_all_stacks(rules, [&](Stack i) {
    const StackState& stack = s.stacks[i];
    if (stack.life != Life::up) return true;
    if (!owner(s, i)) return stack.dpt == 0 && stack.crt == decltype(stack.crt){};
    Stacks listeners = 0;
    for (Stack j = 1; j <= rules.stacks; ++j)
      if (s.stacks[j].life == Life::up && s.stacks[j].listening) add(listeners, j);
    if (stack.dpt != listeners) return false;
    for (unsigned c = 0; c < rules.connections; ++c) {
      const Stack target = stack.crt[c].target;
      const bool holds = target != nobody && s.stacks[target].endpoint[c].end != End::none;
      const bool held = some_stack(
          rules, [&](Stack j) { return s.stacks[j].life == Life::up && s.stacks[j].endpoint[c].end != End::none; });
      if (!s.clients[c].contested && (held ? !holds : target != nobody)) return false;
    }
    return true;
  });
}

bool served_through(const Rules& rules, const State& s, bool by_primary) {
  return some_stack(rules, [&](Stack i) {
    if (!owner(s, i) || (i == 1) != by_primary || s.stacks[i].waiting != 0) return false;
    for (unsigned c = 0; c < rules.connections; ++c) {
      const Client& client = s.clients[c];
      const Stack target = s.stacks[i].crt[c].target;
      if (client.end == ClientEnd::established && target == client.peer && target != i &&
          counter_of(s.stacks[i].owning) > 2)
        return true;
    }
    return false;
  });
}

std::vector<Property> safety() {
  return {
      Property::always("no live connection is reset (FLV-4, FLV-5, TKB-6)",
                       [](const State& s) { return never(s, Harm::reset); }),
      Property::always("a connection's packets reach its own stack or nobody (RTE-4, FLV-5)",
                       [](const State& s) { return never(s, Harm::stray); }),
      Property::always("no SYN is refused while a listener is known (RTE-5)",
                       [](const State& s) { return never(s, Harm::refusal); }),
      Property::always("a SYN goes only to a listener as the owner can know it (RTE-5)",
                       [](const State& s) { return never(s, Harm::to_non_listener); }),
      Property::always("no packet is forwarded more than twice (RTE-12)",
                       [](const State& s) { return never(s, Harm::loop); }),
      Property::always("only the best candidate claims (FLV-1)",
                       [](const State& s) { return never(s, Harm::wrong_successor); }),
  };
}

bool up(const State& s, Stack i) { return s.stacks[i].life == Life::up; }

bool routed(const Rules& rules, const State& s, unsigned c) {
  return some_stack(rules, [&](Stack i) {
    return up(s, i) && owner(s, i) && s.stacks[i].waiting == 0 && s.stacks[i].crt[c].target == s.clients[c].peer;
  });
}

// Every class that fairness_class names.
checker::Fairness all_classes(std::size_t count) {
  checker::Fairness fairness;
  for (unsigned k = 0; k < count; ++k) fairness.push_back(k);
  return fairness;
}

// Under weak fairness of delivery, of views and of the protocol's own steps.
std::vector<Property> liveness(const Rules& rules, const checker::Fairness& fairness) {
  const auto nobody_could = [&](const State& s) {
    return for_all_stacks(rules, [&](Stack i) {
      const StackState& stack = s.stacks[i];
      return !up(s, i) || has(stack.leaving, i) || (!has(stack.primaries, i) && rules.rank[i] == 0);
    });
  };
  std::vector<Property> all;
  all.push_back(Property::always_eventually(
      "with a candidate alive some stack owns in the end (FLV-1, FLV-7)",
      [&, nobody_could](const State& s) {
        return nobody_could(s) ||
               some_stack(rules, [&](Stack i) { return up(s, i) && owner(s, i) && s.stacks[i].waiting == 0; });
      },
      fairness));
  all.push_back(Property::leads_to(
      "a recovered primary owns again (TKB-1)",
      [](const State& s) { return up(s, 1) && s.stacks[1].ready && !has(s.stacks[1].leaving, 1); },
      [](const State& s) { return !up(s, 1) || owner(s, 1) || has(s.stacks[1].leaving, 1); }, fairness));
  all.push_back(Property::leads_to(
      "a surviving connection is routed again (FLV-3, FLV-4)",
      [](const State& s) { return s.clients[0].end == ClientEnd::established; },
      [&, nobody_could](const State& s) {
        const Client& client = s.clients[0];
        return client.end != ClientEnd::established || s.stacks[client.peer].endpoint[0].end == End::none ||
               nobody_could(s) || routed(rules, s, 0);
      },
      fairness));
  return all;
}

}  // namespace

std::vector<TakeoverModel::Property> TakeoverModel::properties() const {
  std::vector<Property> all = safety();
  const auto& rules = rules_;
  all.push_back(
      Property::always("one advertiser in a view (RTE-2)", [&](const State& s) { return one_advertiser(rules, s); }));
  all.push_back(Property::always("at rest there is one owner and everybody knows it (FLV-1, FLV-11, TKB-1)",
                                 [this](const State& s) { return !at_rest(s) || rest_has_owner(rules_, s); }));
  all.push_back(Property::always("at rest the tables are true (RTE-1, RTE-6, RTE-11, TKB-3)",
                                 [this](const State& s) { return !at_rest(s) || rest_has_true_tables(rules_, s); }));
  if (rules.deviations.any()) return all;
  if (has(rules.failing, rules.owner) || rules.far != 0)
    all.push_back(Property::sometimes("a backup owns after all reports", [&](const State& s) {
      return some_stack(rules, [&](Stack i) { return i != 1 && owner(s, i) && s.stacks[i].waiting == 0; });
    }));
  all.push_back(Property::sometimes("the cluster comes to rest with a connection", [this](const State& s) {
    return at_rest(s) && s.clients[0].end == ClientEnd::established;
  }));
  if (rules.liveness)
    for (auto& each : liveness(rules, all_classes(fairness_names().size()))) all.push_back(std::move(each));
  if (rules.owner != 1) {
    all.push_back(Property::sometimes("the primary owns again and routes an old connection",
                                      [&](const State& s) { return served_through(rules, s, true); }));
  }
  return all;
}

}  // namespace dvipa::model
