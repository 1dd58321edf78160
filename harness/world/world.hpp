#pragma once
// A deterministic cluster: real stacks, and around them hosts, kernels, a bus, a network and clients made of values, in
// virtual time. One seed decides everything; a copy goes on exactly as the original does.
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/world/command.hpp"
#include "harness/world/observer.hpp"
#include "harness/world/state.hpp"

namespace dvipa::world {

class World {
 public:
  // `profiles[n - 1]` is what stack n defines. All hosts are down.
  World(Settings settings, const std::vector<Definitions>& profiles);

  // Does what is asked, at once (`run` and `settle` take their time). Asking for what cannot be, such as killing a host
  // that is down, changes nothing: a command stays valid when others before it are left out.
  void perform(const Command& command);

  // Lets the next thing happen; false when nothing ever will, or something has gone wrong.
  bool step();
  void run_until(Micros at);
  // Ends all faults and lets everything come to rest, then judges what must hold at rest.
  void settle();

  Micros now() const { return now_; }
  std::uint64_t steps() const { return steps_; }
  // Of all that this world is, and that decides how it goes on; not of how it came to that.
  std::uint64_t digest() const;
  // Of all that has happened so far: two runs with the same were the same.
  std::uint64_t history() const { return history_; }
  const std::optional<Violation>& violation() const { return violation_; }
  const Settings& settings() const { return settings_; }

  const Host& host(StackId stack) const { return hosts_[stack.value]; }
  const std::vector<ClientConnection>& connections() const { return connections_; }
  const ClientConnection* find_connection(std::uint32_t connection) const;
  bool is_up(StackId stack) const { return hosts_[stack.value].life == Host::Life::up; }
  bool knows(StackId one, StackId other) const { return one == other || links_[index(one, other)].up; }
  bool reachable(StackId from, StackId to) const;
  template <class Visit>  // void(StackId)
  void for_each_stack(Visit&& visit) const {
    for (unsigned n = 1; n <= settings_.stacks; ++n) visit(StackId{static_cast<std::uint8_t>(n)});
  }

  // Not part of the world; a copy has none.
  void observe(Observer* observer) { observer_.observer = observer; }

 private:
  struct Watched {  // forgets who watches when it is copied
    Observer* observer = nullptr;
    Watched() = default;
    Watched(const Watched&) {}
    Watched& operator=(const Watched&) { return *this; }  // NOLINT(bugprone-unhandled-self-assignment)
    ~Watched() = default;
  };
  friend class Judge;
  friend class Narrator;

  std::size_t index(StackId from, StackId to) const { return from.value * (settings_.stacks + 1U) + to.value; }
  Link& link(StackId from, StackId to) { return links_[index(from, to)]; }
  Host& at(StackId stack) { return hosts_[stack.value]; }

  // world.cpp: time
  void schedule(Micros after, const Event& what);
  void take(const Event& event);
  bool is_deferred(const Event& event);
  std::uint64_t draw(std::uint64_t row, std::uint64_t place) const;
  Micros draw(const Span& span, std::uint64_t row, std::uint64_t place) const;
  bool happens(PerMillion rate, std::uint64_t row, std::uint64_t place) const;
  void fail(std::string property, std::string what);

  // hosts.cpp: lives of hosts, and their stacks
  void start(StackId stack);
  void kill(StackId stack, const char* how);
  void kill_process(StackId stack);
  void part_from_all(StackId stack);
  void pause(StackId stack);
  void resume(StackId stack);
  void jump(StackId stack, Micros by);
  void define(StackId stack, const DvipaDefinition& definition);
  StackSettings settings_of(StackId stack) const;
  void give(StackId stack, Input input);
  void fire(const Event& event);

  // effects.cpp: what stacks want done
  void carry_out(StackId stack, Effect& effect);
  void work(StackId stack, WorkerJob job);
  void finish_work(StackId stack);
  void look_for_connections(StackId stack, const effect::LookForConnections& look);
  void look_at(StackId stack, const Verify& verify);
  void announce(StackId stack, std::uint32_t turn);
  void release_held(StackId stack, const Address& dvipa);

  // moves.cpp
  void activate(StackId stack, const Address& dvipa, bool by_operator);
  void break_connections(StackId stack, const Address& dvipa);

