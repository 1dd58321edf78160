#include "tests/properties/refine/scenario_generator.hpp"

#include <rapidcheck/shrinkable/Create.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <set>

namespace dvipa::world {

void showValue(const Scenario& scenario, std::ostream& out) { out << "\n" << write_scenario(scenario); }

namespace test {
namespace {

constexpr Port ports_used[] = {60, 80, 443};  // on the last of them nobody listens at the start
constexpr std::uint32_t connections_max = 6;
constexpr std::uint32_t crowd_from = 100;  // the numbers of those that come by dozens
constexpr std::uint32_t crowd_to = 400;
constexpr unsigned clients_of_small = 2;
constexpr unsigned instances_max = 3;  // of a 4-tuple, in the model

using Act = std::vector<Command>;

// Nothing below shrinks by itself: what a difference does not need is left out whole. With the size grows the number of
// acts, and beyond half of the usual one some clusters are large.
constexpr int small_up_to = 20;
int size_now() {
  return *rc::gen::noShrink(rc::gen::withSize([](int size) { return rc::gen::just(size); }));
}
template <class Number>
Number drawn(Number least, Number most) {
  return *rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::inRange<Number>(least, most + 1)));
}
bool one_in(unsigned n) { return drawn<unsigned>(1, n) == 1; }

Command of_stack(Verb verb, StackId stack) {
  Command command;
  command.verb = verb;
  command.stack = stack;
  return command;
}

Command of_connection(Verb verb, std::uint32_t connection) {
  Command command;
  command.verb = verb;
  command.connection = connection;
  return command;
}

Command running(Micros time) {
  Command command;
  command.verb = Verb::run;
  command.amount = time;
  return command;
}

bool is_large(const Scenario& cluster) { return cluster.settings.clients > clients_of_small; }

std::vector<PortRange> any_ports(const Scenario& cluster) {
  std::vector<PortRange> ports;
  for (const Port port : ports_used)
    if (port == ports_used[0] ? !one_in(6) : one_in(is_large(cluster) ? 2 : 6)) ports.push_back({port, port});
  if (ports.empty()) ports.push_back({ports_used[1], ports_used[1]});
  return ports;
}

// Of several DVIPAs the backups overlap.
void define(Scenario& cluster, const std::string& name, std::uint32_t number) {
  const Address address = Address::v4(0x0a4d0100U + number);
  cluster.dvipas[name] = address;
  const unsigned primary = drawn<unsigned>(1, cluster.settings.stacks);
  for (unsigned stack = 1; stack <= cluster.settings.stacks; ++stack) {
    if (stack != primary && one_in(4)) continue;
    DvipaDefinition made;
    made.dvipa = address;
    made.part = stack == primary ? Part::primary : Part::backup;
    if (stack != primary) made.rank = static_cast<std::uint8_t>(drawn<unsigned>(1, 4));
    if (stack == primary) made.distribution.emplace().ports.ranges = any_ports(cluster);
    cluster.profiles[stack - 1].dvipas.push_back(std::move(made));
  }
}

Scenario make_cluster() {
  const bool large = size_now() > small_up_to && one_in(4);
  Scenario cluster;
  cluster.name = "rapidcheck";
  cluster.settings.stacks = large ? drawn<unsigned>(3, 8) : drawn<unsigned>(2, 4);
  cluster.settings.clients = large ? 3 : clients_of_small;
  cluster.settings.seed = drawn<std::uint32_t>(1, 1'000'000);
  if (one_in(3)) cluster.settings.frame_twice = 5 * percent;
  if (one_in(3)) cluster.settings.frame_late = 5 * percent;
  cluster.profiles.resize(cluster.settings.stacks);
  const std::uint32_t dvipas = large ? drawn<std::uint32_t>(1, 4) : one_in(3) ? 2 : 1;
  for (std::uint32_t n = 1; n <= dvipas; ++n) define(cluster, std::string(1, static_cast<char>('A' + n - 1)), n);
  return cluster;
}

std::vector<Port> ports_of(const Scenario& cluster, const Address& dvipa) {
  std::vector<Port> ports;
  for (const Definitions& profile : cluster.profiles)
    for (const DvipaDefinition& each : profile.dvipas)
      if (each.dvipa == dvipa && each.distribution)
        for (const PortRange& range : each.distribution->ports.ranges) ports.push_back(range.first);
  return ports;
}

std::set<Port> ports_of(const Scenario& cluster) {
  std::set<Port> ports;
  for (const auto& [name, dvipa] : cluster.dvipas)
    std::ranges::copy(ports_of(cluster, dvipa), std::inserter(ports, ports.end()));
  return ports;
}

class ActMaker {
 public:
  explicit ActMaker(const Scenario& cluster) : cluster_(cluster) {}

