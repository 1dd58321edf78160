// The packet path: segment -> verdict (RTE-3, F Fig 7).
#include <bit>

#include "impl/stack/stack.hpp"

namespace dvipa {

using roles::OwnerState;
using Kind = Verdict::Kind;

Verdict Stack::route(const Segment& segment) {
  Dvipa* dvipa = index_.find(segment.connection.dvipa, dvipas_);
  if (dvipa == nullptr) return {};
  if (!dvipa->owner.owns()) return route_elsewhere(*dvipa, segment);
  if (segment.kind != Segment::Kind::tcp) return {Kind::conventional, {}, false};

  tables::Route* route = dvipa->routes.find(segment.connection.remote);
  if (route != nullptr && route->ended != 0 && segment.syn &&
      !is_undecided(*dvipa, segment.connection.remote, *route) && !is_actual_target(*dvipa, segment, route->target)) {
    // Nobody says whether a former owner listens: dropped while a SYN that is under way may open it there (RTE-6).
    if (is_of_former_owner(*dvipa, *route) && !has(Mutant::open_beside_former_owner)) return {};
    dvipa->routes.erase(segment.connection.remote);  // no frame that is under way opens anything there (RTE-5)
    route = nullptr;
  }
  if (route != nullptr && !(segment.syn && has(Mutant::distribute_before_entry))) {
    const bool sent_to_us = segment.forwarded_by && !segment.relayed;  // RTE-12: a target's frame goes no further
    if (sent_to_us && route->target != settings_.self) return {};
    // FLV-5. What has ended there may have come to another since, of which no report has told yet.
    const bool has_ended = route->ended != 0 && dvipa->awaiting.any() && !has(Mutant::trust_the_ended);
    if (has_ended || is_undecided(*dvipa, segment.connection.remote, *route)) return {Kind::hold, {}, false};
    if (dvipa->silence_until > ageing_tick_ && is_stranger(*route)) return {};  // FLV-11, RTE-12
    if (segment.syn) {
      touch(*route);
      route->confirmed = !has(Mutant::yield_after_syn);  // it may open the connection there (RTE-6)
      route->ended = 0;
    }
    if (route->in_question != 0) route->in_question = 0;
    if (route->used_at != ageing_round_) route->used_at = ageing_round_ % ageing_round_modulus;
    return {route->target == settings_.self ? Kind::to_local : Kind::to_target, route->target,
            segment.syn && dvipa->owner.state() == OwnerState::handing_over};  // TKB-5
  }
  if (segment.forwarded_by && !segment.relayed) return {};
  if (dvipa->awaiting.any() && !has(Mutant::refuse_while_rebuilding)) return {Kind::hold, {}, false};   // FLV-5
  if (dvipa->rival) return segment.relayed ? Verdict{} : Verdict{Kind::to_owner, dvipa->rival, false};  // FLV-11
  if (segment.syn) return route_new(*dvipa, segment);
  if (dvipa->silence_until > ageing_tick_) return {};
  return {Kind::conventional, {}, false};
}

bool Stack::is_actual_target(const Dvipa& dvipa, const Segment& segment, StackId target) const {
  if (has(Mutant::syn_to_ended_target)) return true;
  const Port port = segment.connection.remote.dvipa_port;
  if (distribution_of(dvipa) != nullptr) return dvipa.listeners.contains(port, target);
  return target == settings_.self && listens_here(segment.connection.dvipa, port);
}

// MOV-2: without a distribution a connection goes elsewhere only because that stack owned the DVIPA when it came.
bool Stack::is_of_former_owner(const Dvipa& dvipa, const tables::Route& route) const {
  return distribution_of(dvipa) == nullptr && route.target != settings_.self;
}

// It would take the frame for one of the network, and send it on.
bool Stack::is_stranger(const tables::Route& route) const {
  return (route.foretold != 0 || !in_view(route.target)) && !has(Mutant::send_to_strangers);
}

// RTE-4, RTE-5. What an application here takes, for want of a distribution or of a target, has an entry like any other:
// it moves with it (MOV-2), and a target that comes later does not get another SYN of the connection.
Verdict Stack::route_new(Dvipa& dvipa, const Segment& segment) {
  const Distribution* distribution = distribution_of(dvipa);
  const Port port = segment.connection.remote.dvipa_port;
  StackId target;
  if (distribution != nullptr) target = select(dvipa, *distribution, segment.connection.remote);
  if (!target && distribution != nullptr && has(Mutant::route_to_silent_port))
    for (const auto& [stack, member] : members_)
      if (distribution->targets.contains(settings_.xcf_addresses[stack.value - 1U])) target = stack;
  const bool silent = distribution != nullptr && (has(Mutant::refuse_in_silence) || dvipa.silence_until > ageing_tick_);
  const bool remembers = distribution == nullptr || !has(Mutant::open_without_entry);
  if (!target && !silent && remembers && listens_here(segment.connection.dvipa, port)) target = settings_.self;
  if (!target) return {silent ? Kind::drop : Kind::conventional, {}, false};
  if (!has(Mutant::forget_route)) dvipa.routes.insert(segment.connection.remote, new_route(target));
  return {target == settings_.self ? Kind::to_local : Kind::to_target, target,
          dvipa.owner.state() == OwnerState::handing_over};
}

// This stack does not own the DVIPA: the owner gets what comes from the network (TKB-4), and nothing is sent on that
// another member sent (RTE-12).
Verdict Stack::route_elsewhere(const Dvipa& dvipa, const Segment& segment) {
  const auto& facts = dvipa.owner.facts;
  if (dvipa.owner.state() == OwnerState::taking_back && segment.relayed) return {Kind::hold, {}, false};
  if (segment.forwarded_by && !(has(Mutant::relay_again) && segment.relayed)) {
    // TGT-6. What the fence keeps out, or nobody listens for, opens nothing here: there is nothing to report.
    const bool unknown_to_owner = segment.syn && dvipa.report_to && segment.forwarded_by != dvipa.report_to;
    const bool opens = unknown_to_owner && !segment.relayed && dvipa.forwarders.test(segment.forwarded_by.value) &&
                       listens_here(segment.connection.dvipa, segment.connection.remote.dvipa_port);
    return {Kind::drop, settings_.self, opens};
  }
  // RTE-12: a stack that has not met every member yet takes a member's frame for one of the network, and would send it
  // on to an owner that sends it on in its turn; it has not owned the DVIPA in this life.
  if (!ready_ && !has(Mutant::relay_before_ready)) return {};
  const StackId owner = facts.owner || has(Mutant::refuse_as_former_owner) ? facts.owner : dvipa.rival;
  if (!owner || owner == settings_.self) return {};
  if (has(Mutant::refuse_as_former_owner)) return {Kind::conventional, {}, false};
  return {Kind::to_owner, owner, false};
}

void Stack::prefetch(const Segment& segment) const {
  if (const Dvipa* dvipa = index_.find(segment.connection.dvipa, const_cast<std::map<Address, Dvipa>&>(dvipas_)))
    dvipa->routes.prefetch(segment.connection.remote);
}

Stack::Dvipa* Stack::DvipaIndex::find(const Address& address, std::map<Address, Dvipa>& dvipas) {
  if (slots_.empty()) fill(dvipas);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t at = place(address) & mask;; at = (at + 1) & mask) {
    if (slots_[at].dvipa == nullptr) return nullptr;
    if (slots_[at].address == address) return slots_[at].dvipa;
  }
}

void Stack::DvipaIndex::fill(std::map<Address, Dvipa>& dvipas) {
  slots_.assign(std::bit_ceil(2 * dvipas.size() + 2), {});
  const std::size_t mask = slots_.size() - 1;
  for (auto& [address, dvipa] : dvipas) {
    std::size_t at = place(address) & mask;
    while (slots_[at].dvipa != nullptr) at = (at + 1) & mask;
    slots_[at] = {address, &dvipa};
  }
}

std::size_t Stack::DvipaIndex::place(const Address& address) {
  std::uint64_t low = 0;
  std::memcpy(&low, address.bytes.data() + 8, 8);
  return static_cast<std::size_t>(tables::folded_product(low, 0x9e3779b97f4a7c15U));
}

}  // namespace dvipa
