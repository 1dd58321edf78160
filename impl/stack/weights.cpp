// What weighs where new connections go: what targets report that they can do, what an operator or a policy agent
// orders, and where a client was before (RTE-8).
#include <algorithm>

#include "impl/stack/stack.hpp"

namespace dvipa {
namespace {

constexpr std::uint16_t weight_of_unknown = 100;  // of a target that has not said what it can do: an idle processor
constexpr std::uint32_t weight_max = 65535;

}  // namespace

// Of distribution by reported weights: what the target reports, times what was configured or ordered, in percent.
std::uint16_t Stack::weight_in_use(const Dvipa& dvipa, StackId target) const {
  const Distribution* distribution = distribution_of(dvipa);
  if (distribution == nullptr) return 1;
  const bool reported = distribution->method == DistMethod::base_wlm;
  std::uint16_t weight = reported ? 100 : 1;
  const Address& xcf = settings_.xcf_addresses[target.value - 1U];
  const auto configured = std::ranges::find(distribution->weights, xcf, &TargetWeight::xcf_address);
  if (configured != distribution->weights.end()) weight = configured->weight;
  if (const auto ordered = dvipa.ordered_weights.find(target); ordered != dvipa.ordered_weights.end())
    weight = ordered->second;
  if (!reported || weight == 0) return weight;
  return static_cast<std::uint16_t>(std::clamp(capacity_of(target) * std::uint32_t{weight} / 100U, 1U, weight_max));
}

std::uint32_t Stack::capacity_of(StackId target) const {
  std::uint16_t said = capacity_;
  if (target != settings_.self) {
    const auto member = members_.find(target);
    said = member == members_.end() ? std::uint16_t{0} : member->second.capacity;
  }
  return said == 0 || has(Mutant::ignore_capacity) ? weight_of_unknown : said;
}

void Stack::weigh(Dvipa& dvipa) {
  for (unsigned n = 1; n <= settings_.xcf_addresses.size(); ++n) {
    const StackId target{static_cast<std::uint8_t>(n)};
    dvipa.listeners.set_weight(target, weight_in_use(dvipa, target));
  }
}

// The bus loses nothing and keeps the order, so only what is new is said.
void Stack::take(const input::CapacityMeasured& measured) {
  if (measured.weight == capacity_) return;
  capacity_ = measured.weight;
  for (const auto& [stack, member] : members_) emit(effect::Send{stack, Capacity{capacity_}});
  for (auto& [address, dvipa] : dvipas_)
    dvipa.listeners.set_weight(settings_.self, weight_in_use(dvipa, settings_.self));
}

void Stack::hear(StackId from, const Capacity& capacity) {
  members_.at(from).capacity = capacity.weight;
  for (auto& [address, dvipa] : dvipas_) dvipa.listeners.set_weight(from, weight_in_use(dvipa, from));
}

// The policy agent's part. It goes with the list to those who keep the distribution for the day of failure (LST-3).
void Stack::take(const input::WeightOrdered& ordered) {
  Dvipa& dvipa = obtain(ordered.dvipa);
  if (ordered.weight) {
    dvipa.ordered_weights[ordered.target] = *ordered.weight;
  } else {
    dvipa.ordered_weights.erase(ordered.target);
  }
  weigh(dvipa);
  if (dvipa.owner.owns()) send_list_to_all();
}

// The distribution that this stack uses as owner, as its list tells it.
std::optional<Distribution> Stack::published(const Dvipa& dvipa) const {
  const Distribution* used = distribution_of(dvipa);
  if (used == nullptr) return std::nullopt;
  Distribution distribution = *used;
  for (const auto& [target, weight] : dvipa.ordered_weights) {
    const Address& xcf = settings_.xcf_addresses[target.value - 1U];
    const auto at = std::ranges::find(distribution.weights, xcf, &TargetWeight::xcf_address);
    if (at != distribution.weights.end()) {
      at->weight = weight;
    } else {
      distribution.weights.push_back({xcf, weight});
    }
  }
  std::ranges::sort(distribution.weights, {}, &TargetWeight::xcf_address);
  return distribution;
}

// --- timed affinity ------------------------------------------------------------------------------------------------

// In ticks of ageing, 0 when there is none. An affinity is refreshed once a round while there is a connection, so it
// lasts a round longer.
std::uint32_t Stack::affinity_ticks(const Dvipa& dvipa) const {
  const bool routes = dvipa.owner.owns() || dvipa.owner.state() == roles::OwnerState::taking_back;
  const Distribution* used = routes ? distribution_of(dvipa) : dvipa.announced ? &*dvipa.announced : nullptr;
  if (used == nullptr || used->affinity_s == 0) return 0;
  return used->affinity_s * 1000U / settings_.ageing_ms + ageing_slices;
}

// Where the client was before, if somebody listens there.
StackId Stack::select(Dvipa& dvipa, const Distribution& distribution, const Remote& remote) {
  StackId target;
  if (distribution.affinity_s != 0 && !has(Mutant::forget_affinity)) target = dvipa.affinities.find(remote);
  if (!target || !dvipa.listeners.contains(remote.dvipa_port, target))
    target = dvipa.listeners.select(remote.dvipa_port, distribution.method, dvipa.routes);
  if (target && distribution.affinity_s != 0) dvipa.affinities.note(remote, target, ageing_tick_);
  return target;
}

void Stack::expire_affinities(Dvipa& dvipa) {
  if (const std::uint32_t ticks = affinity_ticks(dvipa)) {
    dvipa.affinities.expire_slice(ageing_slices, ageing_tick_, ticks);
  } else {
    dvipa.affinities.clear();
  }
}

// An owner tells its successor of all affinities, a target a new owner of its own: their time begins anew there.
void Stack::report_affinities(const Address& address, const Dvipa& dvipa, StackId to, Epoch epoch) {
  if (affinity_ticks(dvipa) == 0 || to == settings_.self || !to) return;
  for (auto& [target, clients] : dvipa.affinities.by_target())
    if (dvipa.owner.owns() || target == settings_.self)
      emit(effect::Send{to, Affinity{address, epoch, target, std::move(clients)}});
}

void Stack::hear(StackId /*from*/, const Affinity& affinity) {
  Dvipa* dvipa = reported_dvipa(affinity.dvipa, affinity.epoch);
  if (dvipa == nullptr || affinity_ticks(*dvipa) == 0) return;
  for (const Remote& remote : affinity.remotes)
    if (!dvipa->affinities.find(remote)) dvipa->affinities.note(remote, affinity.target, ageing_tick_);
}

}  // namespace dvipa
