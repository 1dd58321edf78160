#pragma once
// A few stacks whose messages go through FIFO queues by hand: enough to see what one of them does. Not a world: nothing
// is lost, and nothing is random.
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "impl/stack/stack.hpp"

namespace dvipa::test {

inline const Address dva1 = *parse_address("10.77.1.1");
inline const Address dvb1 = *parse_address("10.77.2.1");
inline Address xcf(unsigned n) { return Address::v4(0x0a4d0000U + n); }
inline Remote client(std::uint32_t n) {
  return {Address::v4(0x0a4d0064U + (n >> 14)), static_cast<Port>(10000 + (n & 0x3fff)), 60};
}

inline Distribution distribution(std::vector<unsigned> targets) {
  Distribution made;
  made.ports.ranges = {{60, 60}};
  for (const unsigned target : targets) made.targets.xcf_addresses.push_back(xcf(target));
  return made;
}

// The example of F Fig 4: DVA1 primary on 1, backup on 5 with candidates of its own; DVB1 primary on 5, backup on 1.
inline Definitions definitions_of(unsigned stack) {
  const auto define = [](const Address& dvipa, Part part, std::uint8_t rank, std::optional<Distribution> how) {
    DvipaDefinition definition;
    definition.dvipa = dvipa;
    definition.part = part;
    definition.rank = rank;
    definition.distribution = std::move(how);
    return definition;
  };
  Definitions definitions;
  if (stack == 1)
    definitions.dvipas = {define(dva1, Part::primary, 0, distribution({1, 2, 4})), define(dvb1, Part::backup, 30, {})};
  if (stack == 5)
    definitions.dvipas = {define(dva1, Part::backup, 10, distribution({2, 3, 4})),
                          define(dvb1, Part::primary, 0, distribution({}))};
  return definitions;
}

// The seeded fault that all stacks of this process have: DVIPA_MUTANT in the environment (see mutants_test.cpp).
inline Mutant mutant_under_test() {
  const char* name = std::getenv("DVIPA_MUTANT");
  return name == nullptr ? Mutant::none : mutant_of(name).value_or(Mutant::none);
}

class Cluster {
 public:
  explicit Cluster(unsigned count) : count_(count) {}

  // Starts stack n with listeners on port 60 (wildcard) if `listening`; it meets all others.
  void start(unsigned n, const Definitions& definitions, bool listening = true) {
    start_alone(n, definitions, listening);
    for (auto& [other, stack] : stacks_)
      if (other != n) meet(n, other);
  }
  void start_alone(unsigned n, const Definitions& definitions, bool listening = true) {
    StackSettings settings;
    settings.lists_to_concerned = lists_to_concerned;
    settings.self = id(n);
    settings.mutant = mutant_under_test();
    for (unsigned i = 1; i <= count_; ++i) settings.xcf_addresses.push_back(xcf(i));
    stacks_[n] = std::make_unique<Stack>(settings);
    give(n, input::DefinitionsSet{definitions});
    if (listening) {
      give(n, input::ListenerChanged{Address::v4(0), 60, true});
      give(n, input::ListenerChanged{Address{}, 60, true});
    }
    give(n, input::Started{++lives_[n]});
  }
  // Stack n is back, has heard what all others have to say, and its time to find members is over.
  void come_back(unsigned n) {
    start(n, definitions_of(n));
    for (const auto& [other, stack] : stacks_)
      if (other != n) deliver_all(other, n);
    fire(n, Timer::Kind::join);
  }
  void meet(unsigned one, unsigned other) {
    give(one, input::MemberUp{id(other), lives_[other]});
    give(other, input::MemberUp{id(one), lives_[one]});
  }
  void part(unsigned one, unsigned other) {
    give(one, input::MemberDown{id(other)});
    give(other, input::MemberDown{id(one)});
  }
  void start_all() {
    for (unsigned n = 1; n <= count_; ++n) start(n, definitions_of(n));
    for (unsigned n = 1; n <= count_; ++n) fire(n, Timer::Kind::join);
    settle();
  }
  void crash(unsigned n) {
    stacks_.erase(n);
    advertised_.erase(n);
    std::erase_if(work_, [&](const auto& each) { return each.first == n; });
    for (auto& [pair, queue] : queues_)
      if (pair.second == n) queue.clear();
    for (auto& [other, stack] : stacks_) {
      deliver_all(n, other);
      give(other, input::MemberDown{id(n)});
    }
  }
  // Its messages are lost with it.
  void crash_silently(unsigned n) {
    for (auto& [pair, queue] : queues_)
      if (pair.first == n) queue.clear();
    crash(n);
  }
  void cut(const std::vector<unsigned>& one, const std::vector<unsigned>& other) {
    for (const unsigned a : one)
      for (const unsigned b : other) part(a, b);
    settle();
  }
  void mend(const std::vector<unsigned>& one, const std::vector<unsigned>& other) {
    for (const unsigned a : one)
      for (const unsigned b : other) meet(a, b);
    settle();
  }
  void age(unsigned n, unsigned ticks) {
    for (unsigned i = 0; i < ticks; ++i) fire(n, Timer::Kind::ageing);
  }
  void fire(unsigned n, Timer::Kind kind, const Address& dvipa = {}) { give(n, input::TimerFired{{kind, dvipa}}); }

