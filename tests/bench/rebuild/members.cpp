#include "tests/bench/rebuild/members.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>

#include "impl/live/bus/bus.hpp"

namespace dvipa::bench {
namespace {

// Answers each list of the owner with its report (TGT-3, TGT-5).
class Target : public bus::BusEvents {
 public:
  Target(StackId self, std::size_t count) {
    report_.dvipa = dvipa_of_bench();
    report_.target = self;
    report_.remotes = connections_of(self, count);
  }
  void use(bus::Bus& bus) { bus_ = &bus; }

  void on_member_up(StackId, Incarnation, const bus::MacAddress&) override {}
  void on_member_down(StackId member, bus::DownReason) override {
    if (member == owner) std::_Exit(0);
  }
  void on_message(StackId from, Message&& message) override {
    const auto* list = std::get_if<VipaList>(&message);
    if (list == nullptr || from != owner) return;
    report_.epoch = list->entries.front().epoch;
    bus_->send(owner, report_);
    bus_->send(owner, EndOfReport{report_.dvipa, report_.epoch});
  }
  void on_paused(std::uint64_t) override {}

 private:
  NewConn report_;
  bus::Bus* bus_ = nullptr;
};

[[noreturn]] void run_target(StackId self, std::size_t count) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  Target target(self, count);
  boost::asio::io_context io(1);
  auto bus = bus::Bus::open(io, bench_cluster(), self, 1, {}, target);
  if (!bus) {
    std::fprintf(stderr, "%s\n", bus.error().what.c_str());
    std::_Exit(1);
  }
  target.use(*bus);
  io.run();
  std::_Exit(0);
}

}  // namespace

Address dvipa_of_bench() { return Address::v4(0x0a010901); }

Cluster bench_cluster() {
  Cluster cluster;
  cluster.key.fill(1);
  // While the owner measures the map it is not heard: nobody is to call it silent.
  cluster.heartbeat = {1000, 60};
  // The same network for this process and its targets: they are forked, and ask for it afterwards.
  static const auto network = 0x7f400000U | (static_cast<std::uint32_t>(::getpid()) & 0x3fffU) << 8;
  for (std::uint8_t i = 1; i <= targets + 1; ++i)
    cluster.members.push_back({fmt::format("MVS{}", i), Address::v4(network + i), 7400, StackId{i}});
  return cluster;
}

std::vector<Remote> connections_of(StackId target, std::size_t count) {
  std::vector<Remote> remotes(count);
  for (std::size_t i = 0; i < count; ++i) {
    // An odd factor: no two of 2^26 are alike.
    const std::uint32_t scattered = static_cast<std::uint32_t>(i) * 0x9e3779b1U & 0x03ffffffU;
    remotes[i] = {Address::v4(std::uint32_t{target.value} << 26 | scattered), static_cast<Port>(1024 + i % 60000), 443};
  }
  return remotes;
}

Targets::Targets(std::size_t connections_each) {
  bench_cluster();
  for (std::uint8_t i = 1; i <= targets; ++i) {
    const pid_t process = ::fork();
    if (process == 0) run_target(StackId{i}, connections_each);
    processes_.push_back(process);
  }
}

Targets::~Targets() {
  for (const pid_t process : processes_) {
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
  }
}

}  // namespace dvipa::bench
