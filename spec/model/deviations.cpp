// The decisions that can be dropped and the faults that can be seeded.
#include <algorithm>

#include "spec/model/rules.hpp"

namespace dvipa::model {
namespace {

using D = Deviation;

constexpr std::array kDeviations = {
    DeviationText{
        D::no_hold_while_rebuilding, "FLV-5", true,
        "an owner that is still collecting reports answers a packet that matches nothing as at any other time",
        "failover"},
    DeviationText{D::no_wait_for_reports, "FLV-6", true, "a new owner does not wait for any report", "failover"},
    DeviationText{D::only_first_successor, "FLV-7", true,
                  "a vacancy is filled only when it was the primary that failed", "double-failure"},
    DeviationText{D::no_yield_after_pause, "FLV-9", true, "a stack that wakes from a pause goes on as before",
                  "paused"},
    DeviationText{D::any_epoch, "FLV-10", true, "reports of any epoch count", "takeback"},
    DeviationText{D::no_report_after_heal, "FLV-11", true,
                  "an owner does not wait for the report of a member that joins", "paused"},
    DeviationText{D::no_end_of_report, "TGT-5", true, "the first message of a report is taken for the whole",
                  "failover"},
    DeviationText{D::no_fence, "TGT-6", true, "a target takes packets of the DVIPA from any stack", "failover"},
    DeviationText{D::fence_by_stack, "TGT-6/epoch", true,
                  "a target tells its owner's packets from others' by stack, not by epoch of ownership", "takeback"},
    DeviationText{D::former_frames_admitted, "TGT-6/former", true,
                  "a target that falls back to an older owner takes SYNs that this one forwarded before",
                  "double-failure"},
    DeviationText{D::takeback_without_reports, "TKB-2", true, "a claimant does not wait for the reports", "takeback"},
    DeviationText{D::no_relay, "TKB-4", true, "a former owner answers what still reaches it", "takeback"},
    DeviationText{D::no_report_during_handover, "TKB-5", true,
                  "a connection accepted during the handover is not reported to the claimant", "takeback"},
    DeviationText{D::hit_unreported, "TKB-5/hit", true,
                  "a SYN that hits an entry during the handover is not reported to the claimant", "takeback-reuse"},
    DeviationText{D::owner_does_not_decide, "TKB-5/decides", true,
                  "a claimant does not let the present owner move a connection to another target", "takeback-reuse"},
    DeviationText{D::changes_to_claimant_only, "TGT-7/both", true,
                  "during a claim a target tells what changes to the claimant only", "takeback-listeners"},
    DeviationText{D::changes_to_newest_only, "TGT-7/rivals", true,
                  "a target tells what changes to the newest only of those that say that they own the DVIPA", "rivals"},
    DeviationText{D::lives_unnamed, "TKB-5/life", true, "NEWCONN does not say which life of its target it means",
                  "moved-on-return"},
    DeviationText{D::heard_untold, "TKB-5/heard", true,
                  "an owner does not tell the claimant of a connection that it hears of during the handover",
                  "moved-among-rivals"},
    DeviationText{D::lets_go_unreported, "TKB-2/complete", true,
                  "an owner lets go although it still waits for reports itself", "moved-among-rivals"},
    DeviationText{D::takeback_ignores_failures, "TKB-7", true,
                  "a failure of owner or claimant during takeback is taken for its end", "takeback"},
    DeviationText{D::no_ageing, "RTE-11", true, "entries do not age out", "leftovers"},
    DeviationText{D::relay_again, "RTE-12", true, "a relayed packet is relayed again", "takeback"},
    DeviationText{D::start_without_lists, "LST/start", true,
                  "a starting stack decides before it has the lists of all members", "takeback"},
    DeviationText{D::end_at_once, "RTE-6/fresh", true, "TERMCONN removes an entry although a SYN has hit it just now",
                  "reuse"},
    DeviationText{D::release_in_silence, "TKB-3/announced", true,
                  "a former owner tells nobody but the claimant that it has let go", "backups"},
    DeviationText{
        D::no_report_of_foreign_syn, "TGT-6/report", true, "a target does not report a SYN of another stack at once",
        "",
        "what the fence lets in is in the tables of whoever forwarded it (RTE-4), with a claimant too (TKB-5), "
        "and of a new epoch's owner by the report"},
    DeviationText{D::older_owner_forgotten, "FLV-10/fallback", true,
                  "a stack that loses its owner forgets another one that has said that it owns the DVIPA",
                  "two-claims"},
    DeviationText{D::loser_routes_unreported, "FLV-11/routes", true,
                  "of two owners, the one that gives way does not tell the other what it routes", "partition"},
    DeviationText{D::winner_keeps_routes, "FLV-11/anew", true,
                  "of two owners, the one that stays keeps the entries that it had", "isolated"},
    DeviationText{D::moves_in_use, "MOV-6/idle", true,
                  "with WHENIDLE the present owner lets go while it routes connections", "when-idle"},
    DeviationText{D::bind_takes_it, "MOV-6/bind", true,
                  "with DISRUPTIVE a bind starts the DVIPA while another stack has it", "disruptive"},
    DeviationText{D::last_report_wins, "RTE-6/first", true, "NEWCONN moves a connection away from a target that lives",
                  "paused-reuse"},
    DeviationText{D::lowest_rank_first, "lowest-rank-first", false, "the order of candidates is reversed", "failover"},
    DeviationText{D::complete_at_first_end, "complete-at-first-end", false, "one END_OF_REPORT ends all reports",
                  "double-failure"},
    DeviationText{D::half_open_not_reported, "half-open-not-reported", false,
                  "a half-open connection is left out of the report", "failover"},
    DeviationText{D::report_only_listeners, "connections-not-reported", false,
                  "a report names listeners but no connections", "failover"},
    DeviationText{D::routes_while_claiming, "routes-while-claiming", false,
                  "a claimant advertises and routes before the owner has released", "takeback"},
    DeviationText{D::routed_not_reported, "routed-not-reported", false,
                  "the present owner does not tell a claimant what it routes", "takeback"},
    DeviationText{D::failed_target_kept, "failed-target-kept", false, "a failed target stays in the tables",
                  "failover"},
    DeviationText{D::end_of_listening_ignored, "end-of-listening-ignored", false, "SRVSTAT ended changes nothing",
                  "listeners"},
    DeviationText{D::epoch_reused, "epoch-reused", false, "a claim takes the newest counter instead of the next",
                  "takeback"},
    DeviationText{D::forward_without_entry, "forward-without-entry", false, "a SYN is forwarded without a CRT entry",
                  "smoke"},
    DeviationText{D::distribute_before_entry, "distribute-before-entry", false,
                  "the DPT is asked before the CRT is looked at", "smoke"},
    DeviationText{D::both_yield, "both-yield", false, "of two owners both give way", "partition"},
    DeviationText{D::none_yields, "none-yields", false, "of two owners none gives way", "partition"},
    DeviationText{D::joiner_not_awaited, "joiner-not-awaited", false,
                  "neither owner nor claimant waits for the report of a member that joins", "paused"},
    DeviationText{D::former_owner_keeps_tables, "former-owner-keeps-tables", false,
                  "a former owner does not purge its tables", "takeback"},
    DeviationText{D::age_without_asking, "age-without-asking", false,
                  "an idle entry is removed without asking its target", "smoke"},
    DeviationText{D::connection_of_any_target, "connection-of-its-reporter", false,
                  "NEWCONN is entered for the stack that sent it, not for the target that it names", "takeback"},
    DeviationText{D::stale_end_accepted, "stale-end-accepted", false, "END_OF_REPORT counts under any epoch",
                  "takeback"},
    DeviationText{D::owner_forgets_to_return, "owner-forgets-to-return", false,
                  "an owner goes on handing over to a claimant that has failed", "takeback"},
};

}  // namespace

std::span<const DeviationText> deviations() { return kDeviations; }

const DeviationText* find_deviation(std::string_view name) {
  const auto at = std::ranges::find(kDeviations, name, &DeviationText::name);
  return at == kDeviations.end() ? nullptr : &*at;
}

}  // namespace dvipa::model