  // bus.cpp
  void send(StackId from, StackId to, Message message);
  void receive(StackId to, StackId from);
  void pump(StackId from, StackId to);
  bool may_arrive(StackId from, StackId to) const;
  void consider(StackId one, StackId other);
  void redial(StackId one, StackId other);
  void member_up(const Event& event);
  void member_down(const Event& event);
  void part(StackId one, StackId other);  // `one` has closed its side
  void suspect_after_silence(StackId one, StackId other);
  void suspect(const Event& event);

  // network.cpp
  void partition(const Sides& sides);
  void heal();
  void reach_changed();
  bool reaches(unsigned client, StackId stack) const;
  void keep_back(StackId from, StackId to);
  void deliver(StackId from, StackId to, std::int64_t count);
  void drop_frames();
  Micros frame_delay(ClientConnection& connection, bool& lost, bool& twice);
  void send_frame(StackId from, StackId to, const Packet& packet, bool relayed);
  void send_from_client(const Packet& packet);
  void ask_for_neighbour(unsigned client, const Address& dvipa);
  void take_frame(const Event& event);
  bool taps(const Host& host, const Address& dvipa, const Packet& packet, StackId forwarded_by) const;
  void route(StackId stack, const Packet& packet, StackId forwarded_by, bool relayed);
  void carry_out(StackId stack, const Verdict& verdict, const Packet& packet, StackId forwarded_by, bool relayed);

  // kernel.cpp: TCP at the targets
  void deliver_to_kernel(StackId stack, const Packet& packet, StackId router);
  void accept(StackId stack, const Packet& packet, StackId router);
  void take_for(StackId stack, Endpoint& endpoint, const Packet& packet);
  void answer(StackId stack, const Packet& to, PacketKind kind, std::uint32_t instance, std::uint32_t number);
  void establish(StackId stack, std::uint32_t connection, Endpoint& endpoint);
  void end_endpoint(StackId stack, std::uint32_t connection);
  void arm_endpoint(StackId stack, std::uint32_t connection, Endpoint& endpoint, Micros after);
  void endpoint_clock(const Event& event);
  bool listens(const Host& host, const Address& dvipa, Port port) const;
  void listen(StackId stack, const Address& local, Port port);
  void abort_connection(StackId stack, std::uint32_t connection);
  void end_connections_of(StackId stack, Port port, bool established_too);
  void close_listener(StackId stack, const Address& local, Port port, bool with_connections);

  // clients.cpp: TCP at the clients
  void connect(const Command& command);
  void of_client(const Command& command);
  void emit(std::uint32_t connection, PacketKind kind, std::uint32_t instance, std::uint32_t number, StackId peer);
  void send_next(std::uint32_t connection);
  void arm_client(std::uint32_t connection);
  void client_clock(const Event& event);
  void take_answer(const Event& event);
  void end_connection(ClientConnection& connection, ClientConnection::End end);

  void tell(StackId from, StackId to, const std::string& what);
  bool is_watched() const { return observer_.observer != nullptr; }
  std::string name_of(const Connection& connection) const;

  Settings settings_;
  Micros now_ = 0;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t history_ = 0;
  std::vector<Event> events_;  // a heap, the next on top
  std::vector<Host> hosts_;    // [0] is not used
  std::vector<Link> links_;    // [from][to]: what `from` knows of `to`, and what it has sent to it
  std::vector<std::uint8_t> redialing_;
  std::uint32_t sessions_ = 0;
  std::vector<std::uint8_t> side_of_stack_;
  std::vector<std::uint8_t> side_of_client_;
  std::vector<std::uint8_t> blocked_;  // [from][to]: one way
  std::vector<ClientHost> clients_;
  std::vector<ClientConnection> connections_;
  std::map<Connection, std::uint32_t> by_tuple_;
  std::map<std::uint32_t, std::uint32_t> places_;  // number of a connection in commands -> place
  std::map<Address, StackId> asked_last_;  // for the DVIPA, when it was at rest; and nothing has failed since (MOV-2)
  std::optional<Violation> violation_;
  Watched observer_;
};

}  // namespace dvipa::world
