#pragma once
// Failover and takeback in small: the transition system of spec/promela/takeover.pml, step for step and with its names;
// what it is about is explained there. (spec/model is the whole of it.)
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "spec/checker/model.hpp"

namespace dvipa::bench {

// FIFO; unused places are 0.
template <std::size_t Max>
struct ByteChannel {
  std::array<std::uint8_t, Max> messages{};
  void push(unsigned message) {
    std::size_t at = 0;
    while (messages[at] != 0) ++at;
    messages[at] = static_cast<std::uint8_t>(message);
  }
  std::uint8_t pop() {
    const std::uint8_t first = messages[0];
    for (std::size_t i = 1; i < Max; ++i) messages[i - 1] = messages[i];
    messages[Max - 1] = 0;
    return first;
  }
  bool empty() const { return messages[0] == 0; }
};

struct CoreState {
  static constexpr unsigned kTargetsMax = 4;
  template <class Each>
  using OfTargets = std::array<Each, kTargetsMax>;

  enum class Primary : std::uint8_t { first, failed, claims, again };
  enum class Backup : std::uint8_t { backup, owns, hands_over, former };
  enum class End : std::uint8_t { none, half, open };
  enum class Client : std::uint8_t { closed, syn_sent, established };
  struct Router {
    std::uint8_t waiting = 0;
    std::uint8_t dpt = 0;
    std::uint8_t crt = 0;  // 0, or 1 + the target
  };

  Primary p = Primary::first;
  Backup b = Backup::backup;
  Router p_tables;
  Router b_tables;
  Client client = Client::closed;
  std::uint8_t peer = 0;
  std::uint8_t reach = 1;
  std::uint8_t harm = 0;
  std::array<std::uint8_t, 4> frames{};
  OfTargets<std::uint8_t> owner{};
  OfTargets<std::uint8_t> claim{};
  OfTargets<End> held{};
  OfTargets<ByteChannel<3>> to_p{};
  OfTargets<ByteChannel<3>> to_b{};
  OfTargets<ByteChannel<2>> p_to{};
  OfTargets<ByteChannel<1>> b_to{};
  ByteChannel<2> p_to_b;
  ByteChannel<3> b_to_p;
  std::array<std::uint8_t, 1> unused{};
};

enum class CoreDecision : std::uint8_t { none, flv_5, flv_6, tgt_5, tgt_6, tkb_2, tkb_4, tkb_5 };

class TakeoverCore {
 public:
  using State = CoreState;
  using Action = std::uint8_t;  // steps have no names here
  using Property = checker::Property<State, Action>;
  explicit TakeoverCore(unsigned targets, CoreDecision without = CoreDecision::none)
      : targets_(targets), without_(without), all_((1U << targets) - 1) {}

  std::vector<State> initial_states() const {
    State s;
    s.p_tables.dpt = static_cast<std::uint8_t>(all_);
    for (unsigned i = 0; i < targets_; ++i) s.owner[i] = 1;
    return {s};
  }

  template <class Visit>
  void for_each_successor(const State& s, Visit&& visit) const {
    if (s.harm != 0) return;
    const auto step = [&](bool enabled, auto&& act) {
      if (!enabled) return;
      State next = s;
      act(next);
      visit(Action{0}, std::move(next));
    };
    of_routers(s, step);
    of_packets(s, step);
    for (unsigned i = 0; i < targets_; ++i) of_target(s, i, step);
  }

  std::vector<Property> properties() const {
    std::vector<Property> all{
        Property::always("no reset, no refusal, no packet at a wrong target", [](const State& s) { return !s.harm; })};
    if (without_ == CoreDecision::none)
      all.push_back(Property::sometimes("P owns again and routes a connection from before", [](const State& s) {
        return s.p == Primary::again && s.client == Client::established && s.frames[3] == 0 && s.p_tables.crt == s.peer;
      }));
    return all;
  }

 private:
  using Primary = State::Primary;
  using Backup = State::Backup;
  using End = State::End;
  using Client = State::Client;
  enum Message : std::uint8_t { own = 1, claim = 2, listens = 1, holds = 2, end = 3, takeover = 3, released = 4 };
  static constexpr std::uint8_t routed = 4;  // plus the entry

  bool drops(CoreDecision decision) const { return without_ == decision; }
  static std::uint8_t bit(unsigned i) { return static_cast<std::uint8_t>(1U << i); }
  std::uint8_t backup_bit() const { return bit(targets_); }
  static void add(std::uint8_t& set, std::uint8_t bits) { set = static_cast<std::uint8_t>(set | bits); }
  static void remove(std::uint8_t& set, std::uint8_t bits) { set = static_cast<std::uint8_t>(set & ~bits); }

