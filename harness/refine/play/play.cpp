#include "harness/refine/play/play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace dvipa::refine {
namespace {

using world::Command;
using world::Difference;
using world::Disagreement;
using world::Expectation;
using world::Micros;
using world::NotPlayable;
using world::ScenarioLine;
using world::Verb;
using world::View;
using world::World;

bool passes_time(const ScenarioLine& line) {
  const auto* command = std::get_if<Command>(&line.what);
  return line.at || (command != nullptr && (command->verb == Verb::run || command->verb == Verb::settle));
}

class Stage {
 public:
  Stage(const world::Scenario& scenario, std::vector<Cast> casts, const model::Deviations& deviations)
      : scenario_(scenario), world_(scenario.settings, scenario.profiles) {
    for (Cast& each : casts) boards_.emplace_back(std::move(each), deviations);
  }

  Performance run() {
    for (std::size_t n = 0; n < scenario_.lines.size() && !is_over(); ++n) {
      line_ = scenario_.lines[n].number;
      const bool goes_on = n + 1 < scenario_.lines.size() && !passes_time(scenario_.lines[n + 1]);
      play(scenario_.lines[n], goes_on);
      compare_verdicts();
    }
    for (const Board& board : boards_) tell(board);
    return std::move(result_);
  }

 private:
  // What comes after a disagreement is only what follows from it.
  bool is_over() const {
    return boards_.empty() || result_.violation || world_.violation() || !result_.disagreements.empty();
  }

  // One that the model cannot go on with leaves, and the others play on.
  template <class Ask>
  void ask_each(Ask&& ask) {
    for (auto at = boards_.begin(); at != boards_.end();) at = stays(*at, ask(*at)) ? at + 1 : boards_.erase(at);
  }
  bool stays(const Board& board, const std::string& lacking) {
    if (lacking.empty()) return true;
    if (!result_.not_for_model) result_.not_for_model = NotPlayable{line_, lacking};
    tell(board);
    return false;
  }

  void play(const ScenarioLine& line, bool goes_on) {
    if (line.at && *line.at > world_.now()) {
      world_.run_until(*line.at);
      const auto* command = std::get_if<Command>(&line.what);
      let_happen(command == nullptr || command->verb != Verb::settle);
    }
    if (is_over()) return;
    if (const auto* expectation = std::get_if<Expectation>(&line.what)) return compare(*expectation);
    const Command& command = std::get<Command>(line.what);
    world_.perform(command);
    if (command.verb == Verb::run) return let_happen(goes_on);
    ask_each([&](Board& board) {
      return command.verb == Verb::settle ? board.settle(in_world(board)) : board.perform(command);
    });
    if (command.verb == Verb::settle) compare_all();
  }

  // Time has passed in the world. When nothing more is going to happen there by itself, all is compared.
  void let_happen(bool goes_on) {
    ask_each([&](Board& board) { return board.let_happen(in_world(board)); });
    if (is_over()) return;
    if (rests()) {
      ask_each([](const Board& board) { return board.still_waits(); });
      compare_all();
    } else if (goes_on) {
      expect_rest();
    }
  }

  // Whatever faults last. Some things change and change back: they are looked at again and again.
  bool rests() const {
    const auto now = all_of_world(world_);
    World later = world_;
    const Micros end = later.now() + settling_time(later.settings());
    bool same = true;
    while (same && later.now() < end) {
      later.run_until(later.now() + 250 * world::ms);
      same = !later.violation() && all_of_world(later) == now;
    }
    return same;
  }

  Course in_world(const Board& board) const {
    return {[this, dvipa = board.cast().dvipa](std::uint32_t number) { return target_of(dvipa, number); },
            [this](std::uint32_t number) {
              using End = world::ClientConnection::End;
              const world::ClientConnection* connection = world_.find_connection(number);
              return connection != nullptr && (connection->end == End::refused || connection->end == End::reset);
            }};
  }
  // The client's peer, or else the stack to which an owner routes it.
  StackId target_of(const Address& dvipa, std::uint32_t number) const {
    const world::ClientConnection* connection = world_.find_connection(number);
    if (connection == nullptr || connection->peer) return connection == nullptr ? StackId{} : connection->peer;
    StackId target;
    for (const auto& [stack, mine] : view_of(world_, dvipa, {number}).stacks)
      if (!mine.routes.empty()) target = mine.routes.begin()->second;
    return target;
  }

