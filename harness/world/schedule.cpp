#include "harness/world/schedule.hpp"

#include <algorithm>

namespace dvipa::world {
namespace {

constexpr std::uint32_t connections_max = 60;

// PCG-XSH-RR (O'Neill 2014): the same numbers with every compiler.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 2 + 1) { next(); }
  std::uint32_t next() {
    const std::uint64_t old = state_;
    state_ = old * 6364136223846793005U + 1442695040888963407U;
    const auto shifted = static_cast<std::uint32_t>(((old >> 18) ^ old) >> 27);
    const auto turn = static_cast<unsigned>(old >> 59);
    return shifted >> turn | shifted << ((32 - turn) & 31U);
  }
  std::uint32_t below(std::uint32_t bound) { return next() % bound; }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  std::int64_t between(std::int64_t least, std::int64_t most) {
    return least + static_cast<std::int64_t>(next() % static_cast<std::uint64_t>(most - least + 1));
  }

 private:
  std::uint64_t state_;
};

class ScheduleMaker {
 public:
  ScheduleMaker(std::uint64_t seed, const ScheduleLimits& limits) : random_(seed), limits_(limits) {
    scenario_.name = "seed " + std::to_string(seed);
    scenario_.settings.seed = seed;
    scenario_.settings.mutant = limits.mutant;
  }

  Scenario make() {
    cluster();
    beginning();
    for (unsigned n = 0; n < limits_.commands; ++n) {
      now_ += gap();
      random_.below(100) < 62 ? traffic() : fault();
    }
    end();
    for (Definitions& each : scenario_.profiles) std::ranges::sort(each.dvipas, {}, &DvipaDefinition::dvipa);
    return std::move(scenario_);
  }

 private:
  // --- who is there ------------------------------------------------------------------------------------------------
  void cluster() {
    Settings& settings = scenario_.settings;
    settings.stacks = 2 + random_.below(5);
    settings.clients = 1 + random_.below(3);
    settings.codec = random_.one_in(4);
    settings.frame_loss = rate(Fault::loss, 4 * percent);
    settings.frame_twice = rate(Fault::twice, 3 * percent);
    settings.frame_late = rate(Fault::late, 5 * percent);
    scenario_.profiles.resize(settings.stacks);
    const unsigned dvipas = 1 + random_.below(3);
    for (unsigned n = 0; n < dvipas; ++n) dvipa(n);
    if (is_on(Fault::move) && random_.one_in(2)) range();
  }

  PerMillion rate(Fault fault, PerMillion most) {
    const bool on = limits_.faults.test(static_cast<std::size_t>(fault)) && !random_.one_in(3);
    return on ? random_.below(most / 1000 + 1) * 1000 : 0;
  }

  void dvipa(unsigned n) {
    const Address address =
        random_.one_in(4) ? *parse_address("fd00::1:" + std::to_string(n + 1)) : Address::v4(0x0a4d0101U + (n << 8));
    scenario_.dvipas[std::string(1, static_cast<char>('A' + n))] = address;
    std::vector<StackId> order;
    for (unsigned stack = 1; stack <= scenario_.settings.stacks; ++stack)
      order.push_back({static_cast<std::uint8_t>(stack)});
    for (std::size_t i = order.size(); i > 1; --i)
      std::swap(order[i - 1], order[random_.below(static_cast<std::uint32_t>(i))]);
    const std::size_t parts = std::min<std::size_t>(order.size(), 2 + random_.below(3));
    for (std::size_t i = 0; i < parts; ++i) {
      DvipaDefinition made;
      made.dvipa = address;
      made.part = i == 0 ? Part::primary : Part::backup;
      made.rank = static_cast<std::uint8_t>(i == 0 ? 0 : 1 + random_.below(3));
      if (i == 0 || random_.one_in(6)) made.distribution = distribution();
      scenario_.profiles[order[i].value - 1U].dvipas.push_back(std::move(made));
    }
  }

