#include "tests/properties/world/act_generator.hpp"

#include <algorithm>
#include <map>
#include <ostream>
#include <utility>

namespace dvipa::world::test {
namespace {

using rc::gen::inRange;

// Nothing below shrinks by itself: what a violation does not need is left out whole.
template <class Number>
Number drawn(Number least, Number most) {
  return *rc::gen::noShrink(inRange<Number>(least, most + 1));
}
bool one_in(unsigned n) { return drawn<unsigned>(1, n) == 1; }
const Address moving = *parse_address("10.77.9.1");  // of a VIPARANGE of every stack
Address xcf_of(unsigned stack) { return Address::v4(0x0a4d0000U + stack); }

Distribution any_distribution(unsigned stacks) {
  Distribution made;
  if (!one_in(5)) {
    for (const Port port : ports_used)
      if (!one_in(3)) made.ports.ranges.push_back({port, port});
    if (made.ports.ranges.empty()) made.ports.ranges = {{60, 60}};
  }
  if (one_in(3)) return made;
  for (unsigned stack = 1; stack <= stacks; ++stack)
    if (!one_in(3)) made.targets.xcf_addresses.push_back(xcf_of(stack));
  return made;
}

// The parts of stacks in one DVIPA: a primary, and backups that other DVIPAs may have too.
void define(Scenario& cluster, const Address& address) {
  const unsigned stacks = cluster.settings.stacks;
  const unsigned primary = drawn<unsigned>(1, stacks);
  for (unsigned stack = 1; stack <= stacks; ++stack) {
    if (stack != primary && !one_in(2)) continue;
    DvipaDefinition made;
    made.dvipa = address;
    made.part = stack == primary ? Part::primary : Part::backup;
    made.rank = stack == primary ? std::uint8_t{0} : static_cast<std::uint8_t>(drawn<unsigned>(1, 4));
    if (stack == primary || one_in(6)) made.distribution = any_distribution(stacks);
    cluster.profiles[stack - 1].dvipas.push_back(std::move(made));
  }
}

Scenario make_cluster() {
  Scenario cluster;
  cluster.name = "rapidcheck";
  cluster.settings.stacks = drawn<unsigned>(2, 8);
  cluster.settings.clients = 3;
  cluster.settings.seed = drawn<std::uint32_t>(1, 1'000'000);
  cluster.settings.codec = one_in(4);
  if (one_in(2)) cluster.settings.frame_loss = 2 * percent;
  if (one_in(3)) cluster.settings.frame_twice = 2 * percent;
  if (one_in(3)) cluster.settings.frame_late = 3 * percent;
  cluster.profiles.resize(cluster.settings.stacks);
  const unsigned dvipas = drawn<unsigned>(1, 4);
  for (unsigned n = 0; n < dvipas; ++n) {
    const Address address =
        one_in(4) ? *parse_address("fd00::1:" + std::to_string(n + 1)) : Address::v4(0x0a4d0101U + (n << 8));
    cluster.dvipas[std::string(1, static_cast<char>('A' + n))] = address;
    define(cluster, address);
  }
  if (one_in(2)) {
    const Moveable moveable = one_in(3) ? Moveable::disruptive : Moveable::nondisruptive;
    cluster.dvipas["M"] = moving;
    for (Definitions& each : cluster.profiles) each.ranges.push_back({moving, 32, moveable, false});
  }
  for (Definitions& each : cluster.profiles) std::ranges::sort(each.dvipas, {}, &DvipaDefinition::dvipa);
  return cluster;
}

class ActMaker {
 public:
  explicit ActMaker(const Scenario& cluster) : cluster_(cluster) {}

  Act make() {
    const unsigned pace = drawn<unsigned>(0, 9);
    act_.gap = pace < 5   ? drawn<Micros>(0, 5 * ms)
               : pace < 8 ? drawn<Micros>(5 * ms, 60 * ms)
                          : drawn<Micros>(60 * ms, 400 * ms);
    drawn<unsigned>(0, 99) < 60 ? traffic() : fault();
    return std::move(act_);
  }

 private:
  Command& add(Verb verb) {
    Command command;
    command.verb = verb;
    act_.commands.push_back(std::move(command));
    return act_.commands.back();
  }
  Command& add(Verb verb, StackId stack) {
    Command& command = add(verb);
    command.stack = stack;
    return command;
  }
  StackId any_stack() const { return {static_cast<std::uint8_t>(drawn<unsigned>(1, cluster_.settings.stacks))}; }
  Address dvipa_of(std::uint32_t number) const {
    auto at = cluster_.dvipas.begin();
    std::advance(at, number % cluster_.dvipas.size());
    return at->second;
  }
  static Port any_port() { return ports_used[drawn<std::size_t>(0, std::size(ports_used) - 1)]; }

  // A connection's number says which DVIPA, port and client it is of.
  void open(std::uint32_t connection) {
    Command& command = add(Verb::connect);
    command.connection = connection;
    command.client = connection % cluster_.settings.clients;
    command.address = dvipa_of(connection / 3);
    command.port = ports_used[connection % 7 % std::size(ports_used)];
  }

  void traffic() {
    const auto connection = drawn<std::uint32_t>(1, connections_max);
    switch (drawn<unsigned>(0, 9)) {
      case 0:
        for (std::uint32_t n = connection; n < std::min(connection + 40, connections_max); ++n) open(n);
        return;
      case 1:
      case 2:
      case 3:
      case 4:
        return open(connection);
      case 5:
        add(one_in(4) ? Verb::abort : Verb::close).connection = connection;
        return;
      default:
        for (std::uint32_t n = connection; n < std::min(connection + 20, connections_max); ++n) {
          Command& command = add(Verb::send);
          command.connection = n;
          command.amount = 1;
        }
        return;
    }
  }

