// What may happen next to the real stacks: whatever the model's environment allows.
#include "harness/refine/implementation_model.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "impl/stack/probe.hpp"
#include "spec/model/cluster.hpp"

namespace dvipa::refine {

using model::ClientEnd;
using model::End;
using model::Life;
using Kind = model::Action::Kind;

// All steps from one state. What the environment may do is asked of the model (its views, its network, its clients);
// what the stacks do with it is theirs.
class Successors {
 public:
  Successors(const ImplementationModel& owner, const State& state)
      : rules_(*owner.rules_),
        composition_(owner.composition_),
        judge_(owner.judge_),
        owner_(owner),
        before_(state),
        where_{owner.abstract(state), beyond_model(composition_, rules_, state)},
        abstract_(where_.state),
        look_(rules_, abstract_) {}

  template <class Visit>  // visit(Action, State&&, Step, Judgement)
  void for_each(Visit&& visit) {
    of_members(visit);
    of_network(visit);
    for (std::uint8_t c = 0; c < rules_.connections; ++c) of_client(c, visit);
    of_applications_and_faults(visit);
  }
  // Nothing happens any more by itself, although the model has something that a stack would do.
  bool forgets_something() {
    bool due = false;
    for_stacks(
        [&](model::Stack i) { due |= look_.may_get_ready(i) || look_.may_claim_vacancy(i) || look_.may_take_back(i); });
    if (!due) return false;
    bool busy = false;
    of_members([&](const auto&...) { busy = true; });
    return !busy;
  }

 private:
  template <class Do>
  void for_stacks(Do&& act) const {
    for (model::Stack i = 1; i <= rules_.stacks; ++i) act(i);
  }
  template <class Visit, class Do>  // act(State&) -> Way or void
  void step(Visit&& visit, const Step& what, Do&& act) {
    Step done = what;
    State next = before_;
    if constexpr (std::is_void_v<decltype(act(next))>) {
      act(next);
    } else {
      done.way = act(next);
    }
    finish(visit, done, std::move(next));
  }
  template <class Visit>
  void finish(Visit&& visit, const Step& done, State&& next) {
    const Judgement judgement = judge_.judge(where_, done, owner_.abstract(next));
    next.allowed = judgement.allowed;
    next.harm = judgement.harm;
    forget_old_frames(next);
    for (unsigned c = 0; c < rules_.connections; ++c) next.clients[c].contested = (judgement.contested >> c & 1U) != 0;
    if (done.action.kind == Kind::heal) forget_frames_from_before_the_cut(next);
    visit(done.action, std::move(next), judgement);
  }

  // Assumption on timing: a partition lasts longer than a frame lives, and meanwhile a client has reached its own side
  // only. The owner on the other side has an entry of what has become nothing: a client that has got its SYN through on
  // its own side may meet that entry before the two owners have met.
  void forget_frames_from_before_the_cut(State& next) const {
    model::Frames left;
    for (unsigned n = 0; n < next.frames.size; ++n) {
      const model::Frame& frame = next.frames.frames[n];
      model::Client& client = next.clients[frame.connection];
      if (!is_cut_off(model::owner_of(frame.epoch), frame.connection)) {
        left.add(frame);
      } else if (client.instance == frame.instance) {
        client.contested = true;
      }
    }
    next.frames = left;
  }

  // Assumption on timing, as of excluding and connecting again: who gives the DVIPA up and owns it again has done
  // something else for longer than a frame lives. The fence goes by stack and time, so that it would let an older frame
  // in.
  void forget_old_frames(State& next) const {
    for_stacks([&](model::Stack i) {
      const auto owns = [&](const State& s) {
        const Stack::Dvipa* dvipa = s.up(i) ? composition_.dvipa_at(s, i) : nullptr;
        return dvipa != nullptr && dvipa->owner.owns();
      };
      if (owns(before_) || !owns(next)) return;
      for_stacks([&](model::Stack j) {
        if (i != j) next.frames.remove_between(i, j);
      });
    });
  }

  template <class Visit>
  void of_members(Visit&& visit) {
    for_stacks([&](model::Stack i) {
      if (may_end_join(i)) step(visit, {{Kind::get_ready, i}, {}, 0}, [&](State& s) { composition_.end_join(s, i); });
      for_stacks([&](model::Stack j) {
        if (i != j) of_pair(i, j, visit);
      });
    });
    if (may_age()) step(visit, {{Kind::frames_die}, {}, 0}, [&](State& s) { composition_.age(s); });
  }
  template <class Visit>
  void of_pair(model::Stack i, model::Stack j, Visit&& visit) {
    if (before_.runs(i) && !composition_.across(before_, i, j) && !before_.bus[j][i].empty()) {
      const auto messages =
          abstraction_of(composition_, before_, j, i, composition_.message(before_.bus[j][i].front())).size();
      step(visit, {{Kind::receive, i, j}, {}, static_cast<unsigned>(messages)},
           [&](State& s) { composition_.receive(s, i, j); });
    }
    if (look_.may_exclude(i, j))
      step(visit, {{Kind::exclude, i, j}, {}, 0}, [&](State& s) { composition_.exclude(s, i, j); });
    if (look_.may_connect(i, j))
      step(visit, {{Kind::connect, i, j}, {}, 0}, [&](State& s) { composition_.connect(s, i, j); });
  }

