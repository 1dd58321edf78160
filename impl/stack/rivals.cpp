// When members do not hear each other and yet live: the bus is cut and the segment is not, or a stack stood still
// (FLV-9, FLV-11).
#include "impl/stack/stack.hpp"

namespace dvipa {

// Who has fallen silent may live, beyond a cut of the bus: for as long as it takes another owner to show itself,
// packets of its connections are not answered by a reset. What a failed target held is lost all the same (FLV-12), only
// later.
void Stack::note_lost(Dvipa& dvipa, const input::MemberDown& down) {
  const bool owns = dvipa.owner.owns();
  if (owns) dvipa.lost_while_owning.set(down.member.value);
  if (down.silent && (!owns || dvipa.routes.routed_to(down.member) != 0)) await_silent(dvipa);
}

// There may be a target that this stack does not see, or does not see yet: after a partition members meet one after the
// other, and of two owners the one that stays may hear the other's routes before it meets their targets.
void Stack::await_silent(Dvipa& dvipa) {
  dvipa.silence_until = ageing_tick_ + settings_.join_ms / settings_.ageing_ms + 1;
}

// Targets that have not been met in all that time are gone.
void Stack::forget_strangers(const Address& address, Dvipa& dvipa) {
  for (unsigned n = 1; n <= settings_.xcf_addresses.size(); ++n) {
    const StackId stack{static_cast<std::uint8_t>(n)};
    forget_foretold(dvipa, stack);
    if (!in_view(stack)) forget_target(address, dvipa, stack);
  }
}

// Of two owners in two views the one stays whose view is the larger part of the group, for it has the reports of more
// targets; of two halves the higher stack. The other one gives way until the bus is whole: then their ranks decide.
// Where neither view has half of the group, both give way until the other one is silent.
void Stack::take(const input::RivalHeard& heard) {
  const auto at = dvipas_.find(heard.dvipa);
  if (at == dvipas_.end() || in_view(heard.member) || has(Mutant::ignore_rival)) return;
  Dvipa& dvipa = at->second;
  if (dvipa.owner.owns()) {
    const std::size_t here = 2 * (members_.size() + 1);
    const std::size_t all = settings_.xcf_addresses.size();
    if (here > all || (here == all && heard.member < settings_.self)) {
      // It has claimed what was this stack's, and drawn the clients to it.
      if (dvipa.lost_while_owning.test(heard.member.value)) emit(effect::Advertise{at->first});
      return;
    }
    give_way(at->first, dvipa);
  }
  dvipa.rival = heard.member;
}

// It goes on with the connections that it knows of, and says no more that it has the address: what is new, or unknown,
// is the other one's. So nothing has to be undone when the bus is whole again.
void Stack::give_way(const Address& address, Dvipa& dvipa) {
  if (!dvipa.advertised) return;
  dvipa.advertised = false;
  emit(effect::Withdraw{address});
}

void Stack::take(const input::RivalSilent& silent) {
  const auto at = dvipas_.find(silent.dvipa);
  if (at == dvipas_.end() || !at->second.rival) return;
  at->second.rival = nobody;
  if (at->second.owner.owns()) carry_out(at->first, at->second, roles::OwnerOrder::advertise);
  evaluate_all();
}

// FLV-9: whatever was owned or claimed before may be another's by now; it is given up. Nothing is decided before the
// members have sent their lists anew, or have had the time for it: they may have given this stack up, so that it seems
// to be alone. Those who have are about to be lost from its view; the others answer, and when all that are left in the
// view have answered, the view stands and there is nobody else to wait for.
void Stack::take(const input::Resumed&) {
  if (has(Mutant::ignore_pause)) return;
  for (auto& [address, dvipa] : dvipas_) {
    if (!dvipa.owner.owns() && dvipa.owner.state() != roles::OwnerState::taking_back) continue;
    owner_event(address, dvipa, roles::Superseded{nobody});
    forget_own_claim(address, dvipa);
  }
  for (auto& [stack, member] : members_) {
    member.listed = false;
    emit(effect::Send{stack, ListAsked{}});
  }
  stood_still_ = !members_.empty();
  joined_ = false;
  emit(effect::ArmTimer{{Timer::Kind::join, {}}, settings_.join_ms});
  emit(effect::ArmTimer{{Timer::Kind::list_limit, {}}, settings_.list_limit_ms});
}

void Stack::hear(StackId from, const ListAsked&) { send_list(from); }

void Stack::settle_after_standstill() {
  if (!stood_still_ || has(Mutant::wait_for_strangers)) return;
  for (const auto& [stack, member] : members_)
    if (!member.listed) return;
  stood_still_ = false;
  joined_ = true;
  emit(effect::CancelTimer{{Timer::Kind::join, {}}});
  emit(effect::ArmTimer{{Timer::Kind::ageing, {}}, settings_.ageing_ms});
}

}  // namespace dvipa
