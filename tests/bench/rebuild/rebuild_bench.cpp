// How long a new owner takes to rebuild its table of connections from the reports of four targets (FLV-3), in the
// times that it takes to insert the same keys into boost::unordered_flat_map. Everything is real but the network: four
// processes, their bus connections over the loopback interface, codec, encryption.
//
// Both are measured in turns, so that what disturbs one disturbs the other. The goal is a ratio of at most 3.
#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "impl/live/bus/bus.hpp"
#include "impl/tables/routing_table.hpp"
#include "tests/bench/rebuild/members.hpp"

namespace dvipa::bench {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// What the reports go into: a flat map of the packed key, as the peer of the comparison...
class FlatMap {
 public:
  void insert(StackId target, const Remote& remote) { map_.insert_or_assign(tables::key_v4(remote).packed, target); }
  std::size_t size() const { return map_.size(); }

 private:
  boost::unordered_flat_map<std::uint64_t, StackId> map_;
};

// ... and the table of the product.
class Crt {
 public:
  void insert(StackId target, const Remote& remote) { table_.insert(remote, {.target = target}); }
  std::size_t size() const { return table_.size(); }

 private:
  tables::RoutingTable table_;
};

template <class Sink>
double insert_ms(const std::vector<std::vector<Remote>>& all) {
  const auto start = Clock::now();
  Sink sink;
  for (std::size_t target = 0; target < all.size(); ++target)
    for (const Remote& remote : all[target]) sink.insert(StackId{static_cast<std::uint8_t>(target + 1)}, remote);
  const double elapsed = ms_since(start);
  if (sink.size() != all.size() * all.front().size()) std::abort();
  return elapsed;
}

// The owner: announces itself, and is done when all have ended their reports.
class Owner : public bus::BusEvents {
 public:
  Owner() {
    auto bus = bus::Bus::open(io_, bench_cluster(), owner, 1, {}, *this);
    if (!bus) {
      std::fprintf(stderr, "rebuild: %s (%s)\n", bus.error().what.c_str(), bus.error().remedy.c_str());
      std::exit(3);
    }
    bus_.emplace(std::move(*bus));
    run_until([&] { return up_ == targets; });
  }

  template <class Sink>
  double rebuild_ms(std::size_t expected) {
    Sink sink;
    insert_ = [&](const NewConn& report) {
      for (const Remote& remote : report.remotes) sink.insert(report.target, remote);
    };
    ended_ = 0;
    VipaList list;
    list.entries.resize(1);
    list.entries[0].definition.dvipa = dvipa_of_bench();
    list.entries[0].claim = Claim::owning;
    list.entries[0].epoch = {++epoch_, owner};
    const auto start = Clock::now();
    for (std::uint8_t i = 1; i <= targets; ++i) bus_->send(StackId{i}, list);
    run_until([&] { return ended_ == targets; });
    const double elapsed = ms_since(start);
    if (sink.size() != expected) std::abort();
    return elapsed;
  }

  void on_member_up(StackId, Incarnation, const bus::MacAddress&) override { ++up_; }
  void on_member_down(StackId member, bus::DownReason reason) override {
    std::fprintf(stderr, "rebuild: target %u is down (%s)\n", unsigned{member.value}, to_string(reason).data());
    std::exit(3);
  }
  void on_message(StackId, Message&& message) override {
    if (const auto* report = std::get_if<NewConn>(&message)) insert_(*report);
    if (std::holds_alternative<EndOfReport>(message)) ++ended_;
  }
  void on_paused(std::uint64_t) override {}

 private:
  template <class Condition>
  void run_until(Condition&& condition) {
    while (!condition()) io_.run_one();
  }

  boost::asio::io_context io_{1};
  std::optional<bus::Bus> bus_;
  std::function<void(const NewConn&)> insert_;
  std::size_t up_ = 0;
  std::size_t ended_ = 0;
  std::uint32_t epoch_ = 0;
};

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int run(std::size_t connections, int rounds) {
  const std::size_t each = connections / targets;
  const Targets processes(each);
  std::vector<std::vector<Remote>> all;
  for (std::uint8_t i = 1; i <= targets; ++i) all.push_back(connections_of(StackId{i}, each));
  Owner new_owner;
  std::vector<double> flat_map, rebuild_flat_map, rebuild_crt, ratios;
  for (int round = 0; round < rounds; ++round) {
    flat_map.push_back(insert_ms<FlatMap>(all));
    rebuild_flat_map.push_back(new_owner.rebuild_ms<FlatMap>(each * targets));
    rebuild_crt.push_back(new_owner.rebuild_ms<Crt>(each * targets));
    ratios.push_back(rebuild_crt.back() / flat_map.back());
  }
  std::printf("%zu connections from %zu targets, median of %d rounds\n", each * targets, targets, rounds);
  std::printf("insert into boost::unordered_flat_map  %8.1f ms\n", median(flat_map));
  std::printf("rebuild into the same, over the bus    %8.1f ms\n", median(rebuild_flat_map));
  std::printf("rebuild of the CRT, over the bus       %8.1f ms\n", median(rebuild_crt));
  std::printf("ratio, CRT over the bus to flat map    %8.2f (goal: at most 3)\n", median(ratios));
  return median(ratios) <= 3 ? 0 : 1;
}

}  // namespace
}  // namespace dvipa::bench

// rebuild_bench [connections] [rounds]
int main(int argc, char** argv) {
  const std::size_t connections = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 15;
  return dvipa::bench::run(connections, rounds);
}
