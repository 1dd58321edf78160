// What must hold of the abstract cluster: safety, at rest, and a witness beside each so that nothing holds vacuously.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

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

// MOV-6: at rest, too, a claimant waits for the present owner to be idle.
bool waits_for_idle(const State& s, Stack i) {
  const Stack present = owner_of(s.stacks[i].owning);
  return s.stacks[i].claiming != 0 && s.stacks[present].asked && s.stacks[present].claiming == s.stacks[i].claiming;
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
    return stack.life != Life::up || (owner_of(stack.owning) == only_owner &&
                                      (stack.claiming == 0 || waits_for_idle(s, i)) && stack.waiting == 0);
  });
}

// At rest: the DPT is the real listeners (RTE-1), the CRT the live connections; every other stack's are empty (TKB-3).
bool rest_has_true_tables(const Rules& rules, const State& s) {
  return for_all_stacks(rules, [&](Stack i) {
    const StackState& stack = s.stacks[i];
    if (stack.life != Life::up) return true;
    if (owner_of(stack.claiming) == i && waits_for_idle(s, i)) return true;
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

bool up(const State& s, Stack i) { return s.stacks[i].life == Life::up; }
bool router(const State& s, Stack i) { return up(s, i) && owner(s, i); }

bool routed(const Rules& rules, const State& s, unsigned c) {
  return some_stack(rules, [&](Stack i) {
    return router(s, i) && s.stacks[i].waiting == 0 && s.stacks[i].crt[c].target == s.clients[c].peer;
  });
}

// The premises of the properties: what their witnesses look for. ------------------------------------------------------

template <class Holds>
bool some_connection(const Rules& rules, Holds&& holds) {
  for (unsigned c = 0; c < rules.connections; ++c)
    if (holds(c)) return true;
  return false;
}

bool established(const Rules& rules, const State& s) {
  return some_connection(rules, [&](unsigned c) { return s.clients[c].end == ClientEnd::established; });
}

bool holds_packets_of(const Rules& rules, const State& s, ClientEnd end) {
  return some_stack(rules, [&](Stack i) {
    return router(s, i) && s.stacks[i].waiting != 0 && some_connection(rules, [&](unsigned c) {
             return s.clients[c].end == end && s.stacks[i].crt[c].target == nobody;
           });
  });
}

bool forwards_to_another(const Rules& rules, const State& s) {
  return some_stack(rules, [&](Stack i) {
    return router(s, i) && some_connection(rules, [&](unsigned c) {
             const Stack target = s.stacks[i].crt[c].target;
             return s.clients[c].end == ClientEnd::established && target == s.clients[c].peer && target != i;
           });
  });
}

// A neighbour's packets arrive at i, which relays them to j, which forwards them.
bool relays(const Rules& rules, const State& s) {
  return some_stack(rules, [&](Stack i) {
    const Stack j = owner_of(s.stacks[i].owning != 0 ? s.stacks[i].owning : s.stacks[i].claiming);
    if (!up(s, i) || !has(s.reach, i) || j == i || j == nobody || !router(s, j)) return false;
    return some_connection(rules, [&](unsigned c) {
      const Stack target = s.stacks[j].crt[c].target;
      return target != nobody && target != j;
    });
  });
}

bool is_vacant(const Rules& rules, const State& s) {
  return for_all_stacks(rules, [&](Stack i) { return !router(s, i); });
}

bool nobody_could_own(const Rules& rules, const State& s) {
  return for_all_stacks(rules, [&](Stack i) {
    const StackState& stack = s.stacks[i];
    return !up(s, i) || has(stack.leaving, i) || (!has(stack.primaries, i) && rules.rank[i] == 0);
  });
}

bool primary_does_not_own(const State& s) {
  const StackState& stack = s.stacks[1];
  return up(s, 1) && stack.ready && has(stack.primaries, 1) && !has(stack.leaving, 1) && !owner(s, 1);
}

unsigned candidates(const Rules& rules) {
  unsigned count = 1;
  for (Stack i = 2; i <= rules.stacks; ++i) count += rules.rank[i] != 0 ? 1 : 0;
  return count;
}

// Ownership can pass to another stack: while the present owner lives; because it fails; and the former owner is seen
// again.
bool hands_over(const Rules& rules) { return rules.owner != 1 || rules.budget.moves + rules.budget.departures != 0; }
bool fails(const Rules& rules) {
  return has(rules.failing, rules.owner) && rules.budget.crashes + rules.budget.pauses != 0;
}
bool comes_back(const Rules& rules) {
  return hands_over(rules) || (fails(rules) && rules.budget.pauses + rules.budget.restarts != 0) || rules.far != 0;
}

bool has_clients(const Rules& rules) { return rules.instances != 0; }

// A property, and beside it a witness that it does not hold for lack of cases, in configurations that have such cases.
class Promises {
 public:
  explicit Promises(const Rules& rules) : rules_(rules) {}
  void add(Property property, bool has_cases, std::string_view what, Property::OfState witness) {
    if (has_cases && rules_.deviations.none())
      witnesses_.push_back(Property::sometimes(fmt::format("{}: {}", what, property.name), std::move(witness)));
    all_.push_back(std::move(property));
  }
  std::vector<Property> take() {
    for (Property& each : witnesses_) all_.push_back(std::move(each));
    return std::move(all_);
  }

 private:
  const Rules& rules_;
  std::vector<Property> all_;
  std::vector<Property> witnesses_;
};

void add_packets(const Rules& rules, Promises& promises) {
  const auto free_of = [](Harm what) { return [what](const State& s) { return never(s, what); }; };
  const bool rebuilds = has_clients(rules) && (fails(rules) || rules.far != 0);
  promises.add(Property::always("no live connection is reset (FLV-4, FLV-5, TKB-6)", free_of(Harm::reset)), rebuilds,
               "an owner without all reports knows no target for a connection",
               [&](const State& s) { return holds_packets_of(rules, s, ClientEnd::established); });
  promises.add(
      Property::always("a connection's packets reach its own stack or nobody (RTE-4, FLV-5)", free_of(Harm::stray)),
      has_clients(rules), "an owner forwards", [&](const State& s) { return forwards_to_another(rules, s); });
  promises.add(Property::always("no SYN is refused while a listener is known (RTE-5)", free_of(Harm::refusal)),
               rebuilds, "an owner without all reports has a new client",
               [&](const State& s) { return holds_packets_of(rules, s, ClientEnd::syn_sent); });
  promises.add(Property::always("a SYN goes only to a listener as the owner can know it (RTE-5)",
                                free_of(Harm::to_non_listener)),
               has_clients(rules) && rules.budget.listener_changes != 0,
               "a stack does not listen any more, and a SYN is on its way to it", [](const State& s) {
                 const auto end = s.frames.frames.begin() + s.frames.size;
                 return std::any_of(s.frames.frames.begin(), end,
                                    [&](const Frame& each) { return !s.stacks[each.to].listening; });
               });
  promises.add(Property::always("no packet is forwarded more than twice (RTE-12)", free_of(Harm::loop)),
               has_clients(rules) && hands_over(rules), "a packet is forwarded twice",
               [&](const State& s) { return relays(rules, s); });
}

void add_ownership(const TakeoverModel& model, const Rules& rules, Promises& promises) {
  promises.add(Property::always("only the best candidate claims (FLV-1)",
                                [](const State& s) { return never(s, Harm::wrong_successor); }),
               candidates(rules) > 2 && fails(rules), "two could claim", [&](const State& s) {
                 return is_vacant(rules, s) && for_all_stacks(rules, [&](Stack i) {
                          return rules.rank[i] == 0 || i == 1 || (up(s, i) && s.stacks[i].owning == 0);
                        });
               });
  promises.add(
      Property::always("one advertiser in a view (RTE-2)", [&](const State& s) { return one_advertiser(rules, s); }),
      comes_back(rules), "another owns than at the start, which lives again or still", [&](const State& s) {
        return up(s, rules.owner) && some_stack(rules, [&](Stack i) { return i != rules.owner && router(s, i); });
      });
  promises.add(Property::always("at rest there is one owner and everybody knows it (FLV-1, FLV-11, TKB-1)",
                                [&](const State& s) { return !model.at_rest(s) || rest_has_owner(rules, s); }),
               comes_back(rules) || fails(rules), "it rests under another epoch than at the start",
               [&](const State& s) {
                 return model.at_rest(s) && some_stack(rules, [&](Stack i) {
                          return router(s, i) && counter_of(s.stacks[i].owning) > (rules.owner == 1 ? 1U : 2U);
                        });
               });
  promises.add(Property::always("at rest the tables are true (RTE-1, RTE-6, RTE-11, TKB-3)",
                                [&](const State& s) { return !model.at_rest(s) || rest_has_true_tables(rules, s); }),
               has_clients(rules), "it rests with a connection",
               [&](const State& s) { return model.at_rest(s) && established(rules, s); });
}

// MOV-4: S3 forwards a connection to each of the two that had the DVIPA before.
bool carries_both(const State& s) {
  const auto at = [&](unsigned c, Stack i) {
    return s.clients[c].end == ClientEnd::established && s.clients[c].peer == i && s.stacks[3].crt[c].target == i;
  };
  return router(s, 3) && s.stacks[3].waiting == 0 && ((at(0, 1) && at(1, 2)) || (at(0, 2) && at(1, 1)));
}

void add_moves(const Rules& rules, Promises& promises) {
  if (rules.budget.moves > 1 && rules.connections > 1)
    promises.add(Property::always("the connections of all former owners go on (MOV-2, MOV-4)",
                                  [](const State& s) { return never(s, Harm::reset) && never(s, Harm::stray); }),
                 true, "the third owner routes connections of the first and of the second", carries_both);
  if (rules.moveable == Moveable::when_idle)
    promises.add(Property::always("with WHENIDLE an owner that routes a connection keeps the DVIPA (MOV-6)",
                                  [](const State& s) { return never(s, Harm::moved_in_use); }),
                 true, "an owner is asked to let go, and goes on",
                 [&](const State& s) { return some_stack(rules, [&](Stack i) { return s.stacks[i].asked; }); });
  if (rules.moveable == Moveable::disruptive)
    promises.add(Property::always("with DISRUPTIVE no bind takes the DVIPA from the stack that has it (MOV-6)",
                                  [](const State& s) { return never(s, Harm::disrupted); }),
                 true, "it is started elsewhere after its stack has failed (MOV-1)", [&](const State& s) {
                   return some_stack(rules, [&](Stack i) { return i != rules.owner && router(s, i); });
                 });
}

// Under weak fairness of delivery, of views and of the protocol's own steps.
void add_liveness(const TakeoverModel& model, const Rules& rules, Promises& promises) {
  checker::Fairness fairness;  // every class that fairness_class names
  for (unsigned k = 0; k < model.fairness_names().size(); ++k) fairness.push_back(k);
  promises.add(Property::always_eventually(
                   "with a candidate alive some stack owns in the end (FLV-1, FLV-7)",
                   [&](const State& s) {
                     return nobody_could_own(rules, s) ||
                            some_stack(rules, [&](Stack i) { return router(s, i) && s.stacks[i].waiting == 0; });
                   },
                   fairness),
               fails(rules), "nobody owns, and somebody could",
               [&](const State& s) { return is_vacant(rules, s) && !nobody_could_own(rules, s); });
  promises.add(Property::leads_to(
                   "a recovered primary owns again (TKB-1)", primary_does_not_own,
                   [](const State& s) { return !primary_does_not_own(s); }, fairness),
               rules.owner != 1 || rules.budget.departures != 0, "the primary is back and does not own",
               primary_does_not_own);
  const auto lives_unrouted = [&](const State& s) {
    return !nobody_could_own(rules, s) && some_connection(rules, [&](unsigned c) {
      const Client& client = s.clients[c];
      return client.end == ClientEnd::established && s.stacks[client.peer].endpoint[c].end != End::none &&
             !routed(rules, s, c);
    });
  };
  promises.add(Property::leads_to(
                   "a surviving connection is routed again (FLV-3, FLV-4)", lives_unrouted,
                   [=](const State& s) { return !lives_unrouted(s); }, fairness),
               has_clients(rules), "a connection lives and is not routed", lives_unrouted);
}

}  // namespace

std::vector<TakeoverModel::Property> TakeoverModel::properties() const {
  Promises promises(rules_);
  add_packets(rules_, promises);
  add_ownership(*this, rules_, promises);
  add_moves(rules_, promises);
  if (rules_.liveness && rules_.deviations.none()) add_liveness(*this, rules_, promises);
  return promises.take();
}

}  // namespace dvipa::model
