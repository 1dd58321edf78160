// Plays a scenario, and compares what it expects with what is.
#include <fmt/format.h>

#include "harness/world/digest.hpp"
#include "harness/world/scenario.hpp"

namespace dvipa::world {
namespace {

std::string name(StackId stack) { return stack ? fmt::format("S{}", stack.value) : "nobody"; }

class Observation {
 public:
  Observation(const World& world, const Expectation& expected) : world_(world), expected_(expected) {}

  std::string difference() const {
    using Kind = Expectation::Kind;
    switch (expected_.kind) {
      case Kind::owner:
        return owner();
      case Kind::advertiser:
        return advertiser();
      case Kind::state:
        return compare(dvipa() == nullptr ? "bystander" : roles::name_of(dvipa()->owner.state()), expected_.word);
      case Kind::routes:
        return compare(std::to_string(dvipa() == nullptr ? 0 : dvipa()->routes.size()),
                       std::to_string(expected_.count));
      case Kind::listeners:
        return compare(std::to_string(dvipa() == nullptr ? 0 : dvipa()->listeners.size()),
                       std::to_string(expected_.count));
      case Kind::hidden:
      case Kind::not_hidden: {
        const bool holds = world_.host(expected_.stack).kernel.addresses.contains(expected_.dvipa);
        if (holds == (expected_.kind == Kind::hidden)) return {};
        return holds ? "it holds the address" : "it does not hold the address";
      }
      case Kind::answer: {
        const auto& answered = world_.host(expected_.stack).answered;
        return compare(answered ? name_of(*answered) : "nothing", expected_.word);
      }
      case Kind::connection:
      case Kind::target:
      case Kind::acknowledged:
        return connection();
    }
    return {};
  }

 private:
  static std::string compare(std::string_view found, std::string_view expected) {
    return found == expected ? std::string() : fmt::format("it is {}", found);
  }

  const Stack::Dvipa* dvipa() const {
    const Host& host = world_.host(expected_.stack);
    return host.stack ? host.stack->dvipa(expected_.dvipa) : nullptr;
  }

  std::string owner() const {
    std::string found;
    world_.for_each_stack([&](StackId stack) {
      if (!world_.is_up(stack)) return;
      const Stack::Dvipa* mine = world_.host(stack).stack->dvipa(expected_.dvipa);
      const StackId known = mine == nullptr ? nobody : mine->owner.facts.owner;
      if (known != expected_.stack && found.empty())
        found = fmt::format("{} takes {} for it", name(stack), name(known));
    });
    return found;
  }

  std::string advertiser() const {
    std::string found;
    world_.for_each_stack([&](StackId stack) {
      if (!world_.is_up(stack) || !world_.host(stack).advertised.contains(expected_.dvipa)) return;
      found += (found.empty() ? "" : " and ") + name(stack);
    });
    if (found.empty()) found = "nobody";
    return compare(found, name(expected_.stack));
  }

  std::string connection() const {
    const ClientConnection* found = world_.find_connection(expected_.connection);
    if (found == nullptr) return "it was never opened";
    if (expected_.kind == Expectation::Kind::target) return compare(name(found->peer), name(expected_.stack));
    if (expected_.kind == Expectation::Kind::acknowledged)
      return compare(std::to_string(found->acknowledged), std::to_string(expected_.count));
    return compare(word_of(*found), expected_.word);
  }

  const World& world_;
  const Expectation& expected_;
};

}  // namespace

std::string unmet(const Expectation& expected, const World& world) { return Observation(world, expected).difference(); }

const char* word_of(const ClientConnection& connection) {
  using State = ClientConnection::State;
  static constexpr const char* ends[] = {"closed", "closed", "refused", "reset", "timed-out"};
  switch (connection.state) {
    case State::syn_sent:
      return "opening";
    case State::established:
      return "established";
    case State::closing:
      return "closing";
    case State::closed:
      break;
  }
  return ends[static_cast<unsigned>(connection.end)];
}

Outcome play(const Scenario& scenario, Observer* observer) {
  World world(scenario.settings, scenario.profiles);
  world.observe(observer);
  Outcome outcome;
  for (const ScenarioLine& line : scenario.lines) {
    if (line.at) world.run_until(*line.at);
    if (const auto* command = std::get_if<Command>(&line.what)) {
      world.perform(*command);
    } else {
      const std::string difference = unmet(std::get<Expectation>(line.what), world);
      if (!difference.empty()) outcome.unmet.push_back({line.number, difference});
    }
    if (world.violation()) break;
  }
  outcome.violation = world.violation();
  outcome.steps = world.steps();
  outcome.digest = Digest{}.add(world.history()).add(world.digest()).value();
  outcome.ended_at = world.now();
  return outcome;
}

}  // namespace dvipa::world