  void fault() {
    const StackId stack = any_stack();
    switch (drawn<unsigned>(0, 12)) {
      case 0:
        add(one_in(3) ? Verb::kill_process : Verb::kill, stack);
        return;
      case 1:
      case 2:
        add(Verb::start, stack);
        return;
      case 3:
        add(Verb::pause, stack);
        return;
      case 4:
        add(Verb::resume, stack);
        return;
      case 5:
        return partition();
      case 6:
        add(Verb::heal);
        return;
      case 7:
        return application(stack);
      case 8:
        add(Verb::stop, stack);
        return;
      case 9:  // messages wait for as long as the commands say
        add(Verb::keep_back, stack).other = any_stack();
        return;
      case 10: {
        Command& command = add(Verb::deliver, stack);
        command.other = any_stack();
        command.amount = drawn<std::int64_t>(0, 3);
        return;
      }
      case 11: {
        if (!cluster_.dvipas.contains("M")) return;
        Command& command = add(Verb::activate, stack);
        command.address = moving;
        command.amount = one_in(3) ? 1 : 0;
        return;
      }
      default:
        add(Verb::drop);
        return;
    }
  }

  void partition() {
    Command& command = add(Verb::partition);
    command.sides.members = {0, 0};
    command.sides.clients = {0, 0};
    for (unsigned stack = 1; stack <= cluster_.settings.stacks; ++stack)
      command.sides.members[drawn<std::size_t>(0, 1)] |= std::uint64_t{1} << stack;
    for (unsigned client = 0; client < cluster_.settings.clients; ++client)
      command.sides.clients[drawn<std::size_t>(0, 1)] |= std::uint64_t{1} << client;
  }

  void application(StackId stack) {
    const unsigned kind = drawn<unsigned>(0, 3);
    Command& command = add(kind < 2 ? Verb::listen : kind == 2 ? Verb::close_listener : Verb::abort_application, stack);
    command.port = any_port();
    if (one_in(4)) command.address = dvipa_of(drawn<std::uint32_t>(0, 3));
  }

  const Scenario& cluster_;
  Act act_;
};

void add_line(Scenario& scenario, Command command) {
  ScenarioLine line;
  line.what = std::move(command);
  scenario.lines.push_back(std::move(line));
}

Command of_stack(Verb verb, unsigned stack) {
  Command command;
  command.verb = verb;
  command.stack = {static_cast<std::uint8_t>(stack)};
  return command;
}

Command lasting(Verb verb, Micros time) {
  Command command;
  command.verb = verb;
  command.amount = time;
  return command;
}

// Between two members: which messages are kept back, and since when. For less than a frame lives, as the protocol
// assumes of a message that ends an entry.
class KeptBack {
 public:
  void note(const Command& command) {
    if (command.verb == Verb::keep_back) since_.try_emplace({command.stack, command.other}, 0);
    if (command.verb == Verb::deliver && command.amount == 0) since_.erase({command.stack, command.other});
  }
  void before(Micros gap, Scenario& scenario) {
    const Micros most = static_cast<Micros>(scenario.settings.frame_life_ms) * ms - 50 * ms;
    for (auto& [members, time] : since_) time += gap;
    std::erase_if(since_, [&](const auto& each) {
      if (each.second <= most) return false;
      Command delivers = of_stack(Verb::deliver, each.first.first.value);
      delivers.other = each.first.second;
      add_line(scenario, std::move(delivers));
      return true;
    });
  }

 private:
  std::map<std::pair<StackId, StackId>, Micros> since_;
};

}  // namespace

void showValue(const Act& act, std::ostream& out) { out << act.commands.size() << " commands"; }

rc::Gen<Scenario> any_cluster() {
  return rc::gen::noShrink(rc::gen::exec([] { return make_cluster(); }));
}

// With a copy of the cluster: what is drawn may be drawn again when it is shrunk, after the property has ended.
rc::Gen<Act> any_act(const Scenario& cluster) {
  return rc::gen::noShrink(rc::gen::exec([cluster] { return ActMaker(cluster).make(); }));
}

Scenario scenario_of(const Scenario& cluster, const std::vector<Act>& acts) {
  Scenario made = cluster;
  for (unsigned stack = 1; stack <= cluster.settings.stacks; ++stack) {
    Command listens = of_stack(Verb::listen, stack);
    listens.port = ports_used[stack % std::size(ports_used)];
    add_line(made, std::move(listens));
    add_line(made, of_stack(Verb::start, stack));
  }
  add_line(made, lasting(Verb::run, 2000 * ms));
  std::vector<std::uint32_t> opened;
  KeptBack kept_back;
  for (const Act& act : acts) {
    kept_back.before(act.gap, made);
    add_line(made, lasting(Verb::run, act.gap));
    for (const Command& command : act.commands) {
      if (command.verb == Verb::connect) opened.push_back(command.connection);
      kept_back.note(command);
      add_line(made, command);
    }
  }
  add_line(made, lasting(Verb::settle, 0));
  for (const std::uint32_t connection : opened) {
    Command sends = lasting(Verb::send, 1);
    sends.connection = connection;
    add_line(made, std::move(sends));
  }
  add_line(made, lasting(Verb::settle, 0));
  return made;
}

}  // namespace dvipa::world::test