  static bool p_owns(const State& s) { return s.p == Primary::first || s.p == Primary::again; }
  static bool b_routes(const State& s) { return s.b == Backup::owns || s.b == Backup::hands_over; }
  static unsigned p_epoch(const State& s) { return s.p == Primary::first ? 1 : 3; }
  bool admits(const State& s, unsigned i, unsigned epoch) const {
    return drops(CoreDecision::tgt_6) || epoch == s.owner[i] || epoch == s.claim[i];
  }
  // Where packets of the client arrive, directly or relayed.
  bool relays() const { return !drops(CoreDecision::tkb_4); }
  bool at_p(const State& s) const { return (s.reach & 1U) != 0 || (relays() && s.b == Backup::former); }
  bool at_b(const State& s) const { return (s.reach & 2U) != 0 || (relays() && s.p == Primary::claims); }
  bool asks(const State::Router& tables) const {
    return tables.crt == 0 && (tables.waiting == 0 || drops(CoreDecision::flv_5));
  }
  bool p_asks(const State& s) const { return p_owns(s) && at_p(s) && asks(s.p_tables); }
  bool b_asks(const State& s) const { return b_routes(s) && at_b(s) && asks(s.b_tables); }

  template <class Step>
  void of_routers(const State& s, Step&& step) const {
    step(s.p == Primary::first, [](State& next) { next.p = Primary::failed, next.p_tables = {}; });
    step(s.p == Primary::failed && s.b == Backup::backup, [&](State& next) { take_over(next); });
    step(s.p == Primary::failed && s.b == Backup::owns, [&](State& next) { return_and_claim(next); });
    step(!s.p_to_b.empty(), [&](State& next) { b_hears_p(next); });
    step(!s.b_to_p.empty(), [&](State& next) { p_hears_b(next); });
  }

  template <class Step>
  void of_packets(const State& s, Step&& step) const {
    const auto harm = [](State& next) { next.harm = 1; };
    const bool opened = s.client != Client::closed;
    const bool established = s.client == Client::established;
    const bool p_routes_it = p_owns(s) && at_p(s) && s.p_tables.crt != 0;
    const bool b_routes_it = b_routes(s) && at_b(s) && s.b_tables.crt != 0;
    step(!opened, [](State& next) { next.client = Client::syn_sent; });
    step(s.client == Client::syn_sent && p_asks(s) && s.p_tables.dpt == 0, harm);
    step(s.client == Client::syn_sent && b_asks(s) && s.b_tables.dpt == 0, harm);
    step(opened && p_routes_it, [&](State& next) { p_forwards(next, s.p_tables.crt); });
    step(opened && b_routes_it, [&](State& next) { b_forwards(next, s.b_tables.crt); });
    step(established && p_routes_it, [&](State& next) { arrives(next, s.p_tables.crt, p_epoch(s)); });
    step(established && b_routes_it, [&](State& next) { arrives(next, s.b_tables.crt, 2); });
    step(established && p_asks(s), harm);
    step(established && b_asks(s), harm);
    const bool answered_elsewhere =
        ((s.reach & 1U) != 0 && s.p == Primary::claims) || ((s.reach & 2U) != 0 && s.b == Backup::former);
    step(opened && !relays() && answered_elsewhere, harm);
  }

  template <class Step>
  void of_target(const State& s, unsigned i, Step&& step) const {
    const bool opened = s.client != Client::closed;
    const auto entry = static_cast<std::uint8_t>(i + 1);
    step(!s.p_to[i].empty(), [&](State& next) { target_hears_p(next, i); });
    step(!s.b_to[i].empty(), [&](State& next) { target_hears_b(next, i); });
    step(!s.to_p[i].empty(), [&](State& next) { p_hears_target(next, i); });
    step(!s.to_b[i].empty(), [&](State& next) { b_hears_target(next, i); });
    for (unsigned epoch = 1; epoch <= 3; ++epoch)
      step((s.frames[epoch] & bit(i)) != 0 && s.held[i] == End::none && admits(s, i, epoch), [&](State& next) {
        next.held[i] = End::half;
        if (s.claim[i] != 0 && epoch != 3) next.to_p[i].push(holds);
      });
    step(opened && p_asks(s) && (s.p_tables.dpt & bit(i)) != 0, [&](State& next) { p_forwards(next, entry); });
    step(opened && b_asks(s) && (s.b_tables.dpt & bit(i)) != 0, [&](State& next) { b_forwards(next, entry); });
    step(s.client == Client::syn_sent && s.held[i] == End::half,
         [&](State& next) { next.client = Client::established, next.peer = entry; });
  }

