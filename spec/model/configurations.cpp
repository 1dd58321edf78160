// The named configurations and their bounds. S1 is the primary of the one DVIPA; ranks are those of VIPABACKUP.
#include <algorithm>
#include <vector>

#include "spec/model/rules.hpp"

namespace dvipa::model {
namespace {

constexpr Stacks set_of(std::initializer_list<Stack> stacks) {
  Stacks set = 0;
  for (const Stack i : stacks) add(set, i);
  return set;
}

Rules base(const char* name, const char* purpose) {
  Rules rules;
  rules.name = name;
  rules.purpose = purpose;
  return rules;
}

Rules smoke() {
  Rules r = base("smoke", "the primary or its backup crashes once: 3 stacks, 1 connection, 1 target beside the backup");
  r.rank = {0, 0, 10, 0, 0};
  r.listeners = set_of({2, 3});
  r.failing = set_of({1, 2});
  r.budget.crashes = 1;
  r.liveness = true;
  return r;
}

Rules failover() {
  Rules r = base("failover", "2 backups, 2 targets; one crash of any stack");
  r.rank = {0, 0, 20, 10, 0};
  r.listeners = set_of({1, 3});
  r.failing = set_of({1, 2, 3});
  r.budget.crashes = 1;
  r.liveness = true;
  return r;
}

Rules double_failure() {
  Rules r = base("double-failure", "the primary and then its successor crash, also while the latter rebuilds");
  r.stacks = 4;
  r.rank = {0, 0, 20, 10, 0};
  r.listeners = set_of({3, 4});
  r.failing = set_of({1, 2});
  r.budget.crashes = 2;
  r.liveness = true;
  return r;
}

Rules takeback() {
  Rules r = base("takeback", "the recovered primary takes back, while it or the present owner may crash");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.failing = set_of({1, 2});
  r.owner = 2;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  r.liveness = true;
  return r;
}

Rules takeback_reuse() {
  Rules r = base("takeback-reuse", "the recovered primary takes back while the client uses its 4-tuple a second time");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.owner = 2;
  r.instances = 2;
  r.budget.restarts = 1;
  return r;
}

Rules takeback_listeners() {
  Rules r = base("takeback-listeners", "an application stops listening while a claimant comes and crashes");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.changing = set_of({3});
  r.failing = set_of({1});
  r.owner = 2;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  r.budget.listener_changes = 1;
  return r;
}

Rules handover() {
  Rules r = takeback();
  r.name = "handover";
  r.purpose = "takeback with all of it: the 4-tuple used twice, a crash, a changing listener";
  r.listeners = set_of({2, 3});
  r.changing = set_of({3});
  r.instances = 2;
  r.budget.listener_changes = 1;
  r.liveness = false;
  return r;
}

Rules returning() {
  Rules r = base("return", "an owner crashes, returns and takes back, while a SYN of its first life is on its way");
  r.stacks = 3;
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({3});
  r.failing = set_of({1});
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  return r;
}

Rules targets() {
  Rules r = base("targets", "a failover with two equal targets, 2 connections; either target may crash as well");
  r.stacks = 4;
  r.connections = 2;
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({3, 4});
  r.failing = set_of({1, 3, 4});
  r.budget.crashes = 1;
  return r;
}

Rules leftovers() {
  Rules r = base("leftovers", "the 4-tuple is used twice, reports of its end may be overtaken");
  r.stacks = 2;
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2});
  r.instances = 2;
  return r;
}

Rules reuse() {
  Rules r = leftovers();
  r.name = "reuse";
  r.purpose = "a 4-tuple is used twice by its client, with a crash of the owner";
  r.stacks = 3;
  r.listeners = set_of({2, 3});
  r.failing = set_of({1});
  r.budget.crashes = 1;
  return r;
}

Rules listeners() {
  Rules r = base("listeners", "applications close and listen again around a failover");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.changing = set_of({2, 3});
  r.failing = set_of({1});
  r.budget.crashes = 1;
  r.budget.listener_changes = 2;
  return r;
}

Rules paused() {
  Rules r = base("paused", "the owner or a target is paused past the failure detection and goes on");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.failing = set_of({1, 3});
  r.budget.pauses = 1;
  return r;
}

Rules partition() {
  Rules r = base("partition", "the group is partitioned between primary and backup and heals");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({1, 3});
  r.far = set_of({2, 3});
  r.far_clients = 1;
  r.budget.partitions = 1;
  return r;
}

Rules moves() {
  Rules r = base("moves", "the operator moves the DVIPA twice, to any stack");
  r.rank = {0, 0, 20, 10, 0};
  r.listeners = set_of({1, 2});
  r.budget.moves = 2;
  r.liveness = true;
  return r;
}

Rules moves_and_failures() {
  Rules r = moves();
  r.name = "moves-and-failures";
  r.purpose = "the operator moves the DVIPA twice, while one stack crashes and starts again";
  r.failing = set_of({1, 2});
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  r.liveness = false;
  r.long_run = true;
  return r;
}

Rules moved_among_rivals() {
  Rules r = moves();
  r.name = "moved-among-rivals";
  r.purpose = "two moves between primary and last backup, while the primary crashes and starts again";
  r.failing = set_of({1});
  r.destinations = set_of({1, 3});
  r.listeners = set_of({2});
  r.patient = true;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  r.liveness = false;
  r.long_run = true;
  return r;
}

Rules chain() {
  Rules r = base("chain", "a chain of moves, with connections at the first and at the second of three stacks");
  r.connections = 2;
  r.listeners = set_of({1, 2});
  r.in_turn = r.patient = r.in_range = true;
  r.budget.moves = 2;
  return r;
}

