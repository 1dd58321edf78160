// Fresh hosts for every scenario: what one leaves behind cannot help or hurt the next.
#include "harness/conform/suite.hpp"

#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/trial.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
constexpr auto settle_limit = 20s;

lab::Result<ScenarioResult> play(const Scenario& scenario, const Implementation& implementation,
                                 const SuiteOptions& options, const Say& say) {
  ScenarioResult result;
  result.name = scenario.name;
  result.description = scenario.description;
  result.requirements = scenario.requirements;
  const auto begun_ns = load::monotonic_ns();
  const Say named = [&](const std::string& text) { say(fmt::format("{}: {}", scenario.name, text)); };
  named(result.description);
  const std::string folder = options.folder + "/" + result.name;
  std::error_code error;
  std::filesystem::remove_all(folder, error);  // an older report's logs would be read as this run's
  auto cluster = Cluster::start(implementation, folder, options.family);
  if (!cluster) return tl::unexpected(cluster.error());
  const auto missing = (*cluster)->await_settled(settle_limit);
  if (const auto lacking = (*cluster)->lacking()) return tl::unexpected(*lacking);
  add_check(result, {"LIVE-1"}, "the cluster starts and settles", !missing,
            missing ? *missing : "every stack knows the others, each DVIPA has one owner");
  if (!missing) {
    Context context{**cluster, options, result, named, folder};
    if (auto ran = scenario.run(context); !ran) return tl::unexpected(ran.error());
  }
  result.seconds = static_cast<double>(load::monotonic_ns() - begun_ns) / 1e9;
  named(result.failed() ? "FAILED" : "passed");
  return result;
}

std::map<std::string, std::string> environment() {
  utsname system{};
  ::uname(&system);
  return {{"kernel", system.release},
          {"machine", system.machine},
          {"processors", std::to_string(::sysconf(_SC_NPROCESSORS_ONLN))}};
}

}  // namespace

std::span<const Scenario> failover_scenarios() {
  static const std::vector<Scenario> scenarios = {
      {"kill-owner",
       "the owner of DVA1 is killed by SIGKILL under load",
       {"FLV-1", "FLV-2", "FLV-3", "FLV-4", "FLV-5", "FLV-8", "FLV-12", "RTE-2"},
       kill_owner},
      {"link-down",
       "the cable of the owner of DVA1 is pulled under load",
       {"FLV-1", "FLV-3", "FLV-4", "FLV-5", "FLV-8", "FLV-12"},
       link_down},
      {"kill-target", "a target of both DVIPAs is killed by SIGKILL under load", {"FLV-4", "FLV-12"}, kill_target},
      {"clean-stop", "the owner of DVA1 is stopped in good order under load", {"FLV-1", "FLV-4", "MOV-7"}, clean_stop},
      {"slow-report",
       "the owner of DVA1 is killed while a target stands still and reports late",
       {"FLV-5", "FLV-6", "FLV-4"},
       slow_report},
      {"refused", "connections to ports without a listener", {"RTE-5", "TGT-1"}, refused},
      {"listener-end", "a listener ends, an application is killed", {"TGT-2", "RTE-6"}, listener_end},
      {"packets",
       "every packet of some connections, from the client to the target and back",
       {"RTE-2", "RTE-4", "RTE-9", "RTE-12", "LST-2"},
       packets_unchanged},
      {"failover-rounds",
       "one failover after the other while connections open and close",
       {"FLV-1", "FLV-4", "FLV-5", "FLV-7", "LIVE-1", "LIVE-2"},
       failover_rounds},
  };
  return scenarios;
}

std::span<const Scenario> takeback_scenarios() {
  static const std::vector<Scenario> scenarios = {
      {"takeback-rounds",
       "the killed owner of DVA1 comes back and takes it back, again and again, under load",
       {"TKB-1", "TKB-2", "TKB-3", "TKB-4", "TKB-5", "TKB-6", "LIVE-2"},
       takeback_rounds},
      {"takeback-owner-dies",
       "the present owner is killed while the primary takes DVA1 back",
       {"TKB-7", "FLV-1", "FLV-4"},
       takeback_owner_dies},
      {"takeback-primary-dies",
       "the primary is killed again while it takes DVA1 back",
       {"TKB-7", "FLV-4"},
       takeback_primary_dies},
      {"paused-owner",
       "the owner of DVA1 stands still for longer than the detection time, and goes on",
       {"FLV-9", "FLV-10", "RTE-2"},
       paused_owner},
      {"partition", "the owner of DVA1 is cut off, and comes back while it still owns", {"FLV-11", "RTE-2"}, partition},
      {"bus-cut",
       "the bus to the owner of DVA1 is cut while the segment is not, and mended",
       {"FLV-11", "RTE-2", "FLV-12"},
       bus_cut},
      {"split",
       "the segment falls into two parts with a client on each, and is whole again",
       {"FLV-11", "RTE-2", "FLV-4", "FLV-12"},
       split},
  };
  return scenarios;
}

std::span<const Scenario> moves_scenarios() {
  static const std::vector<Scenario> scenarios = {
      {"there-and-back",
       "DVA1 moves to another stack and back, again and again, under load",
       {"MOV-2", "MOV-5", "CFG-7"},
       there_and_back},
      {"chain-of-moves",
       "DVA1 moves on and on, with connections on every stack",
       {"MOV-2", "MOV-4", "MOV-5"},
       chain_of_moves},
      {"deactivated", "the operator deactivates DVA1 at its primary and reactivates it", {"MOV-7"}, deactivated},
  };
  return scenarios;
}

std::span<const Scenario> operator_scenarios() {
  static const std::vector<Scenario> scenarios = {
      {"profile-change",
       "the profile of the owner of DVA1 is changed under load, in every way",
       {"CFG-7", "RTE-1", "RTE-8", "LST-1"},
       profile_change},
      {"quiesced-target",
       "a target takes no new connections for a while",
       {"MOV-7", "TGT-1", "TGT-2", "RTE-6"},
       quiesced_target},
      {"capacity", "targets report what their hosts can do, and one is busy", {"RTE-8", "CFG-7"}, capacity},
      {"affinity", "clients come back to the target that they were at", {"RTE-8", "CFG-7"}, affinity},
      {"group-left", "the owner of DVA1 leaves its group and joins it again", {"MOV-7", "TKB-6"}, group_left},
  };
  return scenarios;
}

std::span<const Suite> suites() {
  static const std::array<Suite, 4> all = {{{"failover", failover_scenarios()},
                                            {"takeback", takeback_scenarios()},
                                            {"moves", moves_scenarios()},
                                            {"operator", operator_scenarios()}}};
  return all;
}

const Suite* find_suite(std::string_view name) {
  const auto all = suites();
  const auto found = std::ranges::find(all, name, &Suite::name);
  return found == all.end() ? nullptr : &*found;
}

lab::Result<SuiteResult> run_scenarios(const Selection& selection, const Implementation& implementation,
                                       const SuiteOptions& options, const Say& say) {
  // Other jobs of this machine should not be measured; without the right to do so they are.
  (void)::setpriority(PRIO_PROCESS, 0, -10);
  SuiteResult suite;
  suite.suite = selection.suites;
  suite.implementation = implementation.description();
  suite.seed = options.seed;
  suite.started_ns = load::realtime_ns();
  suite.environment = environment();
  for (const Scenario* scenario : selection.scenarios) {
    auto result = play(*scenario, implementation, options, say);
    if (!result) return tl::unexpected(result.error());
    suite.scenarios.push_back(std::move(*result));
  }
  return suite;
}

}  // namespace dvipa::conform