  // The time that a starting stack gives members to show up is longer than connecting takes.
  bool may_end_join(model::Stack i) const {
    if (!before_.runs(i) || StackProbe::joined(composition_.stack_at(before_, i))) return false;
    bool met_all = true;
    for_stacks([&](model::Stack j) {
      const bool reachable = before_.runs(j) && !composition_.across(before_, i, j);
      met_all &= j == i || !reachable || model::has(abstract_.stacks[i].view, j);
    });
    return met_all;
  }

  // Time passes only while no client tries and nothing that ends an entry is on its way (the model's assumption), and
  // only where it changes something.
  bool may_age() const {
    if (has_rivals()) return false;
    bool young = false;
    for (std::uint8_t c = 0; c < rules_.connections; ++c) {
      if (before_.clients[c].end == ClientEnd::syn_sent || end_on_its_way(c)) return false;
      young |= before_.frames.concerns(c) || before_.clients[c].syns_alive != 0;
      for_stacks([&](model::Stack i) { young |= abstract_.stacks[i].crt[c].fresh || look_.may_verify(i, c); });
    }
    return young;
  }
  // Assumption on timing: two owners that can reach each other know of each other, and one of them has given way,
  // before the life of a frame has passed. For so long a target that hears of the newer one refuses what the older one
  // sends.
  bool has_rivals() const {
    bool rivals = false;
    for_stacks([&](model::Stack i) {
      for_stacks([&](model::Stack j) {
        rivals |= i < j && look_.owns(i) && look_.owns(j) && before_.runs(i) && before_.runs(j) &&
                  !composition_.across(before_, i, j);
      });
    });
    return rivals;
  }
  bool end_on_its_way(std::uint8_t c) const {
    using M = model::MessageKind;
    bool found = false;
    for_stacks([&](model::Stack i) {
      for_stacks([&](model::Stack j) {
        const model::Channel& channel = abstract_.bus[i][j];
        for (unsigned n = 0; n < channel.size; ++n) {
          const M kind = channel[n].kind;
          found |= (kind == M::term_conn || kind == M::verify || kind == M::not_held) && channel[n].about == c;
        }
      });
    });
    return found;
  }

  template <class Visit>
  void of_network(Visit&& visit) {
    for (std::uint8_t c = 0; c < rules_.connections; ++c) {
      const model::Client& client = before_.clients[c];
      for_stacks([&](model::Stack i) {
        if (!before_.runs(i) || !is_reached_by_client(i, c)) return;
        if (client.end == ClientEnd::established)
          step(visit, {{Kind::data_arrives, i, model::nobody, c, client.instance}, {}, 0},
               [&](State& s) { return composition_.data_arrives(s, i, c); });
        for (std::uint8_t instance = 1; instance <= client.instance; ++instance)
          if ((client.syns_alive >> instance & 1U) != 0) syn_arrives(i, c, instance, visit);
      });
    }
    for (unsigned n = 0; n < before_.frames.size; ++n) {
      const model::Frame& frame = before_.frames.frames[n];
      if (composition_.across(before_, model::owner_of(frame.epoch), frame.to)) continue;
      step(
          visit,
          {{Kind::frame_arrives, frame.to, model::owner_of(frame.epoch), frame.connection, frame.instance, frame.epoch},
           {},
           0},
          [&](State& s) { return composition_.frame_arrives(s, frame); });
    }
  }
  bool is_far(std::uint8_t c) const { return (rules_.far_clients >> c & 1U) != 0; }
  bool is_cut_off(model::Stack i, std::uint8_t c) const {
    return before_.cut != model::Cut::none && model::has(rules_.far, i) != is_far(c);
  }
  bool is_reached_by_client(model::Stack i, std::uint8_t c) const {
    return model::has(is_far(c) ? before_.reach_far : before_.reach, i) && !is_cut_off(i, c);
  }
  // Once for each target that distribution can choose, whoever's turn it would be.
  template <class Visit>
  void syn_arrives(model::Stack i, std::uint8_t c, std::uint8_t instance, Visit&& visit) {
    model::Stacks chosen = 0;
    bool without = false;
    for_stacks([&](model::Stack choice) {
      State next = before_;
      const Way way = composition_.syn_arrives(next, i, c, instance, choice);
      const model::Stack target = way.was_new ? way.target : model::nobody;
      if (target == model::nobody ? std::exchange(without, true) : model::has(chosen, target)) return;
      if (target != model::nobody) model::add(chosen, target);
      finish(visit, Step{{Kind::syn_arrives, i, target, c, instance}, way, 0}, std::move(next));
    });
  }

