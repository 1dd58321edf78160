// The steps of the abstract cluster: what may happen next in a state, and what it leads to.
#include <algorithm>

#include "spec/model/cluster.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

using Kind = Action::Kind;

// Whether the client's present connection is the one that i holds an end of.
bool is_wanted(const State& state, Stack i, unsigned c) {
  const Client& client = state.clients[c];
  const bool same = state.stacks[i].endpoint[c].instance == client.instance;
  return same && (client.end == ClientEnd::syn_sent || client.peer == i);
}

class Steps {
 public:
  // Without a visitor nothing is done: only whether something could be is noted.
  Steps(const Rules& rules, const State& state, const checker::Visitor<State, Action>* visit,
        const TakeoverModel::Wanted* wanted = nullptr)
      : rules_(rules), before_(state), visit_(visit), wanted_(wanted), look_(rules, const_cast<State&>(state)) {}
  bool found() const { return found_; }

  void of_all() {
    of_protocol();
    of_network();
    of_clients();
    of_applications();
    of_faults();
    of_operators();
  }

  void of_protocol() {
    for_stacks([&](Stack i) {
      if (look_.may_get_ready(i)) step({Kind::get_ready, i}, [&](Cluster& next) { next.get_ready(i); });
      if (look_.may_claim_vacancy(i)) step({Kind::claim_vacancy, i}, [&](Cluster& next) { next.claim_vacancy(i); });
      if (look_.may_take_back(i)) step({Kind::take_back, i}, [&](Cluster& next) { next.take_back(i); });
      if (look_.may_let_go(i)) step({Kind::let_go, i}, [&](Cluster& next) { next.let_go(i); });
      for_stacks([&](Stack j) { of_pair(i, j); });
      for_connections([&](std::uint8_t c) {
        if (look_.may_verify(i, c))
          step({Kind::verify, i, before_.stacks[i].crt[c].target, c}, [&](Cluster& next) { next.verify(i, c); });
      });
    });
  }

  // One delivery that changes nothing but the channel. False: there is none.
  bool of_delivery_in_vain() {
    for (Stack i = 1; i <= rules_.stacks; ++i)
      for (Stack j = 1; j <= rules_.stacks; ++j)
        if (i != j && may_receive(i, j) && look_.comes_in_vain(i, j)) {
          step({Kind::receive, i, j}, [&](Cluster& next) { next.receive(i, j); });
          return true;
        }
    return false;
  }

  void of_network() {
    for_connections([&](std::uint8_t c) {
      for_stacks([&](Stack i) {
        if (may_arrive(i, c)) arrivals(i, c);
      });
      const Client& client = before_.clients[c];
      if (is_young(c) && client.end != ClientEnd::syn_sent && !end_on_its_way(c))
        change({Kind::frames_die, nobody, nobody, c}, [&](State& next) { let_die(next, c); });
    });
    for (unsigned n = 0; n < before_.frames.size; ++n) {
      const Frame& frame = before_.frames.frames[n];
      const Stack from = owner_of(frame.epoch);
      if (before_.cut == Cut::group && has(before_.far, from) != has(before_.far, frame.to)) continue;
      step({Kind::frame_arrives, frame.to, from, frame.connection, frame.instance, frame.epoch},
           [&](Cluster& next) { next.accept_syn(frame); });
    }
  }

  void of_clients() {
    for_connections([&](std::uint8_t c) {
      const Client& client = before_.clients[c];
      if (client.end == ClientEnd::closed && client.instance < rules_.instances)
        change({Kind::open, nobody, nobody, c}, [&](State& next) {
          Client& opening = next.clients[c];
          opening = {ClientEnd::syn_sent, static_cast<std::uint8_t>(client.instance + 1), nobody, client.syns_alive,
                     false};
          add_instance(opening.syns_alive, opening.instance);
        });
      if (client.end == ClientEnd::syn_sent && !rules_.patient)
        change({Kind::give_up, nobody, nobody, c}, [&](State& next) { next.clients[c].end = ClientEnd::closed; });
      if (client.end == ClientEnd::established && !rules_.patient)
        change({Kind::close, nobody, nobody, c}, [&](State& next) {
          next.clients[c].end = ClientEnd::closed;
          next.clients[c].peer = nobody;
        });
      for_stacks([&](Stack i) { of_endpoint(i, c); });
    });
  }

  void of_applications() {
    if (before_.left.listener_changes == 0) return;
    for_stacks([&](Stack i) {
      const StackState& stack = before_.stacks[i];
      if (!has(rules_.changing, i) || stack.life != Life::up) return;
      step({stack.listening ? Kind::stop_listen : Kind::listen, i}, [&](Cluster& next, State& state) {
        --state.left.listener_changes;
        next.listen(i, !stack.listening);
      });
    });
  }

