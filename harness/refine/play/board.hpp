#pragma once
// A cast played on the model: commands of a scenario become actions of the model, and when time passes the model takes
// its own steps, in one fixed order, until nothing more happens by itself. Every step is one that the model allows, and
// its properties are evaluated after each.
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "harness/refine/play/cast.hpp"
#include "harness/world/view.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::refine {

// What the model leaves open, as it has gone in the world.
struct Course {
  std::function<StackId(std::uint32_t connection)> target;  // that a new connection is given to; nobody: any
  std::function<bool(std::uint32_t connection)> is_lost;    // its client was refused or reset
};

class Board {
 public:
  Board(Cast cast, const model::Deviations& deviations);

  const Cast& cast() const { return cast_; }

  // Each says why the model cannot do it; empty: it is done, or there is nothing to do.
  std::string perform(const world::Command& command);
  std::string let_happen(const Course& course);
  std::string settle(const Course& course);
  // Why it cannot come to rest as a world does.
  std::string still_waits() const;

  // A property of the model that does not hold, and after which step.
  const std::optional<std::string>& violation() const { return violation_; }
  const std::vector<std::string>& story() const { return story_; }
  void add_to(world::View& view) const;

 private:
  using Kind = model::Action::Kind;
  // What the client of a connection wants, and how the last one of the 4-tuple has ended.
  struct Wish {
    std::uint64_t sent = 0;
    std::uint64_t acknowledged = 0;
    std::string end;
    bool ended_by_client = false;
    bool opened = false;
    bool closing = false;      // until time passes
    bool may_be_lost = false;  // whether it is depends on who is faster
  };
  struct Step {
    model::Action action;
    model::State after;
  };

  void use_rules();
  bool act(Kind kind, model::Stack a = model::nobody, std::uint8_t c = 0);
  void take(const Step& step);
  void note_client(const model::State& before, const Step& step);
  void note_distribution(const model::State& before, const Step& step);

  // commands.cpp
  void start(model::Stack i);
  void stop(model::Stack i);
  std::string resume(model::Stack i);
  std::string listener(model::Stack i, const world::Command& command);
  std::string of_connection(const world::Command& command);
  void end_by_client(std::uint8_t c, world::Verb verb);
  void lose(std::uint8_t c);
  std::string partition(const world::Sides& sides);
  std::string heal();
  std::string vacancy_between_sides() const;
  bool races_with_reports(std::uint8_t c) const;
  std::string stale(std::uint32_t client, model::Stack i);

  // board.cpp
  std::optional<Step> next_step(const Course& course) const;
  std::optional<unsigned> turn_of(const model::Action& action, const Course& course) const;
  std::optional<unsigned> turn_of_packet(const model::Action& action, const Course& course) const;
  bool is_in_vain(const Step& step) const;
  void come_to_rest(const Course& course);
  void run_to_rest(const Course& course);
  bool let_leave();
  bool let_lose(const Course& course);
  bool is_awaited(model::Stack i) const;
  std::string lacking() const;
  std::string untimely() const;
  bool is_taken_for_owner_in_vain() const;
  model::Stack choice_for(std::uint8_t c, model::Stack router, const Course& course) const;
  model::Stack router_from(model::Stack first) const;
  bool is_on_way_in(model::Stack first, std::uint8_t c) const;
  bool reaches_peer(model::Stack first, std::uint8_t c) const;
  bool is_far(std::uint8_t c) const { return (cast_.rules.far_clients >> c & 1U) != 0; }
  bool is_cut_off(model::Stack i, std::uint8_t c) const;

  Cast cast_;
  std::unique_ptr<const model::TakeoverModel> model_;  // with the rules of the cast as they are now
  std::vector<model::TakeoverModel::Property> promises_;
  model::State state_;
  std::vector<Wish> wishes_;
  std::map<model::Stack, std::set<Address>> applications_;  // by what they are bound to
  std::map<std::uint32_t, model::Stack> stale_;             // whom a client takes for the owner
  std::set<std::pair<model::Stack, model::Stack>> kept_back_;
  model::Stacks leaving_ = 0;
  model::Stacks distributing_ = 0;  // have heard of a distribution (LST-3)
  std::optional<std::string> violation_;
  std::vector<std::string> story_;
};

}  // namespace dvipa::refine
