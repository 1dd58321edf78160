#include "harness/refine/abstraction.hpp"

#include <algorithm>

#include "impl/stack/probe.hpp"

namespace dvipa::refine {
namespace {

using Kind = model::MessageKind;

// --- messages ------------------------------------------------------------------------------------------------------

model::Message abstraction_of_list(const VipaList& list) {
  model::Message message{Kind::list_none, 0, 0, model::nobody};
  for (const ListEntry& entry : list.entries) {
    if (entry.definition.dvipa != the_dvipa) continue;
    message.kind = entry.claim == Claim::owning     ? Kind::list_owning
                   : entry.claim == Claim::claiming ? Kind::list_claiming
                                                    : Kind::list_none;
    message.epoch = epoch_of(entry.epoch);
    if (entry.definition.part == Part::primary) message.about = model::kPrimary;
  }
  return message;
}

// Its number, as stacks know it; 0: the stack is not up.
Incarnation present_life(const Composition& composition, const State& s, model::Stack i) {
  return s.up(i) ? StackProbe::incarnation(composition.stack_at(s, i)) : 0;
}

struct OfMessage {
  using Messages = std::vector<model::Message>;
  const Composition& composition;
  const State& state;
  model::Stack from;
  model::Stack to;

  Messages operator()(const VipaList& list) const { return {abstraction_of_list(list)}; }
  Messages operator()(const SrvStat& said) const { return {one(Kind::srv_stat, said.epoch, said.listening ? 1U : 0U)}; }
  Messages operator()(const EndOfReport& said) const { return {one(Kind::end_of_report, said.epoch, 0)}; }
  Messages operator()(const TakeOver& said) const { return {one(Kind::take_over, said.epoch, 0)}; }
  Messages operator()(const Released& said) const { return {one(Kind::released, said.epoch, 0)}; }
  Messages operator()(const NewConn& said) const {
    Messages messages = each(Kind::new_conn, said, said.target.value);
    for (model::Message& message : messages) message.present = is_present(said);
    return messages;
  }
  Messages operator()(const TermConn& said) const { return each(Kind::term_conn, said, model::nobody); }
  Messages operator()(const Verify& said) const { return each(Kind::verify, said, model::nobody); }
  Messages operator()(const NotHeld& said) const { return each(Kind::not_held, said, model::nobody); }
  Messages operator()(const Leaving&) const { return {}; }
  Messages operator()(const Capacity&) const { return {}; }  // the model chooses any target that listens
  Messages operator()(const Affinity&) const { return {}; }
  Messages operator()(const ListAsked&) const { return {}; }

