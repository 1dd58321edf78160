// What can be seen of live hosts: the displays of the stacks, the sockets and addresses of the kernels, the segment.
#include <fmt/format.h>
#include <ifaddrs.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "harness/conform/load/socket_address.hpp"
#include "harness/conform/play/live_board.hpp"
#include "harness/conform/play/script.hpp"
#include "impl/live/control/control_client.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using world::StackView;

constexpr auto display_limit = 1s;
constexpr auto neighbour_limit = 15ms;  // until who has an address has said so

Json netstat(const char* report) { return {{"verb", "netstat"}, {"report", report}, {"detail", true}}; }

Address address_in(const Json& row, const char* key) { return parse_address(row.value(key, "")).value_or(Address{}); }

void add_state(StackId stack, const Json& rows, std::map<Address, Sight>& sights) {
  for (auto& [dvipa, sight] : sights) {
    StackView& mine = sight.view.stacks[stack];
    mine.state = "bystander";
    sight.unconcerned.insert(stack);
  }
  for (const Json& row : rows) {
    const auto sight = sights.find(address_in(row, "ip_address"));
    if (sight == sights.end()) continue;
    StackView& mine = sight->second.view.stacks[stack];
    mine.state = row.value("state", "");
    mine.owner = stack_of(row.value("owner", ""));
    sight->second.unconcerned.erase(stack);
  }
}

void add_listeners(StackId stack, const Json& rows, std::map<Address, Sight>& sights) {
  for (const Json& row : rows) {
    const auto sight = sights.find(address_in(row, "dest"));
    if (sight != sights.end() && row.value("ready", 0) == 1)
      sight->second.view.stacks[stack].listeners[row.value("port", Port{0})].insert(stack_of(row.value("target", "")));
  }
}

void add_routes(StackId stack, const Json& rows, const std::map<std::uint32_t, Callers::Caller>& callers,
                std::map<Address, Sight>& sights) {
  for (const Json& row : rows) {
    const auto sight = sights.find(address_in(row, "dest"));
    if (sight == sights.end() || row.value("role", "") != "routed") continue;
    const Remote remote{address_in(row, "source"), row.value("source_port", Port{0}), row.value("port", Port{0})};
    for (const auto& [number, caller] : callers)
      if (caller.tuple == Connection{sight->first, remote})
        sight->second.view.stacks[stack].routes[number] = stack_of(row.value("target", ""));
  }
}

}  // namespace

// In the host's own /run, through the process that holds its namespaces.
std::filesystem::path LiveBoard::control_of(StackId stack) const {
  const std::string host = host_of(stack);
  return fmt::format("/proc/{}/root/run/dvipa/{}.sock", cluster_->lab().holder(host), host);
}

std::optional<Json> LiveBoard::ask(StackId stack, const Json& request) {
  auto answer = control::ask(control_of(stack), request, display_limit);
  if (!answer || !answer->value("ok", false)) return std::nullopt;
  return (*answer)["rows"];
}

// A stack that does not answer, because it is about to start or leaves, is in no view.
void LiveBoard::look_at(StackId stack, std::map<Address, Sight>& sights) {
  const auto dynamic = ask(stack, netstat("vipadyn"));
  const auto destinations = ask(stack, netstat("vdpt"));
  const auto connections = ask(stack, netstat("vcrt"));
  if (!dynamic || !destinations || !connections) return;
  add_state(stack, *dynamic, sights);
  add_listeners(stack, *destinations, sights);
  add_routes(stack, *connections, callers_.all(), sights);
}

lab::Result<std::map<Address, Sight>> LiveBoard::look() {
  std::map<Address, Sight> sights;
  for (const Address& dvipa : dvipas_) sights[dvipa];
  for (auto& [stack, host] : hosts_) {
    if (host.life == Life::leaving && !cluster_->stack(host_of(stack)).running()) kill(stack);
    if (host.life == Life::up || host.life == Life::leaving) look_at(stack, sights);
  }
  for (auto& [dvipa, sight] : sights)
    for (const StackId holder : segment_.holders(dvipa, neighbour_limit))
      if (const auto mine = sight.view.stacks.find(holder); mine != sight.view.stacks.end())
        mine->second.advertises = true;
  if (auto looked = look_at_connections(sights); !looked) return tl::unexpected(looked.error());
  return sights;
}

lab::Result<void> LiveBoard::look_at_connections(std::map<Address, Sight>& sights) {
  std::map<Connection, std::set<StackId>> held;
  for (auto& [stack, host] : hosts_) {
    if (host.life != Life::up && host.life != Life::leaving) continue;
    const auto connections = connections_at(stack);
    if (!connections) return tl::unexpected(connections.error());
    for (const kernel::DiagnosedConnection& each : *connections)
      if (!each.waiting) held[each.connection].insert(stack);
  }
  for (auto& [number, caller] : callers_.all()) {
    const std::set<StackId>& holders = held[caller.tuple];
    world::ConnectionView mine;
    mine.state = caller.state();
    if (mine.state == "established" && !caller.peer && holders.size() == 1) caller.peer = *holders.begin();
    if (mine.state == "established") mine.peer = caller.peer;
    mine.acknowledged = caller.acknowledged();
    mine.waits = caller.acknowledged() < caller.wanted;
    mine.held_at = holders;
    sights[caller.tuple.dvipa].view.connections[number] = mine;
  }
  return {};
}

lab::Result<std::vector<kernel::DiagnosedConnection>> LiveBoard::connections_at(StackId stack) {
  auto& sockets = hosts_[stack].sockets;
  std::optional<kernel::Failure> failed;
  if (!sockets) {
    auto entered = cluster_->lab().within(host_of(stack), [&] {
      auto opened = kernel::SockDiag::open();
      if (opened) sockets.emplace(std::move(*opened));
      if (!opened) failed = opened.error();
    });
    if (!entered) return tl::unexpected(entered.error());
  }
  if (failed) return tl::unexpected(lab::Failure{failed->what, failed->remedy});
  auto found = sockets->connections(dvipas_);
  if (!found) return tl::unexpected(lab::Failure{found.error().what, found.error().remedy});
  return std::move(*found);
}

lab::Result<bool> LiveBoard::holds(StackId stack, const Address& address) {
  bool found = false;
  auto entered = cluster_->lab().within(host_of(stack), [&] {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return;
    for (const ifaddrs* each = all; each != nullptr; each = each->ifa_next) {
      if (each->ifa_addr == nullptr || each->ifa_addr->sa_family != AF_INET) continue;
      load::SocketAddress mine;
      std::memcpy(&mine.storage, each->ifa_addr, sizeof(sockaddr_in));
      found = found || load::address_of(mine) == address;
    }
    ::freeifaddrs(all);
  });
  if (!entered) return tl::unexpected(entered.error());
  return found;
}

std::size_t LiveBoard::activations(StackId stack, std::string& last) {
  std::size_t count = 0;
  for (const LogEvent& event : cluster_->events()) {
    if (event.stack != host_of(stack) || event.event != "activation") continue;
    ++count;
    last = event.text("answer");
  }
  return count;
}

std::string LiveBoard::answer(StackId stack) {
  std::string last;
  return activations(stack, last) > hosts_[stack].activations_before ? last : "";
}

}  // namespace dvipa::conform