Rules when_idle() {
  Rules r = base("when-idle", "a move WHENIDLE waits for the last connection; owner or claimant may crash");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({1, 3});
  r.failing = set_of({1, 2});
  r.moveable = Moveable::when_idle;
  r.destinations = set_of({2});
  r.budget.moves = 1;
  r.budget.crashes = 1;
  return r;
}

Rules disruptive() {
  Rules r = base("disruptive", "binds elsewhere to a DISRUPTIVE address of a range, which fail until its stack does");
  r.listeners = set_of({1, 3});
  r.failing = set_of({1});
  r.moveable = Moveable::disruptive;
  r.destinations = set_of({2, 3});
  r.in_range = true;
  r.budget.moves = 2;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  return r;
}

Rules two_dvipas() {
  Rules r = takeback();
  r.name = "two-dvipas";
  r.purpose = "takeback, and once the list is sent again at any time because another DVIPA has changed";
  r.liveness = false;
  r.budget.lists = 1;
  return r;
}

Rules moved_on_return() {
  Rules r = base("moved-on-return", "the DVIPA is moved while a target crashes and returns");
  r.rank = {0, 0, 0, 0, 0};
  r.listeners = set_of({2});
  r.failing = set_of({2});
  r.budget.moves = 1;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  return r;
}

Rules halves() {
  Rules r = partition();
  r.name = "halves";
  r.purpose = "primary and backup, both of them targets, lose each other and meet again";
  r.stacks = 2;
  r.listeners = set_of({1, 2});
  r.far = set_of({2});
  return r;
}

Rules isolated() {
  Rules r = partition();
  r.name = "isolated";
  r.purpose = "the backup alone is cut off from the group, and comes back";
  r.far = set_of({2});
  r.listeners = set_of({2, 3});
  return r;
}

Rules isolated_failure() {
  Rules r = isolated();
  r.name = "isolated-failure";
  r.purpose = "the backup alone is cut off from the group, comes back and crashes";
  r.late_clients = true;
  r.failing = set_of({2});
  r.budget.crashes = 1;
  return r;
}

Rules departure() {
  Rules r =
      base("departure", "the operator deactivates the DVIPA at its owner and activates it again; a stack may crash");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({1, 3});
  r.failing = set_of({1, 2});
  r.budget.departures = 1;
  r.budget.crashes = 1;
  r.liveness = true;
  return r;
}

Rules two_claims() {
  Rules r = base("two-claims", "the primary returns while its backup claims and fails: two claims of one vacancy");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({3});
  r.failing = set_of({1, 2});
  r.budget.crashes = 2;
  r.budget.restarts = 1;
  return r;
}

Rules rivals() {
  Rules r = two_claims();
  r.name = "rivals";
  r.purpose = "the same without clients, with a listener that changes";
  r.instances = 0;
  r.changing = r.listeners;
  r.budget.listener_changes = 2;
  return r;
}

Rules backups() {
  Rules r = base("backups", "the primary takes back from the lower of two backups and may crash");
  r.rank = {0, 0, 20, 10, 0};
  r.listeners = set_of({2});
  r.failing = set_of({1, 3});
  r.owner = 3;
  r.budget.crashes = 1;
  r.budget.restarts = 1;
  r.liveness = true;
  return r;
}

Rules paused_reuse() {
  Rules r = paused();
  r.name = "paused-reuse";
  r.purpose = "a target is paused past the failure detection, its client opens the 4-tuple again";
  r.failing = set_of({3});
  r.instances = 2;
  return r;
}

Rules standard() {
  Rules r = base("standard", "failover and takeback, two crashes and a restart, 3 stacks");
  r.rank = {0, 0, 20, 0, 0};
  r.listeners = set_of({2, 3});
  r.failing = set_of({1, 2});
  r.budget.crashes = 2;
  r.budget.restarts = 1;
  return r;
}

Rules deep() {
  Rules r = standard();
  r.name = "deep";
  r.purpose = "two backups, three crashes of any stack, a restart, a changing listener";
  r.rank = {0, 0, 20, 10, 0};
  r.changing = set_of({3});
  r.failing = set_of({1, 2, 3});
  r.budget.crashes = 3;
  r.budget.listener_changes = 1;
  r.long_run = true;
  return r;
}

// Almost a hundred times as many states as `deep` (docs/checker.md).
Rules deepest() {
  Rules r = deep();
  r.name = "deepest";
  r.purpose = "two backups, three crashes of any stack, two restarts, a changing listener";
  r.budget.restarts = 2;
  return r;
}

}  // namespace

std::span<const Rules> configurations() {
  static const std::vector<Rules> all = {smoke(),
                                         leftovers(),
                                         failover(),
                                         reuse(),
                                         listeners(),
                                         double_failure(),
                                         takeback(),
                                         rivals(),
                                         takeback_listeners(),
                                         takeback_reuse(),
                                         departure(),
                                         backups(),
                                         moves(),
                                         halves(),
                                         partition(),
                                         isolated(),
                                         isolated_failure(),
                                         moved_on_return(),
                                         paused(),
                                         paused_reuse(),
                                         returning(),
                                         two_claims(),
                                         targets(),
                                         chain(),
                                         when_idle(),
                                         disruptive(),
                                         two_dvipas(),
                                         moved_among_rivals(),
                                         moves_and_failures(),
                                         standard(),
                                         handover(),
                                         deep(),
                                         deepest()};
  return all;
}

std::optional<Rules> find_configuration(std::string_view name) {
  const auto all = configurations();
  const auto at = std::ranges::find(all, name, &Rules::name);
  if (at == all.end()) return std::nullopt;
  return *at;
}

}  // namespace dvipa::model
