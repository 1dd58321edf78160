#include "harness/conform/play/rehearsal.hpp"

#include <fmt/format.h>

#include "harness/conform/play/follow.hpp"
#include "harness/conform/play/script.hpp"

namespace dvipa::conform {
namespace {

using world::Command;
using world::Expectation;
using world::NotPlayable;
using world::ScenarioLine;
using world::Verb;
using world::World;

class Rehearsal {
 public:
  explicit Rehearsal(const world::Scenario& scenario)
      : scenario_(scenario), world_(settings_of(scenario), scenario.profiles), follower_(scenario) {}

  std::optional<NotPlayable> run() {
    for (std::size_t n = 0; n < scenario_.lines.size() && !missing_ && !world_.violation(); ++n) {
      line_ = scenario_.lines[n].number;
      const auto* command = std::get_if<Command>(&scenario_.lines[n].what);
      if (command == nullptr) {
        expect_lasting(std::get<Expectation>(scenario_.lines[n].what));
        continue;
      }
      need(follower_.perform(*command, world_));
      const World before = world_;
      world_.perform(*command);
      if (passes_time(scenario_.lines[n])) expect_patience(before);
      const bool goes_on = n + 1 < scenario_.lines.size() && !passes_time(scenario_.lines[n + 1]);
      if (command->verb == Verb::run && goes_on) expect_rest();
    }
    return missing_;
  }

 private:
  void need(const std::string& lacking) {
    if (!lacking.empty() && !missing_) missing_ = NotPlayable{line_, lacking};
  }

  void expect_rest() {
    for (const auto& [name, dvipa] : scenario_.dvipas)
      for (const world::Difference& each :
           world::about_to_change(world_, dvipa, follower_.open_connections_of(dvipa, world_)))
        need(fmt::format("time orders things here: {} of {} is about to go from {} to {}", each.where, name, each.one,
                         each.other));
  }

  // Who is not answered gives up: a client's SYN and FIN, and a target whose client is silent. A world is faster in
  // that than live hosts.
  void expect_patience(const World& before) {
    using State = world::ClientConnection::State;
    using End = world::ClientConnection::End;
    for (const world::ClientConnection& now : world_.connections()) {
      const auto place = static_cast<std::size_t>(&now - world_.connections().data());
      const world::ClientConnection& then = before.connections()[place];
      const auto holds = [&](const World& world) {
        return world.host(now.peer).kernel.endpoints.contains(static_cast<unsigned>(place));
      };
      const bool client_gave_up = then.state != State::closed && now.end == End::timed_out;
      const bool target_gave_up = now.state == State::established && then.state == State::established &&
                                  world_.is_up(now.peer) && holds(before) && !holds(world_);
      if (client_gave_up || target_gave_up) need("in a world client and target lose patience with each other sooner");
      // And the answer goes to an owner who knows nothing of a target without a stack.
      const bool asked = then.state == State::established && before.host(now.peer).kernel_lives && holds(before);
      if (asked && now.end == End::reset) need("in a world a target asks an idle client whether it lives");
    }
  }

  void expect_lasting(const Expectation& expectation) {
    World later = world_;
    later.run_until(later.now() + world::a_while);
    if (world::unmet(expectation, world_) != world::unmet(expectation, later))
      need("time orders things here: what is expected is about to change");
  }

  const world::Scenario& scenario_;
  World world_;
  Follower follower_;
  std::optional<NotPlayable> missing_;
  unsigned line_ = 0;
};

}  // namespace

std::optional<NotPlayable> not_for_lab(const world::Scenario& scenario) {
  if (auto missing = outside_the_lab(scenario)) return missing;
  return Rehearsal(scenario).run();
}

}  // namespace dvipa::conform
