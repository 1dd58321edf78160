// The account as CBOR, for its way from the client's process to the one that judges.
#include "harness/conform/load/account.hpp"

#include <array>

namespace dvipa::load {
namespace {

using nlohmann::json;

json json_of(const ConnectionAccount& each) {
  return {each.id,
          static_cast<int>(each.use),
          each.target,
          to_string(each.local),
          each.local_port,
          each.server,
          each.begun_ns,
          each.opened_ns,
          each.ended_ns,
          each.exchanges,
          each.longest_wait_ns,
          static_cast<int>(each.outcome),
          each.damages};
}

ConnectionAccount connection_from(const json& from) {
  ConnectionAccount account;
  account.id = from.at(0);
  account.use = static_cast<Use>(from.at(1).get<int>());
  account.target = from.at(2);
  account.local = parse_address(from.at(3).get<std::string>()).value_or(Address{});
  account.local_port = from.at(4);
  account.server = from.at(5);
  account.begun_ns = from.at(6);
  account.opened_ns = from.at(7);
  account.ended_ns = from.at(8);
  account.exchanges = from.at(9);
  account.longest_wait_ns = from.at(10);
  account.outcome = static_cast<Outcome>(from.at(11).get<int>());
  account.damages = from.at(12);
  return account;
}

json json_of(const Window& window) {
  json waits = json::array();
  for (const Window::Wait& wait : window.waits) waits.push_back({wait.target, wait.server, wait.longest_ns});
  return {window.from_ns, window.to_ns, waits};
}

Window window_from(const json& from) {
  Window window{from.at(0), from.at(1), {}};
  for (const json& wait : from.at(2)) window.waits.push_back({wait.at(0), wait.at(1), wait.at(2)});
  return window;
}

}  // namespace

std::string_view name_of(Outcome outcome) {
  constexpr std::array<std::string_view, 7> names = {"kept",    "reset",      "timed out", "closed",
                                                     "refused", "not opened", "damaged"};
  return names.at(static_cast<std::size_t>(outcome));
}

std::string_view name_of(Use use) {
  constexpr std::array<std::string_view, 3> names = {"steady", "churn", "probe"};
  return names.at(static_cast<std::size_t>(use));
}

std::vector<std::uint8_t> to_bytes(const Account& account) {
  json connections = json::array();
  for (const ConnectionAccount& each : account.connections) connections.push_back(json_of(each));
  json probes = json::array();
  for (const auto& of_target : account.probes) {
    json list = json::array();
    for (const Probe& probe : of_target)
      list.push_back({probe.sent_ns, probe.wait_ns, probe.sent_again, probe.connection});
    probes.push_back(std::move(list));
  }
  json windows = json::array();
  for (const Window& window : account.windows) windows.push_back(json_of(window));
  json pauses = json::array();
  for (const Pause& pause : account.pauses) pauses.push_back({pause.from_ns, pause.to_ns});
  return json::to_cbor({{"connections", std::move(connections)},
                        {"probes", std::move(probes)},
                        {"probe_servers", account.probe_servers},
                        {"windows", std::move(windows)},
                        {"pauses", std::move(pauses)}});
}

std::optional<Account> account_from(const std::vector<std::uint8_t>& bytes) {
  const json from = json::from_cbor(bytes, true, false);
  Account account;
  try {
    for (const json& each : from.at("connections")) account.connections.push_back(connection_from(each));
    for (const json& of_target : from.at("probes")) {
      auto& list = account.probes.emplace_back();
      for (const json& probe : of_target) list.push_back({probe.at(0), probe.at(1), probe.at(2), probe.at(3)});
    }
    account.probe_servers = from.at("probe_servers").get<std::vector<std::string>>();
    for (const json& window : from.at("windows")) account.windows.push_back(window_from(window));
    for (const json& pause : from.at("pauses")) account.pauses.push_back({pause.at(0), pause.at(1)});
  } catch (const json::exception&) {
    return std::nullopt;
  }
  return account;
}

}  // namespace dvipa::load