  void of_faults() {
    for_stacks([&](Stack i) {
      const StackState& stack = before_.stacks[i];
      const bool fails = has(rules_.failing, i);
      if (stack.life != Life::crashed && fails && before_.left.crashes != 0)
        step({Kind::crash, i}, [&](Cluster& next, State& state) { --state.left.crashes, next.crash(i); });
      if (stack.life == Life::crashed && before_.left.restarts != 0)
        step({Kind::restart, i}, [&](Cluster& next, State& state) { --state.left.restarts, next.restart(i); });
      if (stack.life == Life::up && fails && before_.left.pauses != 0)
        change({Kind::pause, i}, [&](State& next) { --next.left.pauses, next.stacks[i].life = Life::paused; });
      if (stack.life == Life::paused && excluded(i)) step({Kind::wake, i}, [&](Cluster& next) { next.wake(i); });
    });
    if (before_.left.partitions != 0 && before_.cut == Cut::none)
      change({Kind::cut}, [&](State& next) { --next.left.partitions, next.cut = Cut::group, next.far = rules_.far; });
    if (before_.cut == Cut::group && all_have_parted())
      change({Kind::heal}, [&](State& next) { next.cut = Cut::clients; });
    if (before_.cut == Cut::clients && all_have_met())
      change({Kind::heal_clients}, [&](State& next) {
        next.cut = Cut::none;
        next.reach = next.reach_far = next.reach | next.reach_far;
      });
  }

  void of_operators() {
    for_stacks([&](Stack i) {
      if (before_.left.moves != 0 && may_be_moved_to(i) && look_.may_move_to(i))
        step({Kind::move, i}, [&](Cluster& next, State& state) { --state.left.moves, next.move_to(i); });
      if (before_.left.departures != 0 && look_.may_depart(i))
        step({Kind::depart, i}, [&](Cluster& next, State& state) { --state.left.departures, next.depart(i); });
      if (before_.left.lists != 0 && before_.stacks[i].life == Life::up)
        step({Kind::relist, i}, [&](Cluster& next, State& state) { --state.left.lists, next.send_list_again(i); });
      if (look_.may_reactivate(i)) step({Kind::reactivate, i}, [&](Cluster& next) { next.reactivate(i); });
    });
  }

 private:
  template <class Do>
  void for_stacks(Do&& act) const {
    for (Stack i = 1; i <= rules_.stacks; ++i) act(i);
  }
  template <class Do>
  void for_connections(Do&& act) const {
    for (std::uint8_t c = 0; c < rules_.connections; ++c) act(c);
  }
  static void add_instance(std::uint8_t& set, unsigned instance) {
    set = static_cast<std::uint8_t>(set | 1U << instance);
  }

  template <class Do>
  void change(const Action& action, Do&& act) {
    found_ = true;
    if (visit_ == nullptr || (wanted_ != nullptr && !(*wanted_)(action))) return;
    State next = before_;
    act(next);
    (*visit_)(action, next);
  }
  template <class Do>
  void step(const Action& action, Do&& act) {
    change(action, [&](State& next) {
      Cluster cluster(rules_, next);
      if constexpr (std::is_invocable_v<Do&, Cluster&, State&>)
        act(cluster, next);
      else
        act(cluster);
    });
  }

  bool may_be_moved_to(Stack i) const {
    const bool is_next = owner_of(before_.stacks[i].owning) + 1 == i;
    return has(rules_.destinations, i) && (is_next || !rules_.in_turn);
  }

  bool may_receive(Stack i, Stack j) const {
    const bool up = before_.stacks[i].life == Life::up && has(before_.stacks[i].view, j);
    const bool cut_off = before_.cut == Cut::group && has(before_.far, i) != has(before_.far, j);
    return up && !cut_off && before_.bus[j][i].size != 0;
  }

  void of_pair(Stack i, Stack j) {
    if (i == j) return;
    const Channel& channel = before_.bus[j][i];
    for (unsigned n = 0; may_receive(i, j) && n < channel.size; ++n)
      if (channel.may_come(n))
        step({Kind::receive, i, j, 0, static_cast<std::uint8_t>(n)}, [&](Cluster& next) { next.receive(i, j, n); });
    if (look_.may_exclude(i, j)) step({Kind::exclude, i, j}, [&](Cluster& next) { next.exclude(i, j); });
    if (look_.may_connect(i, j)) step({Kind::connect, i, j}, [&](Cluster& next) { next.connect(i, j); });
  }

  bool may_arrive(Stack i, std::uint8_t c) const {
    const bool far_client = (rules_.far_clients >> c & 1U) != 0;
    if (before_.stacks[i].life != Life::up) return false;
    if (before_.cut != Cut::none && has(before_.far, i) != far_client) return false;
    return has(far_client ? before_.reach_far : before_.reach, i);
  }