  void give(unsigned n, Input input) {
    Effects effects;
    stacks_.at(n)->step(std::move(input), effects);
    for (Effect& each : effects) {
      if (auto* send = std::get_if<effect::Send>(&each)) {
        queues_[{n, send->to.value}].push_back(std::move(send->message));
      } else if (auto* advertise = std::get_if<effect::Advertise>(&each)) {
        advertised_[n].insert(advertise->dvipa);
        last_advertiser_[advertise->dvipa] = n;
      } else if (auto* withdraw = std::get_if<effect::Withdraw>(&each)) {
        advertised_[n].erase(withdraw->dvipa);
        last_advertiser_[withdraw->dvipa] = 0;
      } else if (auto* hold = std::get_if<effect::HoldAddress>(&each)) {
        work_.emplace_back(n, *hold);
      } else if (auto* look = std::get_if<effect::LookForConnections>(&each)) {
        work_.emplace_back(n, *look);
      } else if (auto* abort = std::get_if<effect::AbortConnections>(&each)) {
        aborted_.emplace_back(n, *abort);
      } else if (auto* broken = std::get_if<effect::BreakConnections>(&each)) {
        break_connections(n, broken->dvipa);
      } else if (auto* answered = std::get_if<effect::ActivationAnswered>(&each)) {
        answer_ = answered->answer;
      } else if (std::holds_alternative<effect::Left>(each)) {
        left_.insert(n);
      }
    }
  }
  // Its kernel resets them, and says so.
  void break_connections(unsigned n, const Address& dvipa) {
    std::vector<Remote> gone;
    at(n).dvipa(dvipa)->held_here.for_each([&](const Remote& remote, const tables::Route&) { gone.push_back(remote); });
    broken_[n] += gone.size();
    if (!gone.empty()) give(n, input::ConnectionsEnded{dvipa, gone});
  }
  std::size_t broken(unsigned n) { return broken_[n]; }
  // What stack n answers to an application that is about to bind to the DVIPA, or to an operator.
  effect::ActivationAnswered::Answer activate(unsigned n, const Address& dvipa, bool by_operator = false) {
    give(n, input::ActivationAsked{dvipa, by_operator});
    return answer_;
  }
  // The host of stack n does its work, in order, and hears what it tells itself: all that its kernel holds is known to
  // the stack already, but for `half_open`.
  void look(unsigned n, const std::vector<Remote>& half_open = {}) {
    for (const auto& each : std::exchange(work_, {})) {
      if (each.first != n) {
        work_.push_back(each);
      } else if (const auto* hold = std::get_if<effect::HoldAddress>(&each.second)) {
        give(n, input::AddressHeld{hold->dvipa, hold->active});
      } else {
        const auto& look = std::get<effect::LookForConnections>(each.second);
        give(n, input::ConnectionsFound{look.dvipa, look.epoch, half_open});
      }
    }
    while (deliver_one(n, n)) {
    }
  }
  bool deliver_one(unsigned from, unsigned to) {
    auto& queue = queues_[{from, to}];
    if (queue.empty() || !stacks_.contains(to)) return false;
    Message message = std::move(queue.front());
    queue.pop_front();
    give(to, input::Received{id(from), std::move(message)});
    return true;
  }
  void deliver_all(unsigned from, unsigned to) {
    look(from);
    while (deliver_one(from, to)) {
    }
  }
  // What stack n wants aborted, its kernel aborts; returns how many connections that were.
  std::size_t abort_connections(unsigned n) {
    std::size_t count = 0;
    for (const auto& [at, abort] : std::exchange(aborted_, {})) {
      if (at != n) continue;
      count += abort.remotes.size();
      give(n, input::ConnectionsEnded{abort.dvipa, abort.remotes});
    }
    return count;
  }
  void settle() {
    unsigned rounds = 0;
    for (bool moved = true; moved;) {
      constexpr unsigned rounds_max = 1000;  // more than any test needs to come to rest
      if (++rounds > rounds_max) {
        ADD_FAILURE() << "the cluster does not settle";
        return;
      }
      moved = false;
      for (unsigned n = 1; n <= count_; ++n) look(n);
      for (unsigned from = 1; from <= count_; ++from)
        for (unsigned to = 1; to <= count_; ++to) moved = deliver_one(from, to) || moved;
    }
  }