  template <class Visit>
  void of_client(std::uint8_t c, Visit&& visit) {
    const model::Client& client = before_.clients[c];
    const auto change = [&](Kind kind, auto&& act) {
      step(visit, {{kind, model::nobody, model::nobody, c}, {}, 0}, [&](State& s) { act(s.clients[c]); });
    };
    if (client.end == ClientEnd::closed && client.instance < rules_.instances)
      change(Kind::open, [](model::Client& opening) {
        ++opening.instance;
        opening.end = ClientEnd::syn_sent;
        opening.contested = false;
        opening.syns_alive = static_cast<std::uint8_t>(opening.syns_alive | 1U << opening.instance);
      });
    if (client.end == ClientEnd::syn_sent) change(Kind::give_up, [](model::Client& it) { it.end = ClientEnd::closed; });
    if (client.end == ClientEnd::established)
      change(Kind::close, [](model::Client& it) { it.end = ClientEnd::closed, it.peer = model::nobody; });
    for_stacks([&](model::Stack i) {
      if (before_.runs(i) && before_.hosts[i].endpoint[c].end != End::none) of_endpoint(i, c, visit);
    });
  }
  template <class Visit>
  void of_endpoint(model::Stack i, std::uint8_t c, Visit&& visit) {
    const model::Client& client = before_.clients[c];
    const model::Endpoint& endpoint = before_.hosts[i].endpoint[c];
    const bool same = endpoint.instance == client.instance;
    const bool wanted = same && (client.end == ClientEnd::syn_sent || client.peer == i);
    if (client.end == ClientEnd::syn_sent && same && endpoint.end == End::half_open && !is_cut_off(i, c))
      step(visit, {{Kind::establish, i, model::nobody, c, client.instance}, {}, 0}, [&](State& s) {
        s.clients[c].end = ClientEnd::established;
        s.clients[c].peer = i;
      });
    const model::Epochs told = look_.told_by(i);
    const bool behind = std::any_of(told.begin(), told.end(), [&](model::Epoch whom) {
      return abstract_.bus[i][model::owner_of(whom)].size >= rules_.backlog;
    });
    if (!wanted && !behind)
      step(visit, {{Kind::end_at, i, model::nobody, c, endpoint.instance}, {}, 0},
           [&](State& s) { composition_.end_connection(s, i, c); });
  }

  template <class Visit>
  void of_applications_and_faults(Visit&& visit) {
    for_stacks([&](model::Stack i) {
      const bool up = before_.up(i);
      const bool runs = before_.runs(i);
      const bool fails = model::has(rules_.failing, i);
      const bool listens = before_.hosts[i].listening;
      if (before_.left.listener_changes != 0 && model::has(rules_.changing, i) && runs)
        step(visit, {{listens ? Kind::stop_listen : Kind::listen, i}, {}, 0},
             [&](State& s) { --s.left.listener_changes, composition_.listen(s, i, !listens); });
      if (up && fails && before_.left.crashes != 0)
        step(visit, {{Kind::crash, i}, {}, 0}, [&](State& s) { --s.left.crashes, composition_.crash(s, i); });
      if (!up && before_.left.restarts != 0)
        step(visit, {{Kind::restart, i}, {}, 0}, [&](State& s) { --s.left.restarts, composition_.restart(s, i); });
      if (runs && fails && before_.left.pauses != 0)
        step(visit, {{Kind::pause, i}, {}, 0}, [&](State& s) { --s.left.pauses, s.hosts[i].paused = true; });
      if (before_.hosts[i].paused && is_excluded_by_all(i))
        step(visit, {{Kind::wake, i}, {}, 0}, [&](State& s) { composition_.wake(s, i); });
    });
    of_partition(visit);
  }
  // A stack stands still until nobody has it in view any more, which is a part of the pauses of the model.
  bool is_excluded_by_all(model::Stack i) const {
    bool excluded = true;
    for_stacks([&](model::Stack j) { excluded &= !before_.up(j) || !model::has(abstract_.stacks[j].view, i); });
    return excluded;
  }
  // With the model's assumptions on timing: a partition lasts until both sides have noticed it, and clients reach the
  // other side when all members have met again.
  template <class Visit>
  void of_partition(Visit&& visit) {
    using model::Cut;
    if (before_.cut == Cut::none && before_.left.partitions != 0)
      step(visit, {{Kind::cut}, {}, 0}, [&](State& s) { --s.left.partitions, s.cut = Cut::group; });
    bool parted = true;
    bool met = true;
    for_stacks([&](model::Stack i) {
      for_stacks([&](model::Stack j) {
        const bool sees = before_.runs(i) && model::has(abstract_.stacks[i].view, j);
        parted &= !(sees && composition_.across(before_, i, j));
        met &= i == j || !before_.runs(i) || !before_.runs(j) || sees;
      });
    });
    if (before_.cut == Cut::group && parted)
      step(visit, {{Kind::heal}, {}, 0}, [&](State& s) { s.cut = Cut::clients; });
    if (before_.cut == Cut::clients && met)
      step(visit, {{Kind::heal_clients}, {}, 0}, [&](State& s) {
        s.cut = Cut::none;
        s.reach = s.reach_far = s.reach | s.reach_far;
      });
  }