  // One more DVIPA, which any stack may have.
  void range() {
    const Address address = random_.one_in(4) ? *parse_address("fd00::9:1") : Address::v4(0x0a4d0901U);
    scenario_.dvipas[std::string(1, static_cast<char>('A' + scenario_.dvipas.size()))] = address;
    const Moveable moveable = random_.one_in(3) ? Moveable::disruptive : Moveable::nondisruptive;
    const auto bits = static_cast<std::uint8_t>(address.is_v4() ? 32 : 128);
    for (Definitions& each : scenario_.profiles) each.ranges.push_back({address, bits, moveable, false});
    moving_ = address;
  }

  Distribution distribution() {
    Distribution made;
    made.ports.ranges = {{60, 60}};
    if (random_.one_in(3)) return made;
    for (unsigned stack = 1; stack <= scenario_.settings.stacks; ++stack)
      if (!random_.one_in(3)) made.targets.xcf_addresses.push_back(Address::v4(0x0a4d0000U + stack));
    return made;
  }

  // --- what happens ------------------------------------------------------------------------------------------------
  Micros gap() {
    const std::uint32_t kind = random_.below(10);
    if (kind < 5) return random_.between(0, 5 * ms);
    return kind < 8 ? random_.between(5 * ms, 60 * ms) : random_.between(60 * ms, 400 * ms);
  }

  Command& add(Verb verb) {
    ScenarioLine line;
    line.at = now_;
    Command command;
    command.verb = verb;
    line.what = command;
    scenario_.lines.push_back(std::move(line));
    return std::get<Command>(scenario_.lines.back().what);
  }
  Command& add(Verb verb, StackId stack) {
    Command& command = add(verb);
    command.stack = stack;
    return command;
  }

  StackId any_stack() { return {static_cast<std::uint8_t>(1 + random_.below(scenario_.settings.stacks))}; }
  Address any_dvipa() {
    auto at = scenario_.dvipas.begin();
    std::advance(at, random_.below(static_cast<std::uint32_t>(scenario_.dvipas.size())));
    return at->second;
  }

  void beginning() {
    for (unsigned n = 1; n <= scenario_.settings.stacks; ++n) {
      const StackId stack{static_cast<std::uint8_t>(n)};
      if (!random_.one_in(5)) add(Verb::listen, stack).port = 60;
      if (!random_.one_in(8)) add(Verb::start, stack);
    }
    if (!random_.one_in(4)) now_ += 2000 * ms;
    if (moving_) activate(any_stack());
  }

  void traffic() {
    const std::uint32_t kind = random_.below(10);
    if (kind < 4 || opened_ == 0) return open();
    const std::uint32_t connection = 1 + random_.below(opened_);
    if (kind < 8) {
      Command& command = add(Verb::send);
      command.connection = connection;
      command.amount = random_.between(1, 4);
    } else {
      add(random_.one_in(4) ? Verb::abort : Verb::close).connection = connection;
    }
  }

  void open() {
    const bool again = opened_ != 0 && (opened_ >= connections_max || (is_on(Fault::reuse) && random_.one_in(3)));
    const std::uint32_t connection = again ? 1 + random_.below(opened_) : ++opened_;
    Command& command = add(Verb::connect);
    command.connection = connection;
    command.client = connection % scenario_.settings.clients;
    if (!again) of_connection_.push_back(any_dvipa());
    command.address = of_connection_[connection - 1];
    command.port = 60;
  }

  bool is_on(Fault fault) const { return limits_.faults.test(static_cast<std::size_t>(fault)); }