 private:
  // Of itself a stack speaks as the one that its receiver has met.
  bool is_present(const NewConn& said) const {
    const bool of_itself = said.target.value == from;
    const Incarnation life = of_itself ? StackProbe::life_met(composition.stack_at(state, to), said.target) : said.life;
    return life != 0 && life == present_life(composition, state, said.target.value);
  }
  static model::Message one(Kind kind, const Epoch& epoch, unsigned about, model::Stack target = model::nobody) {
    return {kind, epoch_of(epoch), static_cast<std::uint8_t>(about), target};
  }
  template <class Said>
  static Messages each(Kind kind, const Said& said, model::Stack target) {
    Messages messages;
    for (const Remote& remote : said.remotes) messages.push_back(one(kind, said.epoch, connection_of(remote), target));
    return messages;
  }
};

// --- one stack -----------------------------------------------------------------------------------------------------

void take_view(const Stack& stack, model::StackState& out) {
  StackProbe::for_each_member(stack, the_dvipa,
                              [&](StackId id, bool listed, bool leaving, Part part, const Epoch& says_it_owns) {
                                const model::Stack j = id.value;
                                model::add(out.view, j);
                                if (listed) model::add(out.listed, j);
                                if (leaving) model::add(out.leaving, j);
                                if (part == Part::primary) model::add(out.primaries, j);
                                out.said[j] = epoch_of(says_it_owns);
                              });
}

// Who owns and who claims, as this stack knows it; for itself it is the state of its role that says so.
void take_ownership(const Stack& stack, const Stack::Dvipa& dvipa, model::StackState& out) {
  const auto& facts = dvipa.owner.facts;
  out.newest = epoch_of(facts.newest);
  if (dvipa.owner.owns()) {
    out.owning = epoch_of(facts.mine);
  } else if (facts.owner && StackProbe::says_it_owns(stack, facts.owner, the_dvipa)) {
    out.owning = epoch_of(dvipa.owner_epoch);
  } else if (facts.owner) {
    out.claiming = epoch_of(dvipa.owner_epoch);  // released to it; the model waits for its list
  }
  if (dvipa.owner.state() == roles::OwnerState::taking_back) {
    out.claiming = epoch_of(facts.mine);
  } else if (facts.claimant) {
    out.claiming = epoch_of(facts.claim);
  }
  for (model::Stack j = 1; j <= model::kStacksMax; ++j)
    if (dvipa.awaiting.test(j)) model::add(out.waiting, j);
}

void take_tables(const Composition& composition, const State& s, const Stack& stack, const Stack::Dvipa& dvipa,
                 const model::Rules& rules, model::StackState& out) {
  dvipa.listeners.for_each([&](Port, const tables::ActualTarget& target) { model::add(out.dpt, target.stack.value); });
  for (unsigned c = 0; c < rules.connections; ++c)
    if (const tables::Route* route = dvipa.routes.find(remote_of(c))) {
      const Incarnation life = route->target == stack.self() ? StackProbe::incarnation(stack)
                               : route->foretold != 0        ? dvipa.foretold.at(route->target)
                                                             : StackProbe::life_met(stack, route->target);
      const bool present = life != 0 && life == present_life(composition, s, route->target.value);
      out.crt[c] = {route->target.value, StackProbe::is_fresh(stack, *route), present};
    }
}

model::StackState abstraction_of(const Composition& composition, const model::Rules& rules, const State& s,
                                 model::Stack i) {
  const Host& host = s.hosts[i];
  const Stack& stack = composition.stack_at(s, i);
  model::StackState out;
  if (host.paused) out.life = model::Life::paused;
  out.ready = StackProbe::ready(stack) && !host.woken;
  out.listening = host.listening;
  out.endpoint = host.endpoint;
  take_view(stack, out);
  for (model::Stack j = 1; j <= rules.stacks; ++j)
    if (model::has(out.view, j) && StackProbe::life_met(stack, StackId{j}) != present_life(composition, s, j))
      model::add(out.outlived, j);
  const Stack::Dvipa* dvipa = stack.dvipa(the_dvipa);
  if (dvipa == nullptr) return out;
  if (dvipa->own && dvipa->own->part == Part::primary) model::add(out.primaries, stack.self().value);
  take_ownership(stack, *dvipa, out);
  out.asked = dvipa->asked_to_let_go.has_value();
  take_tables(composition, s, stack, *dvipa, rules, out);
  return out;
}

Beyond::OfStack beyond_model(const Stack::Dvipa& dvipa, const model::Rules& rules) {
  Beyond::OfStack out;
  for (unsigned c = 0; c < rules.connections; ++c) {
    const Remote remote = remote_of(c);
    const tables::Route* route = dvipa.routes.find(remote);
    const auto rival = dvipa.rivals.find(remote);
    const auto recalled = dvipa.syns_under_way.find(remote);
    out.connections[c] = {route != nullptr && route->ended != 0,
                          rival == dvipa.rivals.end() ? model::nobody : model::Stack{rival->second.stack.value},
                          recalled == dvipa.syns_under_way.end() ? model::nobody : recalled->second.target.value,
                          dvipa.held_here.find(remote) != nullptr};
  }
  out.awaits_silent = dvipa.silence_until != 0;
  for (const auto& [stack, until] : dvipa.deposed) model::add(out.deposed, stack.value);
  return out;
}

}  // namespace

Address xcf_of(model::Stack i) { return Address::v4(0x0a4d0000U + i); }

model::Epoch epoch_of(const Epoch& epoch) {
  return epoch ? model::epoch_of(epoch.counter, epoch.owner.value) : model::Epoch{0};
}

std::vector<model::Message> abstraction_of(const Composition& composition, const State& s, model::Stack from,
                                           model::Stack to, const Message& message) {
  return std::visit(OfMessage{composition, s, from, to}, message);
}

bool is_of_connection(const model::Message& message) {
  return message.kind == Kind::new_conn || message.kind == Kind::term_conn || message.kind == Kind::verify ||
         message.kind == Kind::not_held;
}

bool is_last_word(std::span<const model::Message> channel, const model::Message& message) {
  const auto denies = [](const model::Message& each) {
    return each.kind == Kind::term_conn || each.kind == Kind::not_held;
  };
  for (auto each = channel.rbegin(); each != channel.rend(); ++each) {
    if (!is_of_connection(*each) || each->about != message.about) continue;
    if (*each == message) return true;
    if (!denies(*each) || !denies(message)) return false;
  }
  return false;
}

model::State abstraction_of(const Composition& composition, const model::Rules& rules, const State& s) {
  model::State out;
  for (model::Stack i = 1; i <= rules.stacks; ++i) {
    if (s.up(i)) {
      out.stacks[i] = abstraction_of(composition, rules, s, i);
    } else {
      out.stacks[i].life = model::Life::crashed;
    }
    for (model::Stack j = 1; j <= rules.stacks; ++j)
      for (const std::uint32_t number : s.bus[i][j])
        for (const model::Message& message : abstraction_of(composition, s, i, j, composition.message(number)))
          out.bus[i][j].push(message);
  }
  out.frames = s.frames;
  out.clients = s.clients;
  out.reach = s.reach;
  out.reach_far = s.reach_far;
  out.cut = s.cut;
  if (s.cut != model::Cut::none) out.far = rules.far;
  out.left = s.left;
  out.harm = s.harm;
  return out;
}

Beyond beyond_model(const Composition& composition, const model::Rules& rules, const State& s) {
  Beyond out;
  for (model::Stack i = 1; i <= rules.stacks; ++i) {
    const Stack::Dvipa* dvipa = s.up(i) ? composition.dvipa_at(s, i) : nullptr;
    if (dvipa != nullptr) out.stacks[i] = beyond_model(*dvipa, rules);
  }
  return out;
}

}  // namespace dvipa::refine