  const model::Rules& rules_;
  const Composition& composition_;
  const Judge& judge_;
  const ImplementationModel& owner_;
  const State& before_;
  Before where_;
  model::State& abstract_;
  model::Cluster look_;  // only asked
};

// Reports are longer than the model's by what is said twice.
static model::Rules bounded(model::Rules rules) {
  rules.backlog = 1;
  return rules;
}

ImplementationModel::ImplementationModel(const model::Rules& rules, Mutant mutant)
    : rules_(std::make_unique<const model::Rules>(bounded(rules))),
      model_(std::make_unique<const model::TakeoverModel>(rules)),
      pools_(std::make_unique<Pools>()),
      composition_(*rules_, mutant, *pools_),
      judge_(*rules_) {}

// The model's channels hold no more, and a step may add some.
bool ImplementationModel::has_room(const State& state) const {
  constexpr std::size_t messages_max = model::kChannelMax - 5U;
  bool room = true;
  for (const auto& from : state.bus)
    for (const auto& channel : from) room &= channel.size() <= messages_max;
  return room;
}

void ImplementationModel::for_each_successor(const State& state, const checker::Visitor<State, Action>& visit) const {
  if (state.harm != 0 || !state.allowed || !has_room(state)) return;  // one is enough
  Successors(*this, state).for_each([&](const Action& action, State&& next, const Judgement&) { visit(action, next); });
}

std::vector<ImplementationModel::Property> ImplementationModel::properties() const {
  std::vector<Property> all;
  all.push_back(Property::always("every step is a step of the model", [](const State& s) { return s.allowed; }));
  all.push_back(Property::always(
      "who has nothing left to do has nothing left to do in the model",
      [this](const State& s) { return !s.allowed || s.harm != 0 || !Successors(*this, s).forgets_something(); }));
  all.push_back(Property::always("no channel grows beyond bounds", [this](const State& s) { return has_room(s); }));
  for (const model::TakeoverModel::Property& each : model_->properties()) {
    // A witness beside a property ("case: property") is one of the model's steps; a stack does several of them at once.
    const bool is_witness = each.kind == checker::PropertyKind::sometimes && each.name.find(": ") == std::string::npos;
    if (each.kind != checker::PropertyKind::always && !is_witness) continue;
    Property judged{each.kind, each.name, {}, {}, {}, {}};
    judged.holds = [this, holds = each.holds](const State& s) { return holds(abstract(s)); };
    all.push_back(std::move(judged));
  }
  return all;
}

std::string ImplementationModel::sentence(const State& before, const Action& action, const State& after) const {
  std::string text = action.kind == Kind::get_ready
                         ? fmt::format("S{} has waited long enough for members to show up", action.a)
                         : model_->sentence(abstract(before), action, abstract(after));
  if (after.allowed) return text;
  checker::Bytes wanted;
  encode(after, wanted);
  bool found = false;
  Successors(*this, before).for_each([&](const Action&, const State& next, const Judgement& judgement) {
    checker::Bytes bytes;
    encode(next, bytes);
    if (bytes != wanted || std::exchange(found, true)) return;
    text += fmt::format("\n   The model does not allow it. Nearest: {}. What differs then", judgement.nearest);
    for (const std::string& line : judgement.differences) text += "\n   - " + line;
  });
  return text;
}

std::vector<model::Rules> implementation_configurations() {
  std::vector<model::Rules> all;
  for (const model::Rules& rules : model::configurations()) {
    const model::Budget& budget = rules.budget;
    const unsigned others = budget.moves + budget.departures + budget.lists;
    if (others == 0 && rules.connections == 1) all.push_back(rules);
  }
  return all;
}

}  // namespace dvipa::refine