  Verdict packet(unsigned at, const Address& dvipa, const Remote& remote, bool syn, unsigned forwarded_by = 0,
                 bool relayed = false) {
    Segment segment;
    segment.connection = {dvipa, remote};
    segment.syn = syn;
    segment.forwarded_by = id(forwarded_by);
    segment.relayed = relayed;
    return stacks_.at(at)->route(segment);
  }
  // A client opens a connection at the owner; returns its target. The target's kernel then holds it.
  unsigned connect(unsigned owner, const Address& dvipa, const Remote& remote) {
    const Verdict verdict = packet(owner, dvipa, remote, true);
    if (verdict.report) give(owner, input::RouteReported{{dvipa, remote}, verdict.stack});
    if (verdict.stack) give(verdict.stack.value, input::ConnectionAccepted{{dvipa, remote}});
    return verdict.stack.value;
  }

  Stack& at(unsigned n) { return *stacks_.at(n); }
  roles::OwnerState state(unsigned n, const Address& dvipa) { return at(n).dvipa(dvipa)->owner.state(); }
  std::set<unsigned> advertisers(const Address& dvipa) const {
    std::set<unsigned> found;
    for (const auto& [n, dvipas] : advertised_)
      if (dvipas.contains(dvipa)) found.insert(n);
    return found;
  }
  // Who advertised after everybody's last withdrawal; 0: nobody did.
  unsigned last_advertiser(const Address& dvipa) const { return last_advertiser_.at(dvipa); }
  std::size_t routes(unsigned n, const Address& dvipa) { return at(n).dvipa(dvipa)->routes.size(); }
  std::size_t listeners(unsigned n, const Address& dvipa) { return at(n).dvipa(dvipa)->listeners.size(); }
  bool has_left(unsigned n) const { return left_.contains(n); }
  static StackId id(unsigned n) { return {static_cast<std::uint8_t>(n)}; }

  bool lists_to_concerned = false;  // of stacks that are started from now on

 private:
  unsigned count_;
  std::map<unsigned, std::unique_ptr<Stack>> stacks_;
  std::map<unsigned, Incarnation> lives_;
  std::map<std::pair<unsigned, unsigned>, std::deque<Message>> queues_;
  std::map<unsigned, std::set<Address>> advertised_;
  std::map<Address, unsigned> last_advertiser_;
  using Work = std::variant<effect::HoldAddress, effect::LookForConnections>;
  std::vector<std::pair<unsigned, Work>> work_;  // of hosts, not done yet
  std::vector<std::pair<unsigned, effect::AbortConnections>> aborted_;
  std::set<unsigned> left_;
  std::map<unsigned, std::size_t> broken_;
  effect::ActivationAnswered::Answer answer_{};
};

}  // namespace dvipa::test