  Act make() {
    switch (drawn<unsigned>(0, 9)) {
      case 0:
        standing_still();
        break;
      case 1:
        parted();
        break;
      case 2:
        kept_back();
        break;
      case 3:
      case 4:
        is_large(cluster_) ? crowd() : together(3);
        break;
      default:
        together(3);
        break;
    }
    if (one_in(4))
      add(of_stack(Verb::settle, {}));
    else
      come_to_rest();
    return std::move(act_);
  }

 private:
  StackId any_stack() const { return {static_cast<std::uint8_t>(drawn<unsigned>(1, cluster_.settings.stacks))}; }
  StackId another_than(StackId stack) const {
    const unsigned stacks = cluster_.settings.stacks;
    return {static_cast<std::uint8_t>((stack.value - 1U + drawn<unsigned>(1, stacks - 1)) % stacks + 1)};
  }
  Address dvipa_of(std::uint32_t number) const {
    return std::next(cluster_.dvipas.begin(), number % std::ssize(cluster_.dvipas))->second;
  }
  void add(Command command) { act_.push_back(std::move(command)); }

  // Long enough, unless somebody waits for what a fault keeps from him. Then world and model are compared.
  void come_to_rest() { add(running(6000 * ms)); }

  // Some at once, and so in an order that decides nothing: what a SYN meets would depend on whether it is faster than
  // the news of stacks and listeners, and who fills a vacancy on whether another is there in time.
  void together(unsigned most) {
    const unsigned kind = drawn<unsigned>(0, 9);
    if (kind < 2) return listener();
    if (kind == 2) return add(of_stack(Verb::start, any_stack()));
    if (kind == 3) return add(of_stack(Verb::stop, any_stack()));
    const bool one_by_one = one_in(2);
    const auto count = drawn<unsigned>(1, most);
    for (unsigned n = 0; n < count; ++n) {
      if (one_by_one && n != 0) come_to_rest();
      if (one_in(3)) {
        use(any_use(), any_connection());
      } else if (kind < 7) {
        open(any_connection());
      } else {
        add(of_stack(Verb::kill, any_stack()));
      }
    }
  }

  static std::uint32_t any_connection() { return drawn<std::uint32_t>(1, connections_max); }

  // A connection's number says which DVIPA, client and port it is of.
  void open(std::uint32_t connection) {
    const auto dvipas = static_cast<std::uint32_t>(cluster_.dvipas.size());
    const std::uint32_t clients = cluster_.settings.clients;
    Command command = of_connection(Verb::connect, connection);
    command.address = dvipa_of(connection);
    command.client = connection / dvipas % clients;
    const std::vector<Port> ports = ports_of(cluster_, command.address);
    command.port = ports[connection / dvipas / clients % ports.size()];
    if (begun_or_ended_.insert(connection).second) add(std::move(command));
  }

  void use(Verb verb, std::uint32_t connection) {
    Command command = of_connection(verb, connection);
    if (verb == Verb::send) command.amount = drawn<std::int64_t>(1, 3);
    if (verb == Verb::send || begun_or_ended_.insert(connection).second) add(std::move(command));
  }

  static Verb any_use() {
    constexpr Verb verbs[] = {Verb::send, Verb::send, Verb::close, Verb::abort};
    return verbs[drawn<std::size_t>(0, std::size(verbs) - 1)];
  }

  void crowd() {
    const bool opens = !one_in(3);
    const Verb verb = any_use();
    const auto first = drawn<std::uint32_t>(crowd_from, crowd_to);
    const std::uint32_t last = std::min(crowd_to, first + drawn<std::uint32_t>(30, 150));
    for (std::uint32_t connection = first; connection <= last; ++connection)
      opens ? open(connection) : use(verb, connection);
  }

  void listener() {
    const std::set<Port> ports = ports_of(cluster_);
    Command command = of_stack(one_in(3) ? Verb::close_listener : Verb::listen, any_stack());
    command.port = *std::next(ports.begin(), drawn<std::ptrdiff_t>(0, std::ssize(ports) - 1));
    if (one_in(4)) command.address = dvipa_of(drawn<std::uint32_t>(0, 3));
    add(std::move(command));
  }

  void meanwhile() {
    if (!one_in(3)) together(2);
    if (one_in(2))
      add(running(900 * ms));
    else
      come_to_rest();
  }

  void standing_still() {
    const StackId stack = any_stack();
    add(of_stack(Verb::pause, stack));
    add(running(600 * ms));
    meanwhile();
    add(of_stack(Verb::resume, stack));
  }

