#pragma once
// Seeded faults of the implementation, switched on by name, to prove that a check can fail.
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dvipa {

enum class Mutant : std::uint8_t {
  none,
  skip_rebuild_barrier,       // rebuilding ends at once (FLV-5, FLV-6)
  refuse_while_rebuilding,    // an unmatched packet is answered while rebuilding (FLV-5)
  forget_connections,         // a target reports no connections (TGT-3, FLV-3, FLV-4)
  forget_listeners,           // a target reports no listeners with its report (TGT-1, RTE-1)
  ignore_listener_end,        // SRVSTAT(ended) is not sent (TGT-2)
  ignore_term_conn,           // TERMCONN is not sent (TGT-4)
  advertise_as_backup,        // a backup advertises too (RTE-2)
  never_advertise,            // the successor does not advertise (RTE-2)
  ignore_rank,                // the lowest stack takes over (FLV-1)
  ignore_own_distribution,    // a backup uses the stored list in place of its own distribution (LST-3, FLV-2, FLV-8)
  keep_failed_target,         // its entries stay (FLV-12)
  forget_route,               // a selected target gets no CRT entry (RTE-4)
  no_route_to_self,           // the routing stack's own listeners are left out (RTE-7)
  route_to_silent_port,       // a SYN goes to a candidate without a listener (RTE-5)
  accept_old_epoch,           // messages of earlier epochs take effect (FLV-10)
  keep_old_forwarder,         // frames of a failed owner are still taken (TGT-6)
  leave_without_handover,     // a clean stop lets go at once (MOV-7)
  end_at_once,                // TERMCONN removes an entry although a SYN has hit it just now (RTE-6)
  forget_older_owner,         // who loses its owner forgets another one that it has heard of (FLV-10)
  keep_tables_after_release,  // a former owner does not purge its tables (TKB-3)
  routes_not_reported,        // the present owner does not tell a claimant what it routes (TKB-1)
  routes_not_surrendered,     // of two owners, the one that gives way does not tell the other what it routes (FLV-11)
  silent_after_heal,          // the winner of two owners does not advertise again when the other has given way (FLV-11)
  owner_does_not_decide,      // a claimant keeps what it has heard although the owner says otherwise (TKB-5)
  primary_for_ever,           // who has lost a DVIPA to a move takes it back at once (MOV-2, MOV-4)
  move_disruptive,            // a bind takes what another stack lets nobody take (MOV-6)
  refuse_in_silence,          // a SYN for which there is no listener is dropped (RTE-5)
  move_at_once,               // MOVEABLE WHENIDLE does not wait for the last connection (MOV-6)
  tell_claimant_only,         // during a claim the present owner hears no change (TGT-7)
  relay_again,                // a relayed packet is relayed again (RTE-12)
  refuse_as_former_owner,     // a former owner does not send on what still reaches it (TKB-4)
  one_distribution_for_all,   // a listener that the claimant does not distribute is unsaid to the owner too (TGT-2)
  forget_rivals,              // who else holds a connection is forgotten when its present target fails (FLV-11)
  ignore_second_hand,         // what a former owner says does not shake an entry older than the claim (FLV-11)
  redefine_as_owner_only,     // a claimant goes on with the distribution that it claimed with (CFG-7)
  relay_before_ready,         // who has just started sends on what still reaches it, whoever it is of (RTE-12)
  syn_to_ended_target,  // a SYN goes to who has ended a connection of its 4-tuple, though it listens no more (RTE-5)
  rivals_wait,          // of two that say they hold a connection the first is not asked whether it still does (FLV-11)
  forget_newcomer,      // RELEASED ends a rebuild although a member has joined that has not reported (FLV-6)
  handover_in_silence,  // what is routed during a handover is not reported to the claimant (TKB-5, TKB-6)
  ended_not_reported,   // a claimant is not told of entries that wait for a frame after their connection's end (TKB-1)
  end_not_reported,     // a claimant is told of these as if they lived (TKB-1, RTE-11)
  lives_unnamed,        // a former owner does not say which life of a target it means (TKB-5)
  yield_while_fresh,    // an entry goes to who else holds it although a SYN is under way to its target (RTE-6)
  keep_left_over,       // who reports an end of a connection that goes elsewhere is not told so (RTE-13)
  ignore_capacity,      // what targets report that they can do counts for nothing (RTE-8)
  forget_affinity,      // a client's next connection goes to anybody (RTE-8)
  keep_stored_list,     // a joiner is not told what others have stored (LST-3)
  tell_everybody,       // lists to those concerned go to everybody (LST-7)
  spare_disrupted,      // a DISRUPTIVE DVIPA that the operator moves keeps its connections (MOV-6)
  ignore_rival,         // an owner that hears another on the segment goes on (FLV-11)
  keep_distribution,    // an owner whose distribution is changed goes on with the listeners that it knows (CFG-7)
  keep_definition,      // a definition that is taken away stays (CFG-7, MOV-7)
  forget_strangers,     // what another owner routes to a member that was not met yet is answered by a reset (FLV-11)
  greet_nobody,         // a member that joins is not sent the list (LST-1, LST-5)
  hide_no_address,      // a target does not get the address (LST-2)
  keep_as_bystander,    // who has no part keeps the owner's distribution (LST-4)
  distribute_before_entry,  // a SYN is distributed although there is an entry for it (RTE-3)
  never_verify,             // nobody is asked about an entry that is not used (RTE-11)
  first_range_wins,         // of two ranges that cover an address the first counts (CFG-5)
  activate_later,           // an address that is active nowhere waits for the next list (MOV-1)
  yield_after_syn,          // an entry older than the claim gives way although a SYN has just gone by it (RTE-6)
  forget_fragments,         // in the shell: later fragments do not follow the first (RTE-10)
  trust_the_used,           // an entry that is used is not asked about, though its target listens no longer (RTE-11)
  both_stay_primary,        // of two primaries that own it, the one that gives way takes it back at once (FLV-11)
  ignore_pause,             // who stood still goes on as the owner that it was (FLV-9)
  keep_moved_address,       // who has lost a DVIPA to a move holds the address for ever (MOV-3)
  leave_distribution,       // the distribution of a DVIPA that moves stays behind (MOV-5)
  forget_syns,              // who claims anew forgets the SYNs that it has given to targets just now (FLV-11)
  report_to_itself,         // who has given up what it owned goes on reporting to itself, by its own epoch (FLV-10)
  wait_for_strangers,       // who stood still waits although all members have answered (FLV-9)
  break_any,                // whoever loses a DVIPA to a move resets its connections, DISRUPTIVE or not (MOV-2, MOV-6)
  activate_uncovered,       // an application gets an address that neither a definition nor a VIPARANGE covers (CFG-5)
  let_in_after_release,  // who hands over lets the new owner's frames in when it has let go, not before (TGT-6, TKB-6)
  know_without_report,   // an owner takes itself for one that knows all though a report is missing (FLV-6, RTE-13)
  first_look_ends,       // of several looks for one report the first ends it (TGT-5)
  end_before_let_in,     // what a report finds last may still be kept out when it ends (TGT-5, TGT-6)
  open_beside_former_owner,  // a SYN is taken here while an older one may open its 4-tuple at a former owner (RTE-6)
  leave_at_once,             // who lets go keeps nothing for what it has accepted last (MOV-3, TGT-6)
  open_beside_stranger,      // a SYN of a connection whose target is not met yet goes to another (FLV-11)
  drain_at_once,             // who serves a DVIPA to its last connection shuts out one that is being opened (TGT-4)
  accept_unheld,       // who has accepted a connection when it was done with the DVIPA keeps its frames out (TGT-3)
  send_to_strangers,   // frames go to targets that the owner has not met, and that do not know it (RTE-12)
  inherited_unnamed,   // what a process finds at its start it reports like what it has seen begin (RTE-13)
  heard_untold,        // an owner does not tell the claimant of what targets report to it during a handover (TKB-5)
  let_go_unreported,   // an owner lets go although it still waits for reports itself (TKB-2)
  forget_released,     // who has let go tells the new owner of no change before that says that it owns it (TGT-7)
  open_without_entry,  // what the owner's own application takes for want of a target gets no entry (RTE-4, RTE-5)
  trust_the_ended,     // an entry whose connection has ended counts while reports are missing (FLV-5)
  report_before_held,  // a new target reports its listeners before its host has the address (LST-2, TGT-1)
};

struct MutantName {
  Mutant mutant;
  std::string_view name;
};
inline constexpr std::array mutant_names{
    MutantName{Mutant::skip_rebuild_barrier, "skip-rebuild-barrier"},
    MutantName{Mutant::refuse_while_rebuilding, "refuse-while-rebuilding"},
    MutantName{Mutant::forget_connections, "forget-connections"},
    MutantName{Mutant::forget_listeners, "forget-listeners"},
    MutantName{Mutant::ignore_listener_end, "ignore-listener-end"},
    MutantName{Mutant::ignore_term_conn, "ignore-term-conn"},
    MutantName{Mutant::advertise_as_backup, "advertise-as-backup"},
    MutantName{Mutant::never_advertise, "never-advertise"},
    MutantName{Mutant::ignore_rank, "ignore-rank"},
    MutantName{Mutant::ignore_own_distribution, "ignore-own-distribution"},
    MutantName{Mutant::keep_failed_target, "keep-failed-target"},
    MutantName{Mutant::forget_route, "forget-route"},
    MutantName{Mutant::no_route_to_self, "no-route-to-self"},
    MutantName{Mutant::route_to_silent_port, "route-to-silent-port"},
    MutantName{Mutant::accept_old_epoch, "accept-old-epoch"},
    MutantName{Mutant::keep_old_forwarder, "keep-old-forwarder"},
    MutantName{Mutant::leave_without_handover, "leave-without-handover"},
    MutantName{Mutant::end_at_once, "end-at-once"},
    MutantName{Mutant::forget_older_owner, "forget-older-owner"},
    MutantName{Mutant::keep_tables_after_release, "keep-tables-after-release"},
    MutantName{Mutant::routes_not_reported, "routes-not-reported"},
    MutantName{Mutant::routes_not_surrendered, "routes-not-surrendered"},
    MutantName{Mutant::silent_after_heal, "silent-after-heal"},
    MutantName{Mutant::owner_does_not_decide, "owner-does-not-decide"},
    MutantName{Mutant::primary_for_ever, "primary-for-ever"},
    MutantName{Mutant::move_disruptive, "move-disruptive"},
    MutantName{Mutant::refuse_in_silence, "refuse-in-silence"},
    MutantName{Mutant::move_at_once, "move-at-once"},
    MutantName{Mutant::tell_claimant_only, "tell-claimant-only"},
    MutantName{Mutant::relay_again, "relay-again"},
    MutantName{Mutant::refuse_as_former_owner, "refuse-as-former-owner"},
    MutantName{Mutant::one_distribution_for_all, "one-distribution-for-all"},
    MutantName{Mutant::forget_rivals, "forget-rivals"},
    MutantName{Mutant::ignore_second_hand, "ignore-second-hand"},
    MutantName{Mutant::redefine_as_owner_only, "redefine-as-owner-only"},
    MutantName{Mutant::relay_before_ready, "relay-before-ready"},
    MutantName{Mutant::syn_to_ended_target, "syn-to-ended-target"},
    MutantName{Mutant::rivals_wait, "rivals-wait"},
    MutantName{Mutant::forget_newcomer, "forget-newcomer"},
    MutantName{Mutant::ignore_capacity, "ignore-capacity"},
    MutantName{Mutant::forget_affinity, "forget-affinity"},
    MutantName{Mutant::keep_stored_list, "keep-stored-list"},
    MutantName{Mutant::tell_everybody, "tell-everybody"},
    MutantName{Mutant::spare_disrupted, "spare-disrupted"},
    MutantName{Mutant::ignore_rival, "ignore-rival"},
    MutantName{Mutant::keep_distribution, "keep-distribution"},
    MutantName{Mutant::keep_definition, "keep-definition"},
    MutantName{Mutant::forget_strangers, "forget-strangers"},
    MutantName{Mutant::greet_nobody, "greet-nobody"},
    MutantName{Mutant::hide_no_address, "hide-no-address"},
    MutantName{Mutant::keep_as_bystander, "keep-as-bystander"},
    MutantName{Mutant::distribute_before_entry, "distribute-before-entry"},
    MutantName{Mutant::never_verify, "never-verify"},
    MutantName{Mutant::first_range_wins, "first-range-wins"},
    MutantName{Mutant::activate_later, "activate-later"},
    MutantName{Mutant::yield_after_syn, "yield-after-syn"},
    MutantName{Mutant::forget_fragments, "forget-fragments"},
    MutantName{Mutant::trust_the_used, "trust-the-used"},
    MutantName{Mutant::both_stay_primary, "both-stay-primary"},
    MutantName{Mutant::ignore_pause, "ignore-pause"},
    MutantName{Mutant::keep_moved_address, "keep-moved-address"},
    MutantName{Mutant::leave_distribution, "leave-distribution"},
    MutantName{Mutant::forget_syns, "forget-syns"},
    MutantName{Mutant::report_to_itself, "report-to-itself"},
    MutantName{Mutant::wait_for_strangers, "wait-for-strangers"},
    MutantName{Mutant::break_any, "break-any"},
    MutantName{Mutant::activate_uncovered, "activate-uncovered"},
    MutantName{Mutant::let_in_after_release, "let-in-after-release"},
    MutantName{Mutant::know_without_report, "know-without-report"},
    MutantName{Mutant::first_look_ends, "first-look-ends"},
    MutantName{Mutant::end_before_let_in, "end-before-let-in"},
    MutantName{Mutant::open_beside_former_owner, "open-beside-former-owner"},
    MutantName{Mutant::leave_at_once, "leave-at-once"},
    MutantName{Mutant::open_beside_stranger, "open-beside-stranger"},
    MutantName{Mutant::drain_at_once, "drain-at-once"},
    MutantName{Mutant::accept_unheld, "accept-unheld"},
    MutantName{Mutant::send_to_strangers, "send-to-strangers"},
    MutantName{Mutant::inherited_unnamed, "inherited-unnamed"},
    MutantName{Mutant::heard_untold, "heard-untold"},
    MutantName{Mutant::let_go_unreported, "let-go-unreported"},
    MutantName{Mutant::forget_released, "forget-released"},
    MutantName{Mutant::open_without_entry, "open-without-entry"},
    MutantName{Mutant::trust_the_ended, "trust-the-ended"},
    MutantName{Mutant::report_before_held, "report-before-held"},
    MutantName{Mutant::handover_in_silence, "handover-in-silence"},
    MutantName{Mutant::ended_not_reported, "ended-not-reported"},
    MutantName{Mutant::end_not_reported, "end-not-reported"},
    MutantName{Mutant::lives_unnamed, "lives-unnamed"},
    MutantName{Mutant::yield_while_fresh, "yield-while-fresh"},
    MutantName{Mutant::keep_left_over, "keep-left-over"},
};

constexpr std::optional<Mutant> mutant_of(std::string_view name) {
  for (const MutantName& each : mutant_names)
    if (each.name == name) return each.mutant;
  return std::nullopt;
}

}  // namespace dvipa
