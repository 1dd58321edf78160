#include <algorithm>
#include <csignal>

#include "harness/conform/play/live_board.hpp"
#include "harness/conform/play/script.hpp"
#include "impl/live/control/control_client.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using world::Command;
using world::Verb;

constexpr auto answer_limit = 15s;  // longer than a stack itself waits until what it was told is done

}  // namespace

lab::Result<std::unique_ptr<LiveBoard>> LiveBoard::set_up(const world::Scenario& scenario,
                                                          const Implementation& implementation,
                                                          const std::string& folder) {
  auto cluster = Cluster::build(implementation, folder, plan_of(scenario));
  if (!cluster) return tl::unexpected(cluster.error());
  auto segment = Segment::open((*cluster)->lab());
  if (!segment) return tl::unexpected(segment.error());
  std::unique_ptr<LiveBoard> board(new LiveBoard(std::move(*cluster), std::move(*segment)));
  for (const auto& [name, dvipa] : scenario.dvipas) board->dvipas_.push_back(dvipa);
  for (std::size_t n = 1; n <= scenario.profiles.size(); ++n)
    board->hosts_[{static_cast<std::uint8_t>(n)}].profile = scenario.profiles[n - 1];
  return board;
}

lab::Result<void> LiveBoard::perform(const Command& command) {
  const StackId stack = command.stack;
  switch (command.verb) {
    case Verb::start:
      return start(stack);
    case Verb::kill:
      return kill(stack), lab::Result<void>{};
    case Verb::kill_process:
      if (hosts_[stack].life != Life::up) return {};
      (void)cluster_->kill_stack(host_of(stack));
      hosts_[stack].life = Life::without_stack;
      return {};
    case Verb::stop:
      if (hosts_[stack].life != Life::up) return {};
      (void)cluster_->begin_stop(host_of(stack));
      hosts_[stack].life = Life::leaving;
      return {};
    case Verb::pause:
      return pause(stack), lab::Result<void>{};
    case Verb::resume:
      return resume(stack), lab::Result<void>{};
    case Verb::listen:
      return listen(stack, {command.address, command.port});
    case Verb::close_listener:
    case Verb::abort_application:
      return end_listener(stack, {command.address, command.port}, command.verb == Verb::abort_application),
             lab::Result<void>{};
    case Verb::connect:
      return callers_.connect(command);
    case Verb::send:
      return callers_.send(command.connection, command.amount), lab::Result<void>{};
    case Verb::close:
      return callers_.close(command.connection), lab::Result<void>{};
    case Verb::partition:
      return partition(command.sides);
    case Verb::heal:
      return cluster_->lab().part({});
    case Verb::settle:
      return end_faults();
    case Verb::activate:
      return activate(stack, command.address, command.amount != 0);
    case Verb::define:
      return define(stack, *command.definition);
    case Verb::weight: {
      nlohmann::ordered_json request = {{"verb", "vary"},
                                        {"command", "weight"},
                                        {"dvipa", to_string(command.address)},
                                        {"target", host_of(command.other)}};
      if (command.amount >= 0) request["weight"] = command.amount;
      return order(stack, request);
    }
    default:  // time passes; what else there is has no place in a lab
      return {};
  }
}

lab::Result<void> LiveBoard::end_faults() {
  for (auto& [stack, host] : hosts_) resume(stack);
  return cluster_->lab().part({});
}

// --- hosts -----------------------------------------------------------------------------------------------------------

lab::Result<void> LiveBoard::start(StackId stack) {
  Host& host = hosts_[stack];
  if (host.life != Life::down && host.life != Life::without_stack) return {};
  if (auto written = cluster_->write(profile_of(stack, host.profile)); !written) return written;
  if (auto plugged = cluster_->lab().set_link(host_of(stack), true); !plugged) return plugged;
  host.life = Life::up;
  for (const Endpoint& endpoint : std::set(host.applications))
    if (auto listening = listen(stack, endpoint); !listening) return listening;
  return cluster_->start_stack(host_of(stack));
}

// Nothing more comes from the host, and then all that was in it is gone, the ends of its connections too.
void LiveBoard::kill(StackId stack) {
  if (hosts_[stack].life == Life::down) return;
  (void)cluster_->pull_cable(host_of(stack));
  if (hosts_[stack].life != Life::without_stack) (void)cluster_->kill_stack(host_of(stack));
  take_down(stack);
}

void LiveBoard::take_down(StackId stack) {
  hosts_[stack].servers.clear();
  hosts_[stack].life = Life::down;
}

