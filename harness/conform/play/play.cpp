#include "harness/conform/play/play.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "harness/conform/play/follow.hpp"
#include "harness/conform/play/live_board.hpp"
#include "harness/conform/play/rehearsal.hpp"
#include "harness/conform/play/script.hpp"

namespace dvipa::conform {
namespace {

using namespace std::chrono_literals;
using world::Command;
using world::Difference;
using world::Disagreement;
using world::Expectation;
using world::NotPlayable;
using world::ScenarioLine;
using world::Verb;
using world::View;
using world::World;
using Clock = std::chrono::steady_clock;

constexpr auto limit = 10s;      // until the lab shows what the world shows
constexpr auto pace = 10ms;      // between two looks
constexpr auto a_moment = 80ms;  // for what must not happen

class Stage {
 public:
  Stage(const world::Scenario& scenario, LiveBoard& board)
      : scenario_(scenario), board_(board), world_(settings_of(scenario), scenario.profiles), follower_(scenario) {}

  lab::Result<LivePerformance> run() {
    for (std::size_t n = 0; n < scenario_.lines.size() && !is_over(); ++n) {
      line_ = scenario_.lines[n].number;
      const bool goes_on = n + 1 < scenario_.lines.size() && !passes_time(scenario_.lines[n + 1]);
      if (auto played = play(scenario_.lines[n], goes_on); !played) return tl::unexpected(played.error());
    }
    if (world_.violation()) disagree("the verdict", "violates " + world_.violation()->property, "holds");
    return std::move(result_);
  }

 private:
  bool is_over() const { return result_.not_for_lab || !result_.disagreements.empty() || world_.violation(); }
  void disagree(std::string where, std::string world, std::string lab) {
    result_.disagreements.push_back({line_, std::move(where), std::move(world), std::move(lab)});
  }

  lab::Result<void> play(const ScenarioLine& line, bool goes_on) {
    if (const auto* expectation = std::get_if<Expectation>(&line.what)) return compare(*expectation);
    const Command& command = std::get<Command>(line.what);
    if (std::string chance = follower_.perform(command, world_); !chance.empty()) {
      result_.not_for_lab = NotPlayable{line_, std::move(chance)};
      return {};
    }
    world_.perform(command);
    if (auto performed = board_.perform(command); !performed) return performed;
    // A run after which time goes on passing only adds to that.
    if (world_.violation() || !passes_time(line) || (command.verb == Verb::run && !goes_on)) return {};
    return compare_all(command.verb == Verb::settle);
  }

  // Until `differing` finds nothing, and where it has to stay so still nothing a moment later; gives what it has found
  // last.
  template <class Differing>  // lab::Result<std::vector<Difference>>()
  lab::Result<std::vector<Difference>> await(const Differing& differing, bool has_to_stay) {
    const auto until = Clock::now() + limit;
    bool fine_before = !has_to_stay;
    for (;;) {
      auto found = differing();
      if (!found || Clock::now() > until) return found;
      if (found->empty() && fine_before) return found;
      if (const auto ended = board_.unexpected_end()) return std::vector{Difference{"a stack", "it goes on", *ended}};
      board_.tend(found->empty() ? a_moment : pace);
      fine_before = found->empty() || !has_to_stay;
    }
  }

  lab::Result<std::vector<Difference>> differing_views(bool at_rest) {
    auto sights = board_.look();
    if (!sights) return tl::unexpected(sights.error());
    std::vector<Difference> all;
    for (const auto& [name, dvipa] : scenario_.dvipas) {
      const View expected = follower_.expected(dvipa, world_, at_rest);
      for (Difference& each : world::differences(expected, follower_.completed(sights->at(dvipa), expected, at_rest))) {
        each.where += fmt::format(" (of {})", name);
        all.push_back(std::move(each));
      }
      // Else data are under way to somebody else, and announcements may be.
      if (at_rest && all.empty())
        if (auto compared = compare_neighbours(name, expected, all); !compared) return tl::unexpected(compared.error());
    }
    return all;
  }

