#include "tests/live/bus/group.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace dvipa::bus::test {
namespace {

constexpr Port bus_port = 7400;

// 127.64-127.x.0: a network for each process.
std::uint32_t network() {
  const auto process = static_cast<std::uint32_t>(::getpid());
  return 0x7f400000U | (process & 0x3fffU) << 8;
}

std::string_view name_of(const Message& message) {
  static constexpr std::string_view names[] = {"VipaList", "SrvStat",  "NewConn",  "TermConn", "EndOfReport",
                                               "TakeOver", "Released", "Verify",   "NotHeld",  "Leaving",
                                               "Capacity", "Affinity", "ListAsked"};
  return names[message.index()];
}

}  // namespace

Cluster loopback_cluster(unsigned members, Heartbeat heartbeat, std::uint8_t key) {
  Cluster cluster;
  cluster.heartbeat = heartbeat;
  cluster.key.fill(key);
  for (unsigned i = 1; i <= members; ++i)
    cluster.members.push_back(
        {fmt::format("MVS{}", i), Address::v4(network() + i), bus_port, StackId{static_cast<std::uint8_t>(i)}});
  return cluster;
}

Address stranger_address() { return Address::v4(network() + 200); }

boost::asio::ip::tcp::endpoint endpoint_of(const ClusterMember& member) {
  return {boost::asio::ip::address_v4(member.xcf.v4_value()), member.port};
}

MacAddress mac_of(StackId stack) { return {2, 0, 0, 0, 0, stack.value}; }

void Recorder::on_member_up(StackId member, Incarnation incarnation, const MacAddress& mac) {
  events.push_back(fmt::format("up {} incarnation {}", member.value, incarnation));
  if (!up.emplace(member.value, incarnation).second) faults.push_back("up twice: " + events.back());
  macs[member.value] = mac;
}
void Recorder::on_member_down(StackId member, DownReason reason) {
  events.push_back(fmt::format("down {} {}", member.value, to_string(reason)));
  if (up.erase(member.value) == 0) faults.push_back("down twice: " + events.back());
}
void Recorder::on_message(StackId from, Message&& message) {
  events.push_back(fmt::format("message {} {}", from.value, name_of(message)));
  if (!up.contains(from.value)) faults.push_back("from one who is not up: " + events.back());
  messages[from.value].push_back(std::move(message));
  if (then) then(from, messages[from.value].back());
}
void Recorder::on_paused(std::uint64_t ms) {
  events.push_back("paused");
  if (ms == 0) faults.push_back("a pause of nothing");
}
std::size_t Recorder::count(const std::string& event) const {
  return static_cast<std::size_t>(std::count(events.begin(), events.end(), event));
}

std::vector<std::string> Recorder::about_members() const {
  std::vector<std::string> told = events;
  std::erase(told, "paused");
  return told;
}

Group::Group(unsigned members, Heartbeat heartbeat) : cluster(loopback_cluster(members, heartbeat)) {}

Group::~Group() {
  for (const auto& [stack, recorder] : recorders_)
    for (const std::string& fault : recorder->faults) ADD_FAILURE() << "at member " << int{stack} << ": " << fault;
  buses_.clear();
  io.restart();
  io.poll();
}

Bus& Group::start(std::uint8_t stack, Incarnation incarnation, const Cluster* different, const BusLimits& limits) {
  auto& recorder = recorders_[stack];
  if (!recorder) recorder = std::make_unique<Recorder>();
  recorder->up.clear();
  const Cluster& used = different == nullptr ? cluster : *different;
  auto bus = Bus::open(io, used, StackId{stack}, incarnation, mac_of(StackId{stack}), *recorder, limits);
  if (!bus) throw std::runtime_error(bus.error().what);
  buses_[stack] = std::make_unique<Bus>(std::move(*bus));
  return *buses_[stack];
}

void Group::stop(std::uint8_t stack) { buses_.erase(stack); }

bool Group::meshed() const {
  for (const auto& [stack, bus] : buses_)
    for (const auto& [other, unused] : buses_)
      if (stack != other && !recorders_.at(stack)->is_up(other)) return false;
  return true;
}

bool Group::run_until(const std::function<bool()>& condition, unsigned bound_ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(bound_ms);
  io.restart();
  while (!condition()) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return false;
    io.run_one_for(std::min<std::chrono::steady_clock::duration>(left, std::chrono::milliseconds(20)));
    io.restart();
  }
  return true;
}

}  // namespace dvipa::bus::test