  void arrivals(Stack i, std::uint8_t c) {
    const Client& client = before_.clients[c];
    const Cluster::Path path = look_.path_of(i);
    if (client.end == ClientEnd::established)
      step({Kind::data_arrives, i, path.router, c, client.instance}, [&](Cluster& next) { next.route_data(path, c); });
    for (std::uint8_t instance = 1; instance <= client.instance; ++instance) {
      if ((client.syns_alive >> instance & 1U) == 0) continue;
      if (!look_.asks_distribution(path, c)) {
        step({Kind::syn_arrives, i, nobody, c, instance},
             [&](Cluster& next) { next.route_syn(path, c, instance, nobody); });
        continue;
      }
      for_stacks([&](Stack target) {
        if (has(before_.stacks[path.router].dpt, target))
          step({Kind::syn_arrives, i, target, c, instance},
               [&](Cluster& next) { next.route_syn(path, c, instance, target); });
      });
    }
  }

  // The target's half: the client takes its SYN-ACK; or the client has no use for it (any more) and says so, or it
  // never hears of the client again.
  void of_endpoint(Stack i, std::uint8_t c) {
    const Client& client = before_.clients[c];
    const StackState& stack = before_.stacks[i];
    const Endpoint& endpoint = stack.endpoint[c];
    if (stack.life != Life::up || endpoint.end == End::none) return;
    if (client.end == ClientEnd::syn_sent && is_wanted(before_, i, c) && endpoint.end == End::half_open &&
        on_one_side(i, c))
      change({Kind::establish, i, nobody, c, client.instance}, [&](State& next) {
        next.clients[c].end = ClientEnd::established;
        next.clients[c].peer = i;
      });
    const Epochs told = look_.told_by(i);
    const bool behind = std::any_of(told.begin(), told.end(),
                                    [&](Epoch whom) { return before_.bus[i][owner_of(whom)].size >= rules_.backlog; });
    if (!is_wanted(before_, i, c) && !behind)
      step({Kind::end_at, i, nobody, c, endpoint.instance}, [&](Cluster& next) { next.end_connection(i, c); });
  }

  bool on_one_side(Stack i, std::uint8_t c) const {
    return before_.cut == Cut::none || has(before_.far, i) == ((rules_.far_clients >> c & 1U) != 0);
  }

  // Assumption on timing: a partition lasts until both sides have noticed it. One that heals while only some have
  // excluded each other makes a member lose what it has learned of another that is back already.
  bool all_have_parted() const {
    bool parted = true;
    for_stacks([&](Stack i) {
      const StackState& stack = before_.stacks[i];
      const Stacks others = has(before_.far, i) ? static_cast<Stacks>(~before_.far) : before_.far;
      parted &= stack.life != Life::up || (stack.view & others) == 0;
    });
    return parted;
  }
  // Assumption on timing: clients reach the other side only after the members have met; `late_clients`: after these
  // have also heard what the others had to say then, and have noticed who has failed meanwhile. (An owner cannot know
  // of a connection through another owner of whose existence nothing has reached it.)
  bool all_have_met() const {
    bool met = true;
    for_stacks([&](Stack i) {
      if (before_.stacks[i].life != Life::up) return;
      for_stacks([&](Stack j) {
        const bool lives = before_.stacks[j].life == Life::up;
        const bool sees = has(before_.stacks[i].view, j);
        met &= i == j || !lives || sees;
        met &= !rules_.late_clients || (sees == (lives && i != j) && before_.bus[i][j].size == 0);
      });
    });
    return met;
  }

  // The life of a frame passes, and no SYN of c is left. Assumption on timing: a message that ends an entry, or asks
  // about it, takes less than that.
  void let_die(State& next, std::uint8_t c) const {
    next.frames.remove_connection(c);
    next.clients[c].syns_alive = 0;
    for_stacks([&](Stack i) { next.stacks[i].crt[c].fresh = false; });
  }
  bool is_young(std::uint8_t c) const {
    bool fresh = before_.frames.concerns(c) || before_.clients[c].syns_alive != 0;
    for_stacks([&](Stack i) { fresh |= before_.stacks[i].crt[c].fresh; });
    return fresh;
  }
  bool end_on_its_way(std::uint8_t c) const {
    using M = MessageKind;
    bool found = false;
    for_stacks([&](Stack i) {
      for_stacks([&](Stack j) {
        const Channel& channel = before_.bus[i][j];
        for (unsigned n = 0; n < channel.size; ++n) {
          const Message message = channel[n];
          const bool end = message.kind == M::term_conn || message.kind == M::verify || message.kind == M::not_held;
          found |= end && message.about == c;
        }
      });
    });
    return found;
  }