  // FLV-11, RTE-2: no client is left behind with another one.
  lab::Result<void> compare_neighbours(const std::string& name, const View& expected, std::vector<Difference>& all) {
    const auto neighbours = board_.neighbours(scenario_.dvipas.at(name));
    if (!neighbours) return tl::unexpected(neighbours.error());
    for (const auto& [stack, mine] : expected.stacks)
      for (const auto& [client, known] : *neighbours)
        if (mine.advertises && known != stack)
          all.push_back({fmt::format("whom {} takes for the one that has {}", client, name),
                         fmt::format("S{}", stack.value), fmt::format("S{}", known.value)});
    return {};
  }

  lab::Result<void> compare_all(bool at_rest) {
    const auto found = await([&] { return differing_views(at_rest); }, true);
    if (!found) return tl::unexpected(found.error());
    for (const Difference& each : *found) disagree(each.where, each.one, each.other);
    return {};
  }

  lab::Result<void> compare(const Expectation& expectation) {
    const std::string of_world_ = world::unmet(expectation, world_);
    std::string of_lab;
    const auto found = await(
        [&]() -> lab::Result<std::vector<Difference>> {
          auto unmet = unmet_in_lab(expectation);
          if (!unmet) return tl::unexpected(unmet.error());
          of_lab = std::move(*unmet);
          if (of_lab.empty() == of_world_.empty()) return std::vector<Difference>{};
          return std::vector{Difference{"what is expected", text_of(of_world_), text_of(of_lab)}};
        },
        false);
    if (!found) return tl::unexpected(found.error());
    if (!of_lab.empty()) result_.unmet.push_back({line_, of_lab});
    for (const Difference& each : *found) disagree(each.where, each.one, each.other);
    return {};
  }
  static std::string text_of(const std::string& unmet) { return unmet.empty() ? "it is as expected" : unmet; }

  lab::Result<std::string> unmet_in_lab(const Expectation& expectation) {
    using Kind = Expectation::Kind;
    if (expectation.kind == Kind::answer) {
      const std::string answer = board_.answer(expectation.stack);
      return answer == expectation.word ? "" : fmt::format("it is {}", answer.empty() ? "nothing" : answer);
    }
    if (expectation.kind == Kind::hidden || expectation.kind == Kind::not_hidden) {
      const auto holds = board_.holds(expectation.stack, expectation.dvipa);
      if (!holds) return tl::unexpected(holds.error());
      if (*holds == (expectation.kind == Kind::hidden)) return "";
      return *holds ? "it holds the address" : "it does not hold the address";
    }
    auto sights = board_.look();
    if (!sights) return tl::unexpected(sights.error());
    const Address dvipa = expectation.dvipa.is_none() ? follower_.dvipa_of(expectation.connection) : expectation.dvipa;
    return world::unmet(expectation,
                        follower_.completed(sights->at(dvipa), follower_.expected(dvipa, world_, true), true));
  }

  const world::Scenario& scenario_;
  LiveBoard& board_;
  World world_;
  Follower follower_;
  LivePerformance result_;
  unsigned line_ = 0;
};

}  // namespace

lab::Result<LivePerformance> perform_in_lab(const world::Scenario& scenario, const std::string& executable,
                                            const std::string& folder) {
  LivePerformance nothing;
  nothing.not_for_lab = not_for_lab(scenario);
  if (nothing.not_for_lab) return nothing;
  const auto begun = Clock::now();
  const auto implementation = dvipa_implementation(executable, "raw", fault_of(scenario));
  auto board = LiveBoard::set_up(scenario, *implementation, folder);
  if (!board) return tl::unexpected(board.error());
  auto performance = Stage(scenario, **board).run();
  if (const auto lacking = (*board)->lacking()) return tl::unexpected(*lacking);
  if (performance) performance->seconds = std::chrono::duration<double>(Clock::now() - begun).count();
  return performance;
}

}  // namespace dvipa::conform