  std::map<Address, std::string> played() const {
    std::map<Address, std::string> all;
    for (const Board& board : boards_) all.emplace(board.cast().dvipa, board.cast().name);
    return all;
  }
  std::vector<std::uint32_t> connections_of(const Address& dvipa) const {
    std::vector<std::uint32_t> all;
    for (const Board& board : boards_)
      if (board.cast().dvipa == dvipa) std::ranges::copy(board.cast().connections, std::back_inserter(all));
    return all;
  }
  // Of what is played.
  View of_world(const World& world, const Address& dvipa) const {
    std::set<Port> ports;
    for (const Board& board : boards_)
      if (board.cast().dvipa == dvipa) ports.insert(board.cast().port);
    View view = view_of(world, dvipa, connections_of(dvipa));
    for (auto& [stack, mine] : view.stacks)
      std::erase_if(mine.listeners, [&](const auto& each) { return !ports.contains(each.first); });
    return view;
  }
  std::map<Address, View> all_of_world(const World& world) const {
    std::map<Address, View> all;
    for (const auto& [dvipa, name] : played()) all.emplace(dvipa, of_world(world, dvipa));
    return all;
  }
  View of_model(const Address& dvipa) const {
    View view;
    for (const Board& board : boards_)
      if (board.cast().dvipa == dvipa) board.add_to(view);
    return view;
  }

  // Data under way orders nothing: in the model it moves in one step, when it likes.
  void expect_rest(bool of_data_too = false) {
    if (world_.violation()) return;
    for (const auto& [dvipa, name] : played()) {
      const auto changes = world::about_to_change(world_, dvipa, connections_of(dvipa), of_data_too);
      if (changes.empty()) continue;
      const std::string lacking = fmt::format("time orders things here: {} of {} is about to go from {} to {}",
                                              changes[0].where, name, changes[0].one, changes[0].other);
      ask_each([&](const Board& board) { return board.cast().dvipa == dvipa ? lacking : std::string(); });
    }
  }

  void disagree(std::string where, std::string world, std::string model) {
    result_.disagreements.push_back({line_, std::move(where), std::move(world), std::move(model)});
  }

  void compare(const Expectation& expectation) {
    using Kind = Expectation::Kind;
    if (expectation.kind == Kind::hidden || expectation.kind == Kind::not_hidden || expectation.kind == Kind::answer)
      return result_.left_out.push_back({line_, "the model has no hidden addresses"});
    if (expectation.kind == Kind::acknowledged) expect_rest(true);
    if (is_over()) return;
    Address dvipa = expectation.dvipa;
    for (const Board& board : boards_)
      if (dvipa.is_none() && std::ranges::count(board.cast().connections, expectation.connection) != 0)
        dvipa = board.cast().dvipa;
    if (!dvipa.is_none() && !played().contains(dvipa)) return;
    const std::string of_world_ = unmet(expectation, of_world(world_, dvipa));
    const std::string of_model_ = unmet(expectation, of_model(dvipa));
    if (!of_model_.empty()) result_.unmet.push_back({line_, of_model_});
    const auto text = [](const std::string& found) { return found.empty() ? "it is as expected" : found; };
    if (of_world_.empty() != of_model_.empty()) disagree("what is expected", text(of_world_), text(of_model_));
  }

  void compare_all() {
    if (boards_.empty()) return;
    ++result_.comparisons;
    for (const auto& [dvipa, name] : played())
      for (const Difference& each : differences(of_world(world_, dvipa), of_model(dvipa)))
        disagree(fmt::format("{} (of {})", each.where, name), each.one, each.other);
  }

  void compare_verdicts() {
    if (boards_.empty()) return;
    for (const Board& board : boards_)
      if (board.violation() && !result_.violation) result_.violation = board.violation();
    const auto verdict = [](const auto& what) { return what ? "violates " + *what : std::string("holds"); };
    std::optional<std::string> of_world_;
    if (world_.violation()) of_world_ = world_.violation()->property + ": " + world_.violation()->what;
    if (of_world_.has_value() != result_.violation.has_value())
      disagree("the verdict", verdict(of_world_), verdict(result_.violation));
  }

  void tell(const Board& board) {
    const Cast& cast = board.cast();
    std::string who;
    for (const std::uint32_t connection : cast.connections) who += fmt::format(" c{}", connection);
    result_.story += fmt::format("{} on port {}{}:\n", cast.name, cast.port, who.empty() ? who : " with" + who);
    for (const std::string& sentence : board.story()) result_.story += "  " + sentence + '\n';
  }

  const world::Scenario& scenario_;
  World world_;
  std::vector<Board> boards_;
  Performance result_;
  unsigned line_ = 0;
};

}  // namespace

Performance perform_on_model(const world::Scenario& scenario, const model::Deviations& deviations) {
  auto casts = cast(scenario);
  if (casts) return Stage(scenario, std::move(*casts), deviations).run();
  Performance result;
  result.not_for_model = casts.error();
  return result;
}

}  // namespace dvipa::refine
