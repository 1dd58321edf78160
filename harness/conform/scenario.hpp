#pragma once
// A scenario: what is done to the cluster, which requirements this shows, and its run.
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/conform/cluster.hpp"
#include "harness/conform/result.hpp"

namespace dvipa::conform {

struct SuiteOptions {
  unsigned connections = 1000;      // steady ones, a DVIPA
  unsigned rounds = 20;             // of scenarios with rounds
  Family family = Family::v4;       // of the DVIPAs
  std::uint32_t interval_ms = 200;  // between the exchanges of a connection
  std::uint64_t seed = 1;
  std::string folder = "report";  // where each scenario has a folder of its own
};

// Tells the user what goes on.
using Say = std::function<void(const std::string&)>;

struct Context {
  Cluster& cluster;  // settled
  const SuiteOptions& options;
  ScenarioResult& result;
  const Say& say;
  std::string folder;  // of this scenario
};

struct Scenario {
  std::string_view name;
  std::string_view description;
  std::vector<std::string> requirements;
  // Adds checks, measures and counts to the result. The failure is what this host lacks to judge at all.
  lab::Result<void> (*run)(Context&);
};

std::span<const Scenario> failover_scenarios();
std::span<const Scenario> takeback_scenarios();
std::span<const Scenario> moves_scenarios();
std::span<const Scenario> operator_scenarios();

// Each in the file of its subject.
lab::Result<void> kill_owner(Context&);
lab::Result<void> link_down(Context&);
lab::Result<void> kill_target(Context&);
lab::Result<void> clean_stop(Context&);
lab::Result<void> failover_rounds(Context&);
lab::Result<void> refused(Context&);
lab::Result<void> listener_end(Context&);
lab::Result<void> packets_unchanged(Context&);
lab::Result<void> takeback_rounds(Context&);
lab::Result<void> takeback_owner_dies(Context&);
lab::Result<void> takeback_primary_dies(Context&);
lab::Result<void> paused_owner(Context&);
lab::Result<void> partition(Context&);
lab::Result<void> bus_cut(Context&);
lab::Result<void> split(Context&);
lab::Result<void> profile_change(Context&);
lab::Result<void> quiesced_target(Context&);
lab::Result<void> capacity(Context&);
lab::Result<void> affinity(Context&);
lab::Result<void> group_left(Context&);
lab::Result<void> there_and_back(Context&);
lab::Result<void> chain_of_moves(Context&);
lab::Result<void> deactivated(Context&);
lab::Result<void> slow_report(Context&);

}  // namespace dvipa::conform
