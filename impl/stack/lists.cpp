// The VIPA list: what it says, who gets it, and what is stored of it for the day of failure (LST).
#include "impl/stack/stack.hpp"

namespace dvipa {

using roles::OwnerState;

// LST-1; a stack without a part tells the newest epoch that it knows, for members that have lost their memory (FLV-10).
VipaList Stack::complete_list() const {
  VipaList list;
  for (const auto& [address, dvipa] : dvipas_) {
    ListEntry entry;
    if (dvipa.own) entry.definition = *dvipa.own;
    entry.definition.dvipa = address;
    entry.epoch = dvipa.owner.facts.newest;
    if (dvipa.owner.owns() || dvipa.owner.state() == OwnerState::taking_back) {
      entry.claim = dvipa.owner.owns() ? Claim::owning : Claim::claiming;
      entry.epoch = dvipa.owner.facts.mine;
      if (auto distribution = published(dvipa)) entry.definition.distribution = std::move(distribution);
    }
    const ListEntry* owner = owner_entry(address, dvipa);
    const bool is_wanted = !dvipa.owner.facts.owner || (owner != nullptr && is_at_a_loss(dvipa, *owner));
    if (entry.claim == Claim::none && is_wanted) entry.stored = stored_of(dvipa);
    if (dvipa.own || entry.epoch || entry.claim != Claim::none) list.entries.push_back(std::move(entry));
  }
  return list;
}

void Stack::send_list(StackId to) { emit(effect::Send{to, list_for(to, complete_list())}); }

void Stack::send_list_to_all() {
  if (members_.empty()) return;
  const VipaList list = complete_list();
  for (const auto& [stack, member] : members_) emit(effect::Send{stack, list_for(stack, list)});
}

// LST-7: a member that a DVIPA does not concern hears who owns it, as it may hold connections, and what part the sender
// has in it; the distribution is not for it.
VipaList Stack::list_for(StackId to, const VipaList& complete) const {
  if (!settings_.lists_to_concerned || has(Mutant::tell_everybody)) return complete;
  VipaList list = complete;
  for (ListEntry& entry : list.entries) {
    if (concerns(to, entry)) continue;
    entry.definition.distribution.reset();
    entry.stored.reset();
  }
  return list;
}

// As a candidate target, or because it has a part in it.
bool Stack::concerns(StackId member, const ListEntry& entry) const {
  const Address& xcf = settings_.xcf_addresses[member.value - 1U];
  if (entry.definition.distribution && entry.definition.distribution->targets.contains(xcf)) return true;
  if (entry.stored && entry.stored->distribution.targets.contains(xcf)) return true;
  const auto known = members_.find(member);
  if (known == members_.end()) return false;
  const auto part = known->second.parts.find(entry.definition.dvipa);
  return part != known->second.parts.end() && part->second.part != Part::none;
}

// LST-3: what this stack has heard of the last owner's distribution, as a candidate target or as a backup. While nobody
// owns the DVIPA, whoever joins is told of it; so is an owner at a loss.
std::optional<StoredDistribution> Stack::stored_of(const Dvipa& dvipa) const {
  if (has(Mutant::keep_stored_list)) return std::nullopt;
  const bool newer_as_target = dvipa.announced && (!dvipa.kept || dvipa.report_epoch > dvipa.kept_epoch);
  if (newer_as_target) return StoredDistribution{dvipa.report_epoch, *dvipa.announced};
  if (dvipa.kept) return StoredDistribution{dvipa.kept_epoch, *dvipa.kept};
  return std::nullopt;
}

// LST-3: the owner is a backup that has not heard how the DVIPA is distributed, and this stack has. Who takes it over
// from that owner has heard of it, or has a distribution of its own.
bool Stack::is_at_a_loss(const Dvipa& dvipa, const ListEntry& owner) const {
  if (dvipa.owner.facts.claimant) return false;
  return owner.definition.part == Part::backup && !owner.definition.distribution && stored_of(dvipa);
}

// A backup that owns the DVIPA already, or claims it, and did not know how to distribute it, does so from now on; what
// it has announced is not changed behind its members' backs, and targets that report to a claimant do not hear it.
void Stack::keep_stored(const Address& address, Dvipa& dvipa, const StoredDistribution& stored) {
  if (!dvipa.own || dvipa.own->part != Part::backup || stored.epoch <= dvipa.kept_epoch) return;
  const bool in_use = dvipa.owner.owns() || dvipa.owner.state() == OwnerState::taking_back;
  if (in_use && (distribution_of(dvipa) != nullptr || dvipa.owner.facts.claimant)) return;
  dvipa.kept = stored.distribution;
  dvipa.kept_epoch = stored.epoch;
  if (!in_use) return;
  redistribute(address, dvipa);
  send_list_to_all();
}

}  // namespace dvipa