  void fault() {
    const auto fault = static_cast<Fault>(static_cast<std::uint32_t>(Fault::crash) + random_.below(13));
    if (!is_on(fault)) return;
    const StackId stack = any_stack();
    switch (fault) {
      case Fault::crash:
        add(random_.one_in(2) ? Verb::start : Verb::kill, stack);
        return;
      case Fault::pause:
        return pause(stack);
      case Fault::partition:
        return random_.one_in(2) ? void(add(Verb::heal)) : partition();
      case Fault::one_way:
        if (random_.one_in(3)) add(Verb::one_way, stack).other = any_stack();
        if (random_.one_in(2)) add(Verb::heal);
        return;
      case Fault::slow:
        add(Verb::slow, stack).amount = random_.one_in(2) ? 0 : random_.between(1, 150) * ms;
        return;
      case Fault::application:
        return application(stack);
      case Fault::clock:
        add(Verb::jump, stack).amount = random_.between(1, 300) * ms;
        return;
      case Fault::stale: {
        Command& command = add(Verb::stale, stack);
        command.client = random_.below(scenario_.settings.clients);
        command.address = any_dvipa();
        return;
      }
      case Fault::profile:
        return profile(stack);
      case Fault::leave:
        if (random_.one_in(2)) add(Verb::stop, stack);
        return;
      case Fault::process:
        add(random_.one_in(2) ? Verb::start : Verb::kill_process, stack);
        return;
      case Fault::move:
        return moving_ ? activate(stack) : void();
      default:
        return;
    }
  }

  void activate(StackId stack) {
    Command& command = add(Verb::activate, stack);
    command.address = *moving_;
    command.amount = random_.one_in(3) ? 1 : 0;
  }

  void pause(StackId stack) {
    add(Verb::pause, stack);
    const Micros before = now_;
    now_ += random_.one_in(2) ? random_.between(1, 240) * ms : random_.between(240, 900) * ms;
    add(Verb::resume, stack);
    now_ = before;
  }

  void partition() {
    Command& command = add(Verb::partition);
    command.sides.members = {0, 0};
    command.sides.clients = {0, 0};
    for (unsigned stack = 1; stack <= scenario_.settings.stacks; ++stack)
      command.sides.members[random_.below(2)] |= std::uint64_t{1} << stack;
    for (unsigned client = 0; client < scenario_.settings.clients; ++client)
      command.sides.clients[random_.below(2)] |= std::uint64_t{1} << client;
  }

  void application(StackId stack) {
    const std::uint32_t kind = random_.below(4);
    const Verb verb = kind < 2 ? Verb::listen : kind == 2 ? Verb::close_listener : Verb::abort_application;
    Command& command = add(verb, stack);
    command.port = 60;
    if (random_.one_in(4)) command.address = any_dvipa();
  }

  void profile(StackId stack) {
    const Definitions& defined = scenario_.profiles[stack.value - 1U];
    if (defined.dvipas.empty() || !random_.one_in(3)) return;
    DvipaDefinition made = defined.dvipas[random_.below(static_cast<std::uint32_t>(defined.dvipas.size()))];
    if (made.part == Part::backup) made.rank = static_cast<std::uint8_t>(1 + random_.below(5));
    if (made.distribution && random_.one_in(2)) made.distribution = distribution();
    add(Verb::define, stack).definition = std::move(made);
  }

  // Everything heals and comes to rest; then every connection is used, and new ones are opened.
  void end() {
    std::ranges::stable_sort(scenario_.lines, {}, [](const ScenarioLine& line) { return *line.at; });
    now_ = std::max(now_, scenario_.lines.back().at.value_or(0)) + ms;
    add(Verb::settle);
    scenario_.lines.back().at.reset();
    for (std::uint32_t connection = 1; connection <= opened_; ++connection) {
      Command& command = add(Verb::send);
      command.connection = connection;
      command.amount = 1;
      scenario_.lines.back().at.reset();
    }
    for (const auto& [name, address] : scenario_.dvipas) {
      Command& command = add(Verb::connect);
      command.connection = ++opened_;
      command.address = address;
      command.port = 60;
      scenario_.lines.back().at.reset();
    }
    add(Verb::settle);
    scenario_.lines.back().at.reset();
  }

  Random random_;
  const ScheduleLimits& limits_;
  Scenario scenario_;
  Micros now_ = 0;
  std::uint32_t opened_ = 0;
  std::vector<Address> of_connection_;
  std::optional<Address> moving_;
};

}  // namespace

Scenario make_schedule(std::uint64_t seed, const ScheduleLimits& limits) { return ScheduleMaker(seed, limits).make(); }

}  // namespace dvipa::world