  void take_over(State& s) const {
    s.b = Backup::owns;
    if (!drops(CoreDecision::flv_6)) s.b_tables.waiting = static_cast<std::uint8_t>(all_);
    add(s.reach, 2);
    for (unsigned i = 0; i < targets_; ++i) s.b_to[i].push(own);
  }
  void return_and_claim(State& s) const {
    s.p = Primary::claims;
    s.p_to_b.push(claim);
    if (drops(CoreDecision::tkb_2))
      s.p_to_b.push(takeover);
    else
      s.p_tables.waiting = static_cast<std::uint8_t>(all_ | backup_bit());
    for (unsigned i = 0; i < targets_; ++i) s.p_to[i].push(claim);
  }
  void b_hears_p(State& s) const {
    if (s.p_to_b.pop() == claim) {
      s.b = Backup::hands_over;
      if (s.b_tables.crt != 0) s.b_to_p.push(routed + s.b_tables.crt);
      s.b_to_p.push(end);
    } else {
      s.b = Backup::former;
      s.b_tables = {};
      s.b_to_p.push(released);
    }
  }
  void p_hears_b(State& s) const {
    const std::uint8_t message = s.b_to_p.pop();
    if (message > routed) s.p_tables.crt = static_cast<std::uint8_t>(message - routed);
    if (message != released) return p_hears_end(s, message, backup_bit());
    s.p = Primary::again;
    add(s.reach, 1);
    for (unsigned i = 0; i < targets_; ++i) s.p_to[i].push(own);
  }
  void p_hears_end(State& s, std::uint8_t message, std::uint8_t who) const {
    if ((message != end && !drops(CoreDecision::tgt_5)) || (s.p_tables.waiting & who) == 0) return;
    remove(s.p_tables.waiting, who);
    if (s.p_tables.waiting == 0) s.p_to_b.push(takeover);
  }
  static void enter(State::Router& tables, std::uint8_t message, unsigned i) {
    if (message == listens) add(tables.dpt, bit(i));
    if (message == holds && tables.crt == 0) tables.crt = static_cast<std::uint8_t>(i + 1);
  }
  void p_hears_target(State& s, unsigned i) const {
    const std::uint8_t message = s.to_p[i].pop();
    enter(s.p_tables, message, i);
    p_hears_end(s, message, bit(i));
  }
  void b_hears_target(State& s, unsigned i) const {
    const std::uint8_t message = s.to_b[i].pop();
    if (s.b == Backup::former) return;
    enter(s.b_tables, message, i);
    if (message == end || drops(CoreDecision::tgt_5)) remove(s.b_tables.waiting, bit(i));
  }
  template <std::size_t Max>
  static void report(const State& s, unsigned i, ByteChannel<Max>& channel) {
    channel.push(listens);
    if (s.held[i] != End::none) channel.push(holds);
    channel.push(end);
  }
  static void target_hears_p(State& s, unsigned i) {
    if (s.p_to[i].pop() == claim) {
      if (s.owner[i] == 1) s.owner[i] = 0;
      s.claim[i] = 3;
      report(s, i, s.to_p[i]);
    } else {
      s.owner[i] = 3;
      s.claim[i] = 0;
    }
  }
  static void target_hears_b(State& s, unsigned i) {
    s.b_to[i].pop();
    if (s.owner[i] >= 2) return;
    s.owner[i] = 2;
    report(s, i, s.to_b[i]);
  }
  static void p_forwards(State& s, std::uint8_t entry) {
    s.p_tables.crt = entry;
    add(s.frames[p_epoch(s)], bit(entry - 1U));
  }
  void b_forwards(State& s, std::uint8_t entry) const {
    if (s.b == Backup::hands_over && s.b_tables.crt == 0 && !drops(CoreDecision::tkb_5)) s.b_to_p.push(routed + entry);
    s.b_tables.crt = entry;
    add(s.frames[2], bit(entry - 1U));
  }
  void arrives(State& s, std::uint8_t entry, unsigned epoch) const {
    if (!admits(s, entry - 1U, epoch)) return;
    if (entry == s.peer)
      s.held[entry - 1U] = End::open;
    else
      s.harm = 1;
  }

  unsigned targets_;
  CoreDecision without_;
  unsigned all_;
};

}  // namespace dvipa::bench