void LiveBoard::pause(StackId stack) {
  Host& host = hosts_[stack];
  if (host.life != Life::up) return;
  (void)cluster_->pause_stack(host_of(stack));
  for (auto& [endpoint, server] : host.servers) server.process().signal(SIGSTOP);
  host.life = Life::paused;
}

void LiveBoard::resume(StackId stack) {
  Host& host = hosts_[stack];
  if (host.life != Life::paused) return;
  for (auto& [endpoint, server] : host.servers) server.process().signal(SIGCONT);
  cluster_->continue_stack(host_of(stack));
  host.life = Life::up;
}

// --- applications ----------------------------------------------------------------------------------------------------

lab::Result<void> LiveBoard::listen(StackId stack, const Endpoint& endpoint) {
  Host& host = hosts_[stack];
  if (host.life == Life::paused) return {};
  host.applications.insert(endpoint);
  if (host.life == Life::down) return {};
  if (const auto running = host.servers.find(endpoint); running != host.servers.end())
    return running->second.listen_again(), lab::Result<void>{};
  load::ServerOptions options;
  options.port = endpoint.second;
  if (!endpoint.first.is_none()) options.address = endpoint.first;
  options.ends_by_reset = true;
  auto server = Server::start(cluster_->lab(), host_of(stack), options);
  if (!server) return tl::unexpected(server.error());
  host.servers.emplace(endpoint, std::move(*server));
  return {};
}

void LiveBoard::end_listener(StackId stack, const Endpoint& endpoint, bool application_dies) {
  Host& host = hosts_[stack];
  if (host.life == Life::paused) return;
  host.applications.erase(endpoint);
  const auto running = host.servers.find(endpoint);
  if (running == host.servers.end()) return;
  if (application_dies) return void(host.servers.erase(running));
  running->second.end_listener();
}

// --- the network -----------------------------------------------------------------------------------------------------

lab::Result<void> LiveBoard::partition(const world::Sides& sides) {
  std::set<std::string> beyond;
  for (const lab::HostPlan& host : cluster_->lab().hosts())
    if (!host.is_client && (sides.members[1] >> stack_of(host.name).value & 1U) != 0) beyond.insert(host.name);
  for (std::uint32_t client = 0; client < lab::clients_max; ++client)
    if ((sides.clients[1] >> client & 1U) != 0) beyond.insert(client_host(client));
  return cluster_->lab().part(beyond);
}

// --- operators -------------------------------------------------------------------------------------------------------

lab::Result<void> LiveBoard::define(StackId stack, const DvipaDefinition& definition) {
  Host& host = hosts_[stack];
  if (host.life == Life::paused) return {};
  auto& dvipas = host.profile.dvipas;
  const bool is_defined =
      std::erase_if(dvipas, [&](const DvipaDefinition& each) { return each.dvipa == definition.dvipa; }) != 0;
  if (definition.part != Part::none) dvipas.push_back(definition);
  std::ranges::sort(dvipas, {}, &DvipaDefinition::dvipa);
  if (host.life != Life::up) return {};
  return order(
      stack,
      {{"verb", "vary"}, {"command", "obey"}, {"file", "scenario"}, {"text", amendment(definition, is_defined)}});
}

// Asked for by a process of its own: the answer comes when the address can be bound to, and life goes on until then.
lab::Result<void> LiveBoard::activate(StackId stack, const Address& dvipa, bool by_operator) {
  Host& host = hosts_[stack];
  if (host.life != Life::up) return {};
  std::string last;
  host.activations_before = activations(stack, last);
  const nlohmann::ordered_json request = {{"verb", "vary"},
                                          {"command", "activate"},
                                          {"dvipa", to_string(dvipa)},
                                          {"by", by_operator ? "operator" : "bind"}};
  auto errand = lab::Process::start([&] { return control::ask(control_of(stack), request, answer_limit) ? 0 : 1; });
  if (!errand) return tl::unexpected(errand.error());
  errands_.push_back(std::move(*errand));
  return {};
}

// A refusal is left for the comparison to find.
lab::Result<void> LiveBoard::order(StackId stack, const nlohmann::ordered_json& request) {
  if (hosts_[stack].life != Life::up) return {};
  const auto answer = control::ask(control_of(stack), request, answer_limit);
  if (!answer) return tl::unexpected(lab::Failure{answer.error().what, answer.error().remedy});
  return {};
}

}  // namespace dvipa::conform