  void parted() {
    Command command = of_stack(Verb::partition, {});
    command.sides.members = {0, 0};
    command.sides.clients = {0, 0};
    for (unsigned stack = 1; stack <= cluster_.settings.stacks; ++stack)
      command.sides.members[drawn<std::size_t>(0, 1)] |= std::uint64_t{1} << stack;
    for (unsigned client = 0; client < cluster_.settings.clients; ++client)
      command.sides.clients[drawn<std::size_t>(0, 1)] |= std::uint64_t{1} << client;
    add(std::move(command));
    add(running(600 * ms));
    meanwhile();
    add(of_stack(Verb::heal, {}));
  }

  void kept_back() {
    Command keeping = of_stack(Verb::keep_back, any_stack());
    keeping.other = another_than(keeping.stack);
    Command delivering = keeping;
    delivering.verb = Verb::deliver;
    add(std::move(keeping));
    add(of_stack(one_in(2) ? Verb::start : Verb::kill, any_stack()));
    add(running(600 * ms));
    together(1);
    add(running(200 * ms));
    add(std::move(delivering));
  }

  const Scenario& cluster_;
  Act act_;
  std::set<std::uint32_t> begun_or_ended_;  // not twice in an act: a SYN would race with what is left of the one before
};

void add_line(Scenario& scenario, Command command) {
  ScenarioLine line;
  line.what = std::move(command);
  line.number = static_cast<unsigned>(scenario.lines.size()) + 1;
  scenario.lines.push_back(std::move(line));
}

bool is_traffic(const Command& command) {
  return command.verb == Verb::connect || command.verb == Verb::send || command.verb == Verb::close ||
         command.verb == Verb::abort;
}

// The same act with the half of its traffic: the first one, or the other.
Act with_half(const Act& act, std::ptrdiff_t traffic, bool first) {
  Act half;
  std::ptrdiff_t seen = 0;
  for (const Command& command : act)
    if (!is_traffic(command) || (seen++ < traffic / 2) == first) half.push_back(command);
  return half;
}
// Of few commands each may be what a difference does not need. Time passes as before.
rc::Seq<Act> smaller(const Act& act) {
  const auto traffic = std::ranges::count_if(act, is_traffic);
  if (traffic > 8) return rc::seq::just(with_half(act, traffic, true), with_half(act, traffic, false));
  std::vector<Act> all;
  for (std::size_t n = 0; n < act.size(); ++n) {
    if (act[n].verb == Verb::run || act[n].verb == Verb::settle) continue;
    all.push_back(act);
    all.back().erase(all.back().begin() + static_cast<std::ptrdiff_t>(n));
  }
  return rc::seq::fromContainer(std::move(all));
}

// Everything starts, the acts happen, everything comes to rest, what has been opened is used, and all rests again.
Scenario scenario_of(Scenario made, const std::vector<Act>& acts) {
  for (unsigned n = 1; n <= made.settings.stacks; ++n) {
    const StackId stack{static_cast<std::uint8_t>(n)};
    for (const Port port : ports_of(made)) {
      Command listens = of_stack(Verb::listen, stack);
      listens.port = port;
      if (port != ports_used[2] && (n % 2 == 0 || made.settings.stacks == 2)) add_line(made, std::move(listens));
    }
    add_line(made, of_stack(Verb::start, stack));
  }
  add_line(made, of_stack(Verb::settle, {}));
  std::map<std::uint32_t, unsigned> opened;
  for (const Act& act : acts)
    for (const Command& command : act)
      if (command.verb != Verb::connect || ++opened[command.connection] <= instances_max) add_line(made, command);
  add_line(made, of_stack(Verb::settle, {}));
  for (const auto& [connection, times] : opened) {
    Command sends = of_connection(Verb::send, connection);
    sends.amount = 1;
    add_line(made, std::move(sends));
  }
  add_line(made, of_stack(Verb::settle, {}));
  return made;
}

}  // namespace

rc::Gen<Scenario> any_scenario_for_model() {
  const auto cluster = rc::gen::noShrink(rc::gen::exec([] { return make_cluster(); }));
  return rc::gen::mapcat(cluster, [](const Scenario& drawn_cluster) {
    const auto made = rc::gen::exec([drawn_cluster] { return ActMaker(drawn_cluster).make(); });
    const rc::Gen<Act> act([made](const rc::Random& random, int size) {
      return rc::shrinkable::shrinkRecur(made(random, size).value(), smaller);
    });
    return rc::gen::map(rc::gen::container<std::vector<Act>>(act),
                        [drawn_cluster](const std::vector<Act>& acts) { return scenario_of(drawn_cluster, acts); });
  });
}

}  // namespace test
}  // namespace dvipa::world
