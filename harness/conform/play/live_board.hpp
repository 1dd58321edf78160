#pragma once
// The commands of a scenario done to live hosts. As in a world, what cannot be asked for changes nothing.
#include <map>
#include <optional>
#include <set>
#include <string>

#include "harness/conform/cluster.hpp"
#include "harness/conform/play/callers.hpp"
#include "harness/conform/play/segment.hpp"
#include "harness/world/view.hpp"
#include "impl/live/kernel/sock_diag.hpp"

namespace dvipa::conform {

// What can be seen of one DVIPA from outside and from the stacks' displays.
struct Sight {
  world::View view;
  // These have no line of it in their display: nothing is known of whom they take for the owner.
  std::set<StackId> unconcerned;
};

class LiveBoard {
 public:
  static lab::Result<std::unique_ptr<LiveBoard>> set_up(const world::Scenario& scenario,
                                                        const Implementation& implementation,
                                                        const std::string& folder);

  lab::Result<void> perform(const world::Command& command);
  // Whatever stands still or is parted goes on.
  lab::Result<void> end_faults();
  // Lets the connections go on for so long.
  void tend(std::chrono::milliseconds time) { callers_.tend(time); }

  lab::Result<std::map<Address, Sight>> look();
  lab::Result<bool> holds(StackId stack, const Address& address);
  // Whom each client that has asked takes for the one that has the address, by its neighbour table.
  lab::Result<std::map<std::string, StackId>> neighbours(const Address& address) {
    return neighbours_of_clients(cluster_->lab(), address);
  }
  // What the stack has answered to the last activation (MOV); empty: nothing yet.
  std::string answer(StackId stack);
  Callers& callers() { return callers_; }
  // A stack that has ended though nobody ended it.
  std::optional<std::string> unexpected_end() { return cluster_->unexpected_end(); }
  std::optional<lab::Failure> lacking() { return cluster_->lacking(); }

 private:
  using Endpoint = std::pair<Address, Port>;
  enum class Life : std::uint8_t { down, up, leaving, paused, without_stack };
  struct Host {
    Life life = Life::down;
    Definitions profile;
    std::set<Endpoint> applications;     // what listens when the host is up
    std::map<Endpoint, Server> servers;  // those that run, also with their listener closed
    std::optional<kernel::SockDiag> sockets;
    std::size_t activations_before = 0;  // answers in its log, before the last activation was asked for
  };

  explicit LiveBoard(std::unique_ptr<Cluster> cluster, Segment segment)
      : cluster_(std::move(cluster)), segment_(std::move(segment)), callers_(cluster_->lab()) {}

  // live_commands.cpp
  lab::Result<void> start(StackId stack);
  void kill(StackId stack);
  void take_down(StackId stack);
  void pause(StackId stack);
  void resume(StackId stack);
  lab::Result<void> listen(StackId stack, const Endpoint& endpoint);
  void end_listener(StackId stack, const Endpoint& endpoint, bool application_dies);
  lab::Result<void> partition(const world::Sides& sides);
  lab::Result<void> define(StackId stack, const DvipaDefinition& definition);
  lab::Result<void> activate(StackId stack, const Address& dvipa, bool by_operator);
  lab::Result<void> order(StackId stack, const nlohmann::ordered_json& request);

  // live_look.cpp
  std::optional<nlohmann::ordered_json> ask(StackId stack, const nlohmann::ordered_json& request);
  std::filesystem::path control_of(StackId stack) const;
  void look_at(StackId stack, std::map<Address, Sight>& sights);
  lab::Result<void> look_at_connections(std::map<Address, Sight>& sights);
  lab::Result<std::vector<kernel::DiagnosedConnection>> connections_at(StackId stack);
  std::size_t activations(StackId stack, std::string& last);

  std::unique_ptr<Cluster> cluster_;
  Segment segment_;
  Callers callers_;
  std::map<StackId, Host> hosts_;
  std::vector<Address> dvipas_;
  std::vector<lab::Process> errands_;  // activations that are asked for: the answer may take a while
};

}  // namespace dvipa::conform
