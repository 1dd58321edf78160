// What a step does to the real stacks and around them.
#include "harness/refine/composition.hpp"

#include <algorithm>
#include <utility>

#include "harness/refine/abstraction.hpp"
#include "impl/stack/probe.hpp"

namespace dvipa::refine {
namespace {

constexpr Port first_client_port = 10000;

}  // namespace

Remote remote_of(unsigned connection) {
  return {Address::v4(0x0a4d0064U), static_cast<Port>(first_client_port + connection), the_port};
}
unsigned connection_of(const Remote& remote) { return remote.client_port - unsigned{first_client_port}; }

// --- a stack and what it wants done --------------------------------------------------------------------------------

template <class Do>
void Composition::with_stack(State& s, model::Stack i, Do&& act) const {
  Stack stack = stack_at(s, i);
  Effects effects;
  act(stack, effects);
  carry_out(s, i, stack, effects);
  StackProbe::reset_clock(stack);
  s.hosts[i].woken = s.hosts[i].woken && !stack.settled();
  s.hosts[i].stack = pools_.stacks.number_of(std::move(stack));
}

void Composition::give(State& s, model::Stack i, Input input) const {
  with_stack(s, i, [&](Stack& stack, Effects& effects) { stack.step(std::move(input), effects); });
}

// What the kernel is to do is done at once, and what the stack sends to itself comes at once.
void Composition::carry_out(State& s, model::Stack i, Stack& stack, Effects& effects) const {
  std::vector<Input> then;
  for (Effect& effect : effects) {
    if (auto* sent = std::get_if<effect::Send>(&effect)) {
      if (sent->to.value == i) {
        if (const auto* verify = std::get_if<Verify>(&sent->message)) look_before(s, i, *verify, then);
        then.push_back(input::Received{sent->to, std::move(sent->message)});
      } else {
        send(s, i, sent->to.value, std::move(sent->message));
      }
    } else if (std::holds_alternative<effect::Advertise>(effect)) {
      advertise(s, i);
    } else if (const auto* abort = std::get_if<effect::AbortConnections>(&effect)) {
      for (const Remote& remote : abort->remotes) kernel_aborts(s, i, static_cast<std::uint8_t>(connection_of(remote)));
      then.push_back(input::ConnectionsEnded{abort->dvipa, abort->remotes});
    } else if (const auto* hold = std::get_if<effect::HoldAddress>(&effect)) {
      then.push_back(input::AddressHeld{hold->dvipa, hold->active});
    } else if (const auto* look = std::get_if<effect::LookForConnections>(&effect)) {
      then.push_back(input::ConnectionsFound{look->dvipa, look->epoch, held_by_kernel(s, i)});
    }
  }
  for (Input& input : then) {
    Effects more;
    stack.step(std::move(input), more);
    carry_out(s, i, stack, more);
  }
}

// As in the model: clients beyond a partition do not hear it, and those on the far side have heard of one owner there.
void Composition::advertise(State& s, model::Stack i) const {
  const bool far = s.cut != model::Cut::none && model::has(rules_.far, i);
  if (far) s.reach_far = model::only(i);
  if (!far) model::add(s.reach, i);
  if (s.cut == model::Cut::none) model::add(s.reach_far, i);
}

// A message to a member that has closed the connection is lost. As in the model, what is said of a connection is not
// said again while the same is still on its way: it would change nothing, and a SYN may come any number of times.
void Composition::send(State& s, model::Stack from, model::Stack to, Message message) const {
  if (!s.up(to) || !StackProbe::has_met(stack_at(s, to), id_of(from))) return;
  if (is_on_its_way(s, from, to, message)) return;
  s.bus[from][to].push_back(pools_.messages.number_of(std::move(message)));
}

bool Composition::is_on_its_way(const State& s, model::Stack from, model::Stack to, const Message& message) const {
  const std::vector<model::Message> said = abstraction_of(*this, s, from, to, message);
  if (said.size() != 1 || !is_of_connection(said.front())) return false;
  std::vector<model::Message> before;
  for (const std::uint32_t number : s.bus[from][to])
    for (const model::Message& each : abstraction_of(*this, s, from, to, pools_.messages.at(number)))
      before.push_back(each);
  return is_last_word(before, said.front());
}

std::vector<Remote> Composition::held_by_kernel(const State& s, model::Stack i) const {
  std::vector<Remote> held;
  for (unsigned c = 0; c < rules_.connections; ++c)
    if (s.hosts[i].endpoint[c].end != model::End::none) held.push_back(remote_of(c));
  return held;
}

// --- the bus and its views -----------------------------------------------------------------------------------------

void Composition::receive(State& s, model::Stack i, model::Stack from) const {
  Message message = pools_.messages.at(s.bus[from][i].front());
  s.bus[from][i].erase(s.bus[from][i].begin());
  std::vector<Input> inputs;
  if (const auto* verify = std::get_if<Verify>(&message)) look_before(s, i, *verify, inputs);
  inputs.push_back(input::Received{id_of(from), std::move(message)});
  for (Input& input : inputs) give(s, i, std::move(input));
}

// What is asked about is brought up to date first: the stack does not know of half-open connections.
void Composition::look_before(const State& s, model::Stack i, const Verify& verify, std::vector<Input>& out) const {
  const std::vector<Remote> kernel = held_by_kernel(s, i);
  std::vector<Remote> held;
  std::vector<Remote> gone;
  for (const Remote& remote : verify.remotes)
    (std::ranges::find(kernel, remote) != kernel.end() ? held : gone).push_back(remote);
  if (!held.empty()) out.push_back(input::ConnectionsOpened{the_dvipa, std::move(held)});
  if (!gone.empty()) out.push_back(input::ConnectionsEnded{the_dvipa, std::move(gone)});
}

void Composition::exclude(State& s, model::Stack i, model::Stack j) const {
  s.bus[j][i].clear();
  give(s, i, input::MemberDown{id_of(j)});
}

// Both learn of it before either receives anything of the other.
void Composition::connect(State& s, model::Stack i, model::Stack j) const {
  s.frames.remove_between(i, j);
  Stack one = stack_at(s, i);
  Stack other = stack_at(s, j);
  Effects of_one;
  Effects of_other;
  one.step(input::MemberUp{id_of(j), StackProbe::incarnation(other)}, of_one);
  other.step(input::MemberUp{id_of(i), StackProbe::incarnation(one)}, of_other);
  s.hosts[i].stack = pools_.stacks.number_of(Stack(one));
  s.hosts[j].stack = pools_.stacks.number_of(Stack(other));
  with_stack(s, i, [&](Stack&, Effects& effects) { effects = std::move(of_one); });
  with_stack(s, j, [&](Stack&, Effects& effects) { effects = std::move(of_other); });
}

void Composition::end_join(State& s, model::Stack i) const { give(s, i, input::TimerFired{{Timer::Kind::join, {}}}); }

void Composition::age(State& s) const {
  for (std::uint8_t c = 0; c < rules_.connections; ++c) {
    s.frames.remove_connection(c);
    s.clients[c].syns_alive = 0;
  }
  for_stacks([&](model::Stack i) {
    if (!s.runs(i)) return;
    with_stack(s, i, [&](Stack& stack, Effects& effects) {
      for (unsigned slice = 0; slice < Stack::ageing_slices; ++slice)
        stack.step(input::TimerFired{{Timer::Kind::ageing, {}}}, effects);
    });
  });
}

// --- lives ---------------------------------------------------------------------------------------------------------

void Composition::crash(State& s, model::Stack i) const {
  s.hosts[i] = {};
  for_stacks([&](model::Stack j) { s.bus[j][i].clear(); });
  for (model::Client& client : s.clients)
    if (client.peer == i) client.peer = model::nobody;
}

// A stack's next life has a greater number than its last one: of the restarts there may still be one is gone each time,
// and before the first there were two more (see initial).
Incarnation Composition::life_of_next(const State& s) const { return 3U + rules_.budget.restarts - s.left.restarts; }

void Composition::restart(State& s, model::Stack i) const {
  StackSettings settings;
  settings.self = id_of(i);
  for_stacks([&](model::Stack j) { settings.xcf_addresses.push_back(xcf_of(j)); });
  settings.frame_life_ms = 0;  // a tick of ageing; time stands still between two steps
  settings.ageing_rounds = 0;  // every look at an entry is a question
  settings.mutant = mutant_;
  s.hosts[i].listening = model::has(rules_.listeners, i);
  s.hosts[i].stack = pools_.stacks.number_of(Stack(settings));
  with_stack(s, i, [&](Stack& stack, Effects& effects) {
    stack.step(input::DefinitionsSet{definitions_of(i)}, effects);
    if (s.hosts[i].listening) stack.step(input::ListenerChanged{Address::v4(0), the_port, true}, effects);
    stack.step(input::Started{life_of_next(s)}, effects);
  });
}

void Composition::wake(State& s, model::Stack i) const {
  s.hosts[i].paused = false;
  s.hosts[i].woken = true;
  give(s, i, input::Resumed{});
  for_stacks([&](model::Stack j) {
    s.bus[j][i].clear();
    if (StackProbe::has_met(stack_at(s, i), id_of(j))) give(s, i, input::MemberDown{id_of(j)});
  });
}

// S1 is the primary. Every candidate has a VIPADISTRIBUTE, as in the model, where who owns knows the targets.
Definitions Composition::definitions_of(model::Stack i) const {
  DvipaDefinition definition;
  definition.dvipa = the_dvipa;
  definition.part = i == 1 ? Part::primary : Part::backup;
  definition.rank = rules_.rank[i];
  definition.distribution.emplace();
  definition.distribution->ports.ranges = {{the_port, the_port}};
  Definitions definitions;
  if (i == 1 || rules_.rank[i] != 0) definitions.dvipas.push_back(definition);
  return definitions;
}

State Composition::initial() const {
  State s;
  s.left = rules_.budget;
  s.left.restarts = static_cast<std::uint8_t>(s.left.restarts + 2);
  for_stacks([&](model::Stack i) { restart(s, i); });
  for_stacks([&](model::Stack i) {
    for (model::Stack j = 1; j < i; ++j) connect(s, j, i);
  });
  for_stacks([&](model::Stack i) { end_join(s, i); });
  settle(s);
  --s.left.restarts;
  if (rules_.owner != 1) give_to_owner(s);
  s.left = rules_.budget;
  return s;
}

// Whoever comes before the configuration's owner fails, and is back, but for the primary, when that one has taken over.
void Composition::give_to_owner(State& s) const {
  model::Stacks failing = 0;
  for_stacks([&](model::Stack i) {
    if (i == 1 || rules_.rank[i] > rules_.rank[rules_.owner]) model::add(failing, i);
  });
  for_stacks([&](model::Stack i) {
    if (model::has(failing, i)) crash(s, i);
  });
  for_stacks([&](model::Stack i) {
    for (auto j = static_cast<model::Stack>(rules_.stacks); s.up(i) && j >= 1; --j)
      if (model::has(failing, j)) exclude(s, i, j);
  });
  settle(s);
  for_stacks([&](model::Stack i) {
    if (i == 1 || !model::has(failing, i)) return;
    restart(s, i);
    for_stacks([&](model::Stack j) {
      if (j != i && s.up(j)) connect(s, i, j);
    });
    end_join(s, i);
  });
  settle(s);
}

void Composition::settle(State& s) const {
  for (bool moved = true; moved;) {
    moved = false;
    for_stacks([&](model::Stack from) {
      for_stacks([&](model::Stack to) {
        for (; !s.bus[from][to].empty(); moved = true) receive(s, to, from);
      });
    });
  }
}

// --- packets -------------------------------------------------------------------------------------------------------

// As the shell does: what is to be reported is, before the packet goes on.
Verdict Composition::route(State& s, model::Stack i, const Segment& segment, model::Stack choice) const {
  Verdict verdict;
  with_stack(s, i, [&](Stack& stack, Effects& effects) {
    StackProbe::set_turn(stack, the_dvipa, the_port, id_of(choice));
    verdict = stack.route(segment);
    if (verdict.report) stack.step(input::RouteReported{segment.connection, verdict.stack}, effects);
  });
  return verdict;
}

// From the network to a stack, perhaps from there to the owner; then the verdict of whoever has it.
Way Composition::route_from_network(State& s, model::Stack first, std::uint8_t c, bool syn, model::Stack choice) const {
  Segment segment;
  segment.connection = {the_dvipa, remote_of(c)};
  segment.syn = syn;
  Way way;
  for (model::Stack i = first; s.runs(i);) {
    const auto* before = dvipa_at(s, i);
    const bool knows = before != nullptr && before->routes.find(segment.connection.remote) != nullptr;
    const Verdict verdict = route(s, i, segment, choice);
    using Kind = Verdict::Kind;
    if (verdict.kind == Kind::to_owner) {
      if (++way.hops > 2 || across(s, i, verdict.stack.value)) return way;
      segment.forwarded_by = id_of(i);
      segment.relayed = true;
      i = verdict.stack.value;
      continue;
    }
    if (verdict.kind == Kind::hold) way.held_by = i;
    way.answered_by_router = verdict.kind == Kind::conventional;
    if (verdict.kind == Kind::to_target || verdict.kind == Kind::to_local) way.target = verdict.stack.value;
    if (way.answered_by_router || way.target != model::nobody) way.router = i;
    way.was_new = way.target != model::nobody && !knows;
    return way;
  }
  return way;
}

Way Composition::syn_arrives(State& s, model::Stack first, std::uint8_t c, std::uint8_t instance,
                             model::Stack choice) const {
  const Way way = route_from_network(s, first, c, true, choice);
  if (way.router == model::nobody) return way;
  if (way.answered_by_router || way.target == way.router) {
    kernel_takes_syn(s, way.router, c, instance);
  } else {
    s.frames.add({c, instance, epoch_of(dvipa_at(s, way.router)->owner.facts.mine), way.target});
  }
  return way;
}

Way Composition::frame_arrives(State& s, const model::Frame& frame) const {
  const model::Stack from = model::owner_of(frame.epoch);
  Way way{.router = from, .target = frame.to};
  if (!s.runs(frame.to)) return way;
  if (taps(s, frame.to, from, true)) {
    Segment segment;
    segment.connection = {the_dvipa, remote_of(frame.connection)};
    segment.syn = true;
    segment.forwarded_by = id_of(from);
    const Verdict verdict = route(s, frame.to, segment, model::nobody);
    if (verdict.kind == Verdict::Kind::to_local || verdict.kind == Verdict::Kind::conventional) {
      way.admitted = true;
      kernel_takes_syn(s, frame.to, frame.connection, frame.instance);
      return way;
    }
  }
  way.admitted = fence_admits(s, frame.to, from);
  if (way.admitted) kernel_takes_syn(s, frame.to, frame.connection, frame.instance);
  return way;
}

// The port's filter: an owner sees all; others see what does not come from whom they report to (TKB-4, TGT-6).
bool Composition::taps(const State& s, model::Stack i, model::Stack from, bool syn) const {
  const Stack::Dvipa* mine = dvipa_at(s, i);
  if (mine == nullptr) return false;
  if (mine->owner.owns()) return true;
  const bool may_own = mine->own && mine->own->part != Part::none;
  if (!may_own && !mine->target.holds_address()) return false;
  return id_of(from) != mine->report_to && (may_own || syn);
}

bool Composition::fence_admits(const State& s, model::Stack i, model::Stack from) const {
  const Stack::Dvipa* mine = dvipa_at(s, i);
  return mine != nullptr && mine->address_held && mine->forwarders.test(from);
}

void Composition::kernel_takes_syn(State& s, model::Stack i, std::uint8_t c, std::uint8_t instance) const {
  model::Endpoint& endpoint = s.hosts[i].endpoint[c];
  if (endpoint.end != model::End::none) return;  // again, or of another instance: answered, nothing changes
  if (s.hosts[i].listening) {
    endpoint = {model::End::half_open, instance};
    return;
  }
  model::Client& client = s.clients[c];
  if (client.end == model::ClientEnd::syn_sent && client.instance == instance) client.end = model::ClientEnd::closed;
}

Way Composition::data_arrives(State& s, model::Stack first, std::uint8_t c) const {
  Way way = route_from_network(s, first, c, false, model::nobody);
  if (way.router == model::nobody) return way;
  if (way.answered_by_router || way.target == way.router) {
    way.admitted = true;
    kernel_takes_data(s, way.router, c);
  } else if (s.runs(way.target) && !across(s, way.router, way.target) && fence_admits(s, way.target, way.router)) {
    way.admitted = true;
    kernel_takes_data(s, way.target, c);
  }
  if (way.answered_by_router && s.hosts[way.router].endpoint[c].end == model::End::none) {
    s.clients[c].end = model::ClientEnd::closed;  // by a reset
    s.clients[c].peer = model::nobody;
  }
  return way;
}

// The client acknowledges the numbers of its peer.
void Composition::kernel_takes_data(State& s, model::Stack i, std::uint8_t c) const {
  const model::Client& client = s.clients[c];
  model::Endpoint& endpoint = s.hosts[i].endpoint[c];
  const bool its_own = client.peer == i && endpoint.instance == client.instance;
  if (endpoint.end != model::End::half_open || !its_own) return;
  endpoint.end = model::End::open;
  give(s, i, input::ConnectionAccepted{{the_dvipa, remote_of(c)}});
}

// RTE-13: with a reset, which a client that has this connection takes.
void Composition::kernel_aborts(State& s, model::Stack i, std::uint8_t c) const {
  model::Client& client = s.clients[c];
  const bool has_it = client.peer == i || client.end == model::ClientEnd::syn_sent;
  if (has_it && s.hosts[i].endpoint[c].instance == client.instance) {
    client.end = model::ClientEnd::closed;
    client.peer = model::nobody;
  }
  s.hosts[i].endpoint[c] = {};
}

// --- connections and applications ----------------------------------------------------------------------------------

// The stack hears only of the end of what it knows: established connections, and half-open ones that a look has found.
void Composition::end_connection(State& s, model::Stack i, std::uint8_t c) const {
  s.hosts[i].endpoint[c] = {};
  if (dvipa_at(s, i)->held_here.find(remote_of(c)) != nullptr)
    give(s, i, input::ConnectionsEnded{the_dvipa, {remote_of(c)}});
}

void Composition::listen(State& s, model::Stack i, bool listening) const {
  s.hosts[i].listening = listening;
  give(s, i, input::ListenerChanged{Address::v4(0), the_port, listening});
}

}  // namespace dvipa::refine