  // A shorter pause than that is a delay like any other.
  bool excluded(Stack i) const {
    bool by_somebody = false;
    bool somebody = false;
    for_stacks([&](Stack j) {
      if (j == i || before_.stacks[j].life != Life::up) return;
      somebody = true;
      by_somebody |= !has(before_.stacks[j].view, i);
    });
    return by_somebody || !somebody;
  }

  const Rules& rules_;
  const State& before_;
  const checker::Visitor<State, Action>* visit_;
  const TakeoverModel::Wanted* wanted_;  // null: all are
  Cluster look_;                         // only asked
  bool found_ = false;
};

}  // namespace

std::vector<State> TakeoverModel::initial_states() const {
  State state;
  const Stack owner = rules_.owner;
  Stacks all = 0;
  Stacks listeners = 0;
  for (Stack i = 1; i <= rules_.stacks; ++i) {
    if (i == 1 && owner != 1) continue;
    add(all, i);
    if (has(rules_.listeners, i)) add(listeners, i);
  }
  for (Stack i = 1; i <= rules_.stacks; ++i) {
    StackState& stack = state.stacks[i];
    if (!has(all, i)) {
      stack.life = Life::crashed;
      continue;
    }
    stack.ready = true;
    stack.listening = has(listeners, i);
    stack.view = stack.listed = all & static_cast<Stacks>(~only(i));
    stack.primaries = has(all, 1) ? only(1) : Stacks{0};
    stack.newest = stack.owning = epoch_of(owner == 1 ? 1 : 2, owner);
    if (i != owner) stack.said[owner] = stack.owning;
    if (i == owner) stack.dpt = listeners;
  }
  state.reach = state.reach_far = only(owner);
  if (owner != 1) add(state.reach, 1), add(state.reach_far, 1);
  state.left = rules_.budget;
  checker::Bytes bytes;
  encode(state, bytes);
  if (decode(bytes) != state) broken("the bounds of the configuration are wider than what is stored of a state");
  return {state};
}

void TakeoverModel::for_each_successor(const State& state, const checker::Visitor<State, Action>& visit) const {
  if (state.harm == 0) Steps(rules_, state, &visit).of_all();  // one is enough
}

void TakeoverModel::for_each_successor(const State& state, const Wanted& wanted,
                                       const checker::Visitor<State, Action>& visit) const {
  if (state.harm == 0) Steps(rules_, state, &visit, &wanted).of_all();
}

bool TakeoverModel::for_each_ample_step(const State& state, const checker::Visitor<State, Action>& visit) const {
  return state.harm == 0 && Steps(rules_, state, &visit).of_delivery_in_vain();
}

bool TakeoverModel::at_rest(const State& state) const {
  if (state.cut != Cut::none || state.frames.size != 0) return false;
  for (Stack i = 1; i <= rules_.stacks; ++i) {
    if (state.stacks[i].life == Life::paused) return false;
    for (Stack j = 1; j <= rules_.stacks; ++j)
      if (state.bus[i][j].size != 0) return false;
  }
  for (unsigned c = 0; c < rules_.connections; ++c) {
    if (state.clients[c].syns_alive != 0) return false;
    for (Stack i = 1; i <= rules_.stacks; ++i) {
      if (state.stacks[i].crt[c].fresh) return false;
      if (state.stacks[i].endpoint[c].end != End::none && !is_wanted(state, i, c)) return false;  // will time out
    }
  }
  Steps protocol(rules_, state, nullptr);
  protocol.of_protocol();
  return !protocol.found();
}

std::optional<unsigned> TakeoverModel::fairness_class(const Action& action) const {
  const auto stacks = static_cast<unsigned>(kStacksMax) + 1;
  switch (action.kind) {
    case Kind::receive:
      return action.a * stacks + action.b;
    case Kind::exclude:
    case Kind::connect:
      return stacks * stacks;
    case Kind::get_ready:
    case Kind::claim_vacancy:
    case Kind::take_back:
    case Kind::let_go:
      return stacks * stacks + 1 + action.a;
    default:
      return std::nullopt;
  }
}

std::vector<std::string> TakeoverModel::fairness_names() const {
  std::vector<std::string> names;
  for (unsigned a = 0; a <= kStacksMax; ++a)
    for (unsigned b = 0; b <= kStacksMax; ++b)
      names.push_back("delivery from " + name_of(static_cast<Stack>(b)) + " to " + name_of(static_cast<Stack>(a)));
  names.emplace_back("membership");
  for (unsigned a = 0; a <= kStacksMax; ++a) names.push_back("decisions of " + name_of(static_cast<Stack>(a)));
  return names;
}

}  // namespace dvipa::model
