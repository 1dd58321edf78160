#pragma once
// What is to be checked: the bounds of a configuration, the decisions that a run drops, and the faults that it seeds.
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "spec/model/state.hpp"

namespace dvipa::model {

// A way in which the modelled stacks differ from the protocol. The first group drops a decision of the catalogue (D),
// the second seeds a fault. `deviations()` says what each of them means.
enum class Deviation : std::uint8_t {
  no_hold_while_rebuilding,
  no_wait_for_reports,
  only_first_successor,
  no_yield_after_pause,
  any_epoch,
  no_report_after_heal,
  no_end_of_report,
  no_fence,
  fence_by_stack,
  no_report_of_foreign_syn,
  takeback_without_reports,
  no_relay,
  no_report_during_handover,
  takeback_ignores_failures,
  no_ageing,
  relay_again,
  start_without_lists,
  end_at_once,
  release_in_silence,
  lowest_rank_first,
  complete_at_first_end,
  half_open_not_reported,
  routes_while_claiming,
  routed_not_reported,
  failed_target_kept,
  end_of_listening_ignored,
  epoch_reused,
  forward_without_entry,
  distribute_before_entry,
  both_yield,
  none_yields,
  joiner_not_awaited,
  former_owner_keeps_tables,
  age_without_asking,
  report_only_listeners,
  connection_of_any_target,
  stale_end_accepted,
  owner_forgets_to_return,
  older_owner_forgotten,
  loser_routes_unreported,
  last_report_wins,
  hit_unreported,
  owner_does_not_decide,
  changes_to_claimant_only,
  changes_to_newest_only,
  lives_unnamed,
  lets_go_unreported,
  heard_untold,
  former_frames_admitted,
  winner_keeps_routes,
  moves_in_use,
  bind_takes_it,
  count
};
using Deviations = std::bitset<static_cast<std::size_t>(Deviation::count)>;

struct DeviationText {
  Deviation deviation;
  std::string_view name;  // of a decision: its catalogue identifier, with a part of it after a slash
  bool is_decision;
  std::string_view meaning;       // what the stacks do instead
  std::string_view config;        // the smallest configuration in which a violation is found; empty: none is in any
  std::string_view instead = {};  // if none is: what makes the decision superfluous
};
std::span<const DeviationText> deviations();
const DeviationText* find_deviation(std::string_view name);

// How the DVIPA moves to another stack while one has it (MOV-2, MOV-6).
enum class Moveable : std::uint8_t { immediate, when_idle, disruptive };

// The bounds of a configuration.
struct Rules {
  std::string name;
  std::string purpose;
  unsigned stacks = 3;
  unsigned connections = 1;
  unsigned instances = 1;                           // of each connection's 4-tuple
  std::array<std::uint8_t, kStacksMax + 1> rank{};  // VIPABACKUP; 0: no backup. Stack 1 is the primary.
  Stacks listeners = 0;                             // stacks whose application listens at the start
  Stacks changing = 0;                              // stacks whose application may close and listen again
  Stacks failing = 0;                               // stacks that may crash or be paused
  Stacks far = 0;                                   // the far side of a partition
  unsigned backlog = 3;  // a target with that many messages on their way to its owner ends no further connection
  std::uint8_t far_clients = 0;  // set of connections whose clients are there
  bool late_clients = false;  // after a partition they reach the other side only when its members are all of one mind
  Moveable moveable = Moveable::immediate;
  Stacks destinations = static_cast<Stacks>(~0U);  // where the operator, or a bind, starts the DVIPA
  bool in_turn = false;                            // it moves from S1 to S2, from there to S3, and so on
  bool patient = false;                            // clients neither give up nor close
  bool in_range = false;  // defined by VIPARANGE: who starts it has it, and a restarted stack has not
  Budget budget;
  Stack owner = 1;        // at the start; another than S1: the primary is down, and this one has taken over
  bool liveness = false;  // small enough that fair cycles are looked for as well
  bool long_run = false;  // takes minutes or more, so that tests leave it out
  Deviations deviations;

  bool drops(Deviation deviation) const { return deviations[static_cast<std::size_t>(deviation)]; }
};

// The named configurations, smallest first.
std::span<const Rules> configurations();
std::optional<Rules> find_configuration(std::string_view name);

}  // namespace dvipa::model
