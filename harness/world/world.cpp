// Virtual time: what is to happen, in order, and what is drawn from the seed.
#include "harness/world/world.hpp"

#include <algorithm>

#include "harness/world/digest.hpp"
#include "harness/world/judge.hpp"

namespace dvipa::world {
namespace {

// The finalizer of SplitMix64 (Steele, Lea, Flood 2014).
constexpr std::uint64_t mix(std::uint64_t value) {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

// After which a move that is under way may come out either way.
constexpr bool is_failure(Verb verb) {
  switch (verb) {
    case Verb::start:
    case Verb::kill:
    case Verb::kill_process:
    case Verb::stop:
    case Verb::pause:
    case Verb::resume:
    case Verb::define:
    case Verb::partition:
    case Verb::one_way:
      return true;
    default:
      return false;
  }
}

}  // namespace

World::World(Settings settings, const std::vector<Definitions>& profiles)
    : settings_(settings),
      hosts_(settings.stacks + 1),
      links_((settings.stacks + 1U) * (settings.stacks + 1U)),
      redialing_(links_.size()),
      side_of_stack_(settings.stacks + 1),
      side_of_client_(settings.clients),
      blocked_(links_.size()),
      clients_(settings.clients) {
  for (unsigned n = 1; n <= settings_.stacks && n <= profiles.size(); ++n) hosts_[n].profile = profiles[n - 1];
}

const ClientConnection* World::find_connection(std::uint32_t connection) const {
  const auto place = places_.find(connection);
  return place == places_.end() ? nullptr : &connections_[place->second];
}

// A heap keeps its events in one order of several, and they differ by `order`.
std::uint64_t World::digest() const {
  const auto& [settings, now, order, steps, history, events, hosts, links, redialing, sessions, side_of_stack,
               side_of_client, blocked, clients, connections, by_tuple, places, asked_last, violation, observer] =
      *this;
  return Digest{}
      .add_unordered(events)
      .add(std::tie(settings, now, order, hosts, links, redialing, sessions, side_of_stack, side_of_client, blocked,
                    clients, connections, by_tuple, places, asked_last, violation))
      .value();
}

void World::schedule(Micros after, const Event& what) {
  Event event = what;
  event.at = now_ + std::max<Micros>(after, 0);
  event.order = ++order_;
  events_.push_back(event);
  std::push_heap(events_.begin(), events_.end(), Later{});
}

// Every row of random numbers (a link, a connection, a host) is its own: what is left out of a schedule does not change
// what the rest of it draws.
std::uint64_t World::draw(std::uint64_t row, std::uint64_t place) const {
  return mix(mix(settings_.seed ^ mix(row)) + place);
}

Micros World::draw(const Span& span, std::uint64_t row, std::uint64_t place) const {
  const auto width = static_cast<std::uint64_t>(span.most - span.least) + 1;
  return span.least + static_cast<Micros>(draw(row, place) % width);
}

bool World::happens(PerMillion rate, std::uint64_t row, std::uint64_t place) const {
  return rate != 0 && draw(row, place) % 1'000'000 < rate;
}

bool World::step() {
  if (events_.empty() || violation_) return false;
  std::pop_heap(events_.begin(), events_.end(), Later{});
  const Event event = events_.back();
  events_.pop_back();
  now_ = std::max(now_, event.at);
  ++steps_;
  history_ = mix(history_ ^ static_cast<std::uint64_t>(event.at)) + static_cast<std::uint64_t>(event.kind) * 257 +
             event.host.value * 64U + event.peer.value + event.number;
  if (!is_deferred(event)) take(event);
  if (!violation_) Judge(*this).after_step();
  return true;
}

void World::run_until(Micros at) {
  while (!violation_ && !events_.empty() && events_.front().at <= at) step();
  if (!violation_) now_ = std::max(now_, at);
}

// What concerns a host that stands still waits for it; frames do not.
bool World::is_deferred(const Event& event) {
  using Kind = Event::Kind;
  if (!event.host || at(event.host).life != Host::Life::paused) return false;
  if (event.kind == Kind::frame || event.kind == Kind::redial || event.kind == Kind::answer) return false;
  if (event.kind == Kind::message) return false;  // waits in its queue
  at(event.host).deferred.push_back(event);
  return true;
}

void World::take(const Event& event) {
  using Kind = Event::Kind;
  switch (event.kind) {
    case Kind::message:
      return receive(event.host, event.peer);
    case Kind::member_up:
      return member_up(event);
    case Kind::member_down:
      return member_down(event);
    case Kind::suspect:
      return suspect(event);
    case Kind::redial:
      return redial(event.host, event.peer);
    case Kind::frame:
      return take_frame(event);
    case Kind::answer:
      return take_answer(event);
    case Kind::neighbour:
      if (reaches(event.number, event.peer)) clients_[event.number].neighbours[event.timer.dvipa] = event.peer;
      return;
    case Kind::timer:
      return fire(event);
    case Kind::worker:
      if (at(event.host).incarnation == event.turn && is_up(event.host)) finish_work(event.host);
      return;
    case Kind::announce:
      if (at(event.host).announcing == event.turn) announce(event.host, event.number);
      return;
    case Kind::client_clock:
      return client_clock(event);
    case Kind::endpoint_clock:
      return endpoint_clock(event);
  }
}

void World::perform(const Command& command) {
  if (violation_) return;
  if (is_failure(command.verb)) asked_last_.clear();
  const StackId stack = command.stack;
  switch (command.verb) {
    case Verb::start:
      return start(stack);
    case Verb::kill:
      return kill(stack, "crashes");
    case Verb::kill_process:
      return kill_process(stack);
    case Verb::stop:
      if (!is_up(stack)) return;
      at(stack).leaving = true;
      return give(stack, input::LeaveAsked{});
    case Verb::pause:
      return pause(stack);
    case Verb::resume:
      return resume(stack);
    case Verb::slow:
      at(stack).worker_extra = command.amount;
      return;
    case Verb::jump:
      return jump(stack, command.amount);
    case Verb::capacity:
      if (is_up(stack)) give(stack, input::CapacityMeasured{static_cast<std::uint16_t>(command.amount)});
      return;
    case Verb::weight: {
      std::optional<std::uint16_t> weight;
      if (command.amount >= 0) weight = static_cast<std::uint16_t>(command.amount);
      if (is_up(stack)) give(stack, input::WeightOrdered{command.address, command.other, weight});
      return;
    }
    case Verb::activate:
      return activate(stack, command.address, command.amount != 0);
    case Verb::define:
      return define(stack, *command.definition);
    case Verb::listen:
      return listen(stack, command.address, command.port);
    case Verb::close_listener:
    case Verb::abort_application:
      return close_listener(stack, command.address, command.port, command.verb == Verb::abort_application);
    case Verb::connect:
      return connect(command);
    case Verb::partition:
      return partition(command.sides);
    case Verb::one_way:
      blocked_[index(stack, command.other)] = 1;
      return reach_changed();
    case Verb::heal:
      return heal();
    case Verb::keep_back:
      return keep_back(stack, command.other);
    case Verb::deliver:
      return deliver(stack, command.other, command.amount);
    case Verb::drop:
      return drop_frames();
    case Verb::run:
      return run_until(now_ + command.amount);
    case Verb::settle:
      return settle();
    case Verb::stale:
      clients_[command.client].neighbours[command.address] = stack;
      return;
    case Verb::send:
    case Verb::close:
    case Verb::abort:
      return of_client(command);
  }
}

void World::settle() {
  heal();
  for_each_stack([&](StackId stack) {
    resume(stack);
    at(stack).worker_extra = 0;
    for_each_stack([&](StackId other) { deliver(stack, other, 0); });
  });
  run_until(now_ + settling_time(settings_));
  if (!violation_) Judge(*this).at_rest();
}

void World::fail(std::string property, std::string what) {
  if (violation_) return;
  violation_ = Violation{now_, std::move(property), std::move(what)};
  tell({}, {}, "VIOLATION of \"" + violation_->property + "\": " + violation_->what);
}

void World::tell(StackId from, StackId to, const std::string& what) {
  if (!is_watched()) return;
  const auto name = [](StackId stack) { return stack ? "S" + std::to_string(stack.value) : std::string(); };
  observer_.observer->saw(now_, name(from), name(to), what);
}

std::string World::name_of(const Connection& connection) const {
  for (const auto& [number, place] : places_)
    if (connections_[place].tuple == connection) return "c" + std::to_string(number);
  return to_string(connection.remote.client) + ":" + std::to_string(connection.remote.client_port);
}

}  // namespace dvipa::world
