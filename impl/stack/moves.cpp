// DVIPAs that go from stack to stack: what a profile, an application's bind or an operator gives a stack, and what
// another's claim takes from it (CFG-5, CFG-7, MOV).
#include "impl/stack/stack.hpp"

namespace dvipa {

using Answer = effect::ActivationAnswered::Answer;

std::string_view name_of(Answer answer) {
  static constexpr std::string_view names[] = {"active", "moving", "not_configured", "disruptive"};
  return names[static_cast<unsigned>(answer)];
}

// CFG-7. A definition that is not changed does not take back what has moved to another stack since, and one that was
// made from a VIPARANGE is not the profile's to take.
void Stack::define(const Address& address, Dvipa& dvipa, const DvipaDefinition* definition) {
  if (definition == nullptr && (dvipa.by_bind || has(Mutant::keep_definition))) return;
  if (definition != nullptr && dvipa.displaced == *definition) return;
  if (definition != nullptr && dvipa.own == *definition && !dvipa.by_bind) return;
  dvipa.by_bind = false;
  dvipa.displaced.reset();
  if (definition == nullptr && dvipa.own && dvipa.own->distribution) {
    dvipa.kept = dvipa.own->distribution;
    dvipa.kept_epoch = dvipa.owner.facts.newest;
  }
  dvipa.own = definition == nullptr ? std::nullopt : std::optional(*definition);
  dvipa.owner.facts.part = dvipa.own ? dvipa.own->part : Part::none;
  if (dvipa.own) {
    // LST-3, MOV-5: the distribution goes with the DVIPA, unless this stack has one of its own.
    if (const ListEntry* elsewhere = owner_entry(address, dvipa);
        elsewhere != nullptr && !has(Mutant::leave_distribution)) {
      dvipa.kept = elsewhere->definition.distribution;
      dvipa.kept_epoch = elsewhere->epoch;
    }
    owner_event(address, dvipa, roles::PartGiven{});
  } else {
    take_part(address, dvipa);
  }
  const bool claims = dvipa.owner.state() == roles::OwnerState::taking_back && !has(Mutant::redefine_as_owner_only);
  if (dvipa.owner.owns() || claims) redistribute(address, dvipa);
}

// MOV-7: an owner goes on without a part, as it is, until its successor has taken over, which its list makes it do; if
// there is none the DVIPA ends here.
void Stack::take_part(const Address& address, Dvipa& dvipa) {
  owner_event(address, dvipa, roles::PartTaken{});
  const bool claims = dvipa.owner.state() == roles::OwnerState::taking_back;
  if (claims || (dvipa.owner.owns() && !successor(address))) leave(address, dvipa);
}

// CFG-7: what the distribution no longer covers goes, this stack's own listeners are looked at anew; others report on
// the list that follows. Connections keep their entries (RTE-6).
void Stack::redistribute(const Address& address, Dvipa& dvipa) {
  if (has(Mutant::keep_distribution)) return;
  const Distribution* distribution = distribution_of(dvipa);
  std::vector<std::pair<Port, StackId>> uncovered;
  dvipa.listeners.for_each([&](Port port, const tables::ActualTarget& target) {
    const Address& xcf = settings_.xcf_addresses[target.stack.value - 1U];
    if (distribution == nullptr || !distribution->ports.contains(port) || !distribution->targets.contains(xcf))
      uncovered.emplace_back(port, target.stack);
  });
  weigh(dvipa);  // RTE-8
  for (const auto& [port, target] : uncovered) set_listener(address, dvipa, target, port, false);
  report_to(address, dvipa, settings_.self, dvipa.owner.facts.mine, used_distribution(dvipa),
            dvipa.owner.state() == roles::OwnerState::taking_back);
}

// The longest match wins (CFG-5); null when there is none.
const RangeDefinition* Stack::range_of(const Address& address) const {
  const RangeDefinition* longest = nullptr;
  for (const RangeDefinition& range : ranges_)
    if (same_subnet(address, range.network, range.prefix_bits) &&
        (longest == nullptr || (range.prefix_bits > longest->prefix_bits && !has(Mutant::first_range_wins))))
      longest = &range;
  return longest;
}

// What the owner, another stack, says of it; null when nobody else owns it.
const ListEntry* Stack::owner_entry(const Address& address, const Dvipa& dvipa) const {
  const auto member = members_.find(dvipa.owner.facts.owner);
  if (member == members_.end()) return nullptr;
  const auto at = member->second.owning.find(address);
  return at == member->second.owning.end() ? nullptr : &at->second;
}

// MOV-1, MOV-2, MOV-6: the stack becomes its primary, which takes it from the present owner as it does after a failure.
void Stack::take(const input::ActivationAsked& asked) {
  const RangeDefinition* range = range_of(asked.dvipa);
  const auto known = dvipas_.find(asked.dvipa);
  const bool defined = known != dvipas_.end() && known->second.own && known->second.own->part == Part::primary;
  const bool displaced = known != dvipas_.end() && known->second.displaced;
  if (!defined && !displaced && range == nullptr) {
    const Answer refused = has(Mutant::activate_uncovered) ? Answer::active : Answer::not_configured;
    return emit(effect::ActivationAnswered{asked.dvipa, refused});
  }
  Dvipa& dvipa = obtain(asked.dvipa);
  const ListEntry* elsewhere = owner_entry(asked.dvipa, dvipa);
  if (elsewhere != nullptr && elsewhere->definition.moveable == Moveable::disruptive && !asked.by_operator &&
      !has(Mutant::move_disruptive)) {
    emit(effect::ActivationAnswered{asked.dvipa, Answer::disruptive});
    return;
  }
  if (!defined) {
    DvipaDefinition made;
    if (displaced) {
      made = *dvipa.displaced;
      dvipa.displaced.reset();
    } else {
      made.dvipa = asked.dvipa;
      made.prefix_bits = range->prefix_bits;
      made.part = Part::primary;
      made.moveable = range->moveable;
      made.cluster_ports = range->cluster_ports;
    }
    define(asked.dvipa, dvipa, &made);
    dvipa.by_bind = !displaced;
  }
  emit(effect::ActivationAnswered{asked.dvipa, elsewhere == nullptr ? Answer::active : Answer::moving});
  if (has(Mutant::activate_later)) return;
  if (joined_) send_list_to_all();
  evaluate_all();
}

// MOV-6: an operator has moved what nobody else may.
void Stack::break_disrupted(const Address& address, Dvipa& dvipa) {
  if (dvipa.owner.facts.part != Part::primary || !is_move(address, dvipa.owner.facts.owner)) return;
  const bool disruptive = dvipa.own->moveable == Moveable::disruptive && !has(Mutant::spare_disrupted);
  if (disruptive || has(Mutant::break_any)) emit(effect::BreakConnections{address});
}

// MOV-2..4: the primary is the newest that says so. This stack serves what connections it has to their end, however far
// the DVIPA moves on; without any its role as a target ends here. What the profile defined may come back as a backup.
void Stack::give_up_primary(const Address& address, Dvipa& dvipa) {
  if (dvipa.owner.facts.part != Part::primary || has(Mutant::primary_for_ever)) return;
  if (!is_move(address, dvipa.owner.facts.owner)) return;
  if (dvipa.by_bind) {
    dvipa.by_bind = false;
    dvipa.own.reset();
    dvipa.owner.facts.part = Part::none;
    owner_event(address, dvipa, roles::PartTaken{});
    return;
  }
  dvipa.displaced = dvipa.own;
  dvipa.own->part = dvipa.owner.facts.part = Part::backup;
  dvipa.own->rank = rank_max;
}

// Who claims it does so as its primary, not as a backup of one that leaves.
bool Stack::is_move(const Address& address, StackId claimant) const {
  const auto member = members_.find(claimant);
  if (member == members_.end()) return false;
  const auto part = member->second.parts.find(address);
  return part != member->second.parts.end() && part->second.part == Part::primary;
}

// MOV-6
bool Stack::moves_when_idle(const Address& address, const Dvipa& dvipa) const {
  return dvipa.own && dvipa.own->part == Part::primary && dvipa.own->moveable == Moveable::when_idle &&
         is_move(address, dvipa.owner.facts.claimant) && !dvipa.routes.empty() && !has(Mutant::move_at_once);
}

// TKB-2: nor does an owner let go that still waits for reports: it may have claimed anew just now, and does not know
// whether the SYNs that it had given to targets before have arrived. What the claimant holds that knows itself.
bool Stack::must_go_on(const Address& address, const Dvipa& dvipa) const {
  auto awaiting = dvipa.awaiting;
  awaiting.reset(dvipa.owner.facts.claimant.value);
  return (awaiting.any() && !has(Mutant::let_go_unreported)) || moves_when_idle(address, dvipa);
}

void Stack::let_go_if_free(const Address& address, Dvipa& dvipa) {
  const Epoch claim = *dvipa.asked_to_let_go;
  const bool stands = dvipa.owner.facts.claimant && dvipa.owner.facts.claim == claim;
  if (stands && must_go_on(address, dvipa)) return;
  dvipa.asked_to_let_go.reset();
  if (stands) owner_event(address, dvipa, roles::TakeOverAsked{claim});
}

}  // namespace dvipa
