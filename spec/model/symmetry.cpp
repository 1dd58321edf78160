// Canonical forms by refinement of colours: a colour is a number that is made of facts only, never of the names of
// interchangeable stacks and connections, so it is the same in all renamings of a state. (Two facts whose numbers
// happen to be equal make a canonical form less sharp, never wrong: it is a renaming of the state in any case.)
#include "spec/model/symmetry.hpp"

#include <algorithm>
#include <numeric>

#include "spec/checker/hash.hpp"

namespace dvipa::model {
namespace {

using Colour = std::uint64_t;

Colour mix(Colour a, Colour b) { return checker::fold(a ^ 0x9e3779b97f4a7c15U, b ^ 0xd6e8feb86659fd93U); }
template <class... Rest>
Colour mix(Colour a, Colour b, Rest... rest) {
  return mix(mix(a, b), static_cast<Colour>(rest)...);
}

Stacks renamed_set(Stacks set, const Renaming& to) {
  Stacks out = 0;
  for (Stack i = 1; i <= kStacksMax; ++i)
    if (has(set, i)) add(out, to.stack[i]);
  return out;
}
Epoch renamed_epoch(Epoch epoch, const Renaming& to) {
  return epoch == 0 ? epoch : epoch_of(counter_of(epoch), to.stack[owner_of(epoch)]);
}

bool names_connection(MessageKind kind) {
  using M = MessageKind;
  return kind == M::new_conn || kind == M::term_conn || kind == M::verify || kind == M::not_held;
}

StackState renamed(const StackState& stack, const Renaming& to) {
  StackState out = stack;
  for (Stacks StackState::*set : {&StackState::view, &StackState::outlived, &StackState::listed, &StackState::primaries,
                                  &StackState::leaving, &StackState::waiting, &StackState::dpt})
    out.*set = renamed_set(stack.*set, to);
  for (Epoch StackState::*epoch : {&StackState::newest, &StackState::owning, &StackState::claiming})
    out.*epoch = renamed_epoch(stack.*epoch, to);
  for (Stack j = 1; j <= kStacksMax; ++j) out.said[to.stack[j]] = renamed_epoch(stack.said[j], to);
  for (unsigned c = 0; c < kConnectionsMax; ++c) {
    out.crt[to.connection[c]] = stack.crt[c];
    out.crt[to.connection[c]].target = to.stack[stack.crt[c].target];
    out.endpoint[to.connection[c]] = stack.endpoint[c];
  }
  return out;
}

Channel renamed(const Channel& channel, const Renaming& to) {
  std::array<Message, kChannelMax> messages;
  for (unsigned n = 0; n < channel.size; ++n) {
    messages[n] = channel[n];
    messages[n].epoch = renamed_epoch(messages[n].epoch, to);
    messages[n].target = to.stack[messages[n].target];
    if (names_connection(messages[n].kind)) messages[n].about = to.connection[messages[n].about];
  }
  const auto last = messages.begin() + channel.size;
  for (auto at = messages.begin(); at != last;) {  // by connection, as report() does
    const auto end = std::find_if(at, last, [](const Message& m) { return !m.together; });
    std::stable_sort(at, end, [](const Message& a, const Message& b) { return a.about < b.about; });
    at = end == last ? end : end + 1;
  }
  Channel out;
  std::for_each(messages.begin(), last, [&](const Message& message) { out.push(message); });
  return out;
}

}  // namespace

Renaming same_names() {
  Renaming same;
  std::iota(same.stack.begin(), same.stack.end(), Stack{0});
  std::iota(same.connection.begin(), same.connection.end(), std::uint8_t{0});
  return same;
}

State renamed(const State& state, const Rules& rules, const Renaming& to) {
  State out = state;
  for (Stack i = 1; i <= rules.stacks; ++i) {
    out.stacks[to.stack[i]] = renamed(state.stacks[i], to);
    for (Stack j = 1; j <= rules.stacks; ++j)
      if (i != j) out.bus[to.stack[i]][to.stack[j]] = renamed(state.bus[i][j], to);
  }
  for (unsigned c = 0; c < kConnectionsMax; ++c) {
    Client& client = out.clients[to.connection[c]];
    client = state.clients[c];
    client.peer = to.stack[client.peer];
  }
  out.reach = renamed_set(state.reach, to);
  out.reach_far = renamed_set(state.reach_far, to);
  out.far = renamed_set(state.far, to);
  out.frames = {};
  for (unsigned n = 0; n < state.frames.size; ++n) {
    const Frame& frame = state.frames.frames[n];
    out.frames.add(
        {to.connection[frame.connection], frame.instance, renamed_epoch(frame.epoch, to), to.stack[frame.to]});
  }
  return out;
}

struct Symmetry::Colours {
  std::array<Colour, kStacksMax + 1> stack{};
  std::array<Colour, kConnectionsMax> connection{};
};

namespace {

// What can be said of a state's parts in the colours of its stacks and connections.
class Facts {
 public:
  template <class Colours>
  Facts(const Rules& rules, const State& state, const Colours& colours)
      : rules_(rules), s_(state), stack_(colours.stack), connection_(colours.connection) {}

  Colour of_stack(Stack i) const {
    const StackState& me = s_.stacks[i];
    Colour colour = mix(stack_[i], static_cast<Colour>(me.life), me.ready, me.listening, me.asked, me.newest, me.owning,
                        me.claiming, has(s_.reach, i), has(s_.reach_far, i), has(me.primaries, i), has(me.leaving, i));
    Colour others = 0;
    for (Stack j = 1; j <= rules_.stacks; ++j)
      if (j != i) others += mix(stack_[j], known_by(i, j), known_by(j, i), of_channel(i, j), of_channel(j, i));
    Colour connections = 0;
    for (std::uint8_t c = 0; c < rules_.connections; ++c) connections += mix(connection_[c], of_both(i, c));
    return mix(colour, others, connections);
  }
  Colour of_connection(std::uint8_t c) const {
    const Client& client = s_.clients[c];
    const Colour colour = mix(connection_[c], static_cast<Colour>(client.end), client.instance, client.syns_alive,
                              client.contested, stack_[client.peer]);
    Colour stacks = 0;
    for (Stack i = 1; i <= rules_.stacks; ++i) {
      stacks += mix(stack_[i], of_both(i, c));
      for (Stack j = 1; j <= rules_.stacks; ++j)
        if (i != j) stacks += mix(stack_[i], stack_[j], places_in(s_.bus[i][j], c));
    }
    return mix(colour, stacks);
  }

 private:
  Colour known_by(Stack i, Stack j) const {
    const StackState& me = s_.stacks[i];
    unsigned bits = 0;
    for (const Stacks set : {me.view, me.outlived, me.listed, me.primaries, me.leaving, me.waiting, me.dpt})
      bits = bits << 1U | (has(set, j) ? 1U : 0U);
    return Colour{bits} << 8U | me.said[j];
  }
  // What there is of c at i, on the way to i, and what others know of it.
  Colour of_both(Stack i, std::uint8_t c) const {
    const StackState& me = s_.stacks[i];
    const Entry& entry = me.crt[c];
    Colour colour = mix(static_cast<Colour>(me.endpoint[c].end), me.endpoint[c].instance, entry.fresh, entry.present,
                        entry.target == i ? 1 : stack_[entry.target], s_.clients[c].peer == i);
    for (Stack j = 1; j <= rules_.stacks; ++j)
      if (s_.stacks[j].crt[c].target == i) colour += mix(stack_[j], s_.stacks[j].crt[c].fresh);
    for (unsigned n = 0; n < s_.frames.size; ++n) {
      const Frame& frame = s_.frames.frames[n];
      if (frame.to == i && frame.connection == c) colour += mix(frame.epoch, frame.instance, 3U);
    }
    return colour;
  }
  Colour of_channel(Stack from, Stack to) const {
    const Channel& channel = s_.bus[from][to];
    Colour colour = channel.size;
    Colour run = 0;
    for (unsigned n = 0; n < channel.size; ++n) {
      const Message message = channel[n];
      const Colour about = names_connection(message.kind) ? connection_[message.about] : message.about;
      const Colour target = message.target == from ? 1 : message.target == to ? 2 : stack_[message.target];
      const Colour one = mix(static_cast<Colour>(message.kind), message.epoch, about, target, message.present);
      if (message.together) {
        run += one;
        continue;
      }
      colour = mix(colour, run, one);
      run = 0;
    }
    return mix(colour, run);
  }
  // Where in a channel c is named, counted from its beginning; those that are together have one place.
  static Colour places_in(const Channel& channel, std::uint8_t c) {
    Colour colour = 0;
    unsigned place = 0;
    for (unsigned n = 0; n < channel.size; ++n) {
      const Message message = channel[n];
      place += message.together && n != 0 && channel[n - 1].together ? 0U : 1U;
      if (names_connection(message.kind) && message.about == c)
        colour = mix(colour, static_cast<Colour>(message.kind), place, message.epoch);
    }
    return colour;
  }

  const Rules& rules_;
  const State& s_;
  const std::array<Colour, kStacksMax + 1>& stack_;
  const std::array<Colour, kConnectionsMax>& connection_;
};

bool may_own(const Rules& rules, Stack i) {
  return i == 1 || i == rules.owner || rules.rank[i] != 0 || (rules.budget.moves != 0 && has(rules.destinations, i));
}

bool play_the_same_part(const Rules& rules, Stack i, Stack j) {
  const auto same = [&](Stacks set) { return has(set, i) == has(set, j); };
  return !may_own(rules, i) && !may_own(rules, j) && same(rules.listeners) && same(rules.changing) &&
         same(rules.failing) && same(rules.far);
}

template <class Name, class Same>
std::vector<std::vector<Name>> classes(Name first, unsigned end, Same&& same) {
  std::vector<std::vector<Name>> all;
  for (Name i = first; i < end; ++i) {
    const auto at = std::find_if(all.begin(), all.end(), [&](const auto& each) { return same(each.front(), i); });
    if (at != all.end())
      at->push_back(i);
    else
      all.push_back({i});
  }
  std::erase_if(all, [](const auto& each) { return each.size() < 2; });
  return all;
}

// How many different colours the members of the classes have.
template <class Classes, class Colours>
std::size_t count_colours(const Classes& classes, const Colours& colour) {
  std::size_t count = 0;
  for (const auto& members : classes)
    for (std::size_t n = 0; n < members.size(); ++n)
      count += std::none_of(members.begin(), members.begin() + static_cast<std::ptrdiff_t>(n),
                            [&](auto each) { return colour[each] == colour[members[n]]; })
                   ? 1U
                   : 0U;
  return count;
}

// Takes one of the first several that are alike for the first of them. False: there are none.
template <class Classes, class Colours>
bool single_one_out(const Classes& classes, Colours& colour) {
  for (const auto& members : classes) {
    Colour least = 0;
    auto chosen = members.end();
    for (auto at = members.begin(); at != members.end(); ++at) {
      const auto alike = [&](auto each) { return colour[each] == colour[*at]; };
      if (std::count_if(members.begin(), members.end(), alike) < 2) continue;
      if (chosen == members.end() || colour[*at] < least) chosen = at, least = colour[*at];
    }
    if (chosen == members.end()) continue;
    colour[*chosen] = mix(colour[*chosen], 7U);
    return true;
  }
  return false;
}

template <class Members, class Colours, class Names>
void name_in_order(const Members& members, const Colours& colour, Names& names) {
  Members sorted = members;
  std::stable_sort(sorted.begin(), sorted.end(), [&](auto a, auto b) { return colour[a] < colour[b]; });
  for (std::size_t n = 0; n < members.size(); ++n) names[sorted[n]] = members[n];
}

}  // namespace

Symmetry::Symmetry(const Rules& rules)
    : rules_(rules),
      stacks_(classes(Stack{1}, rules.stacks + 1, [&](Stack i, Stack j) { return play_the_same_part(rules, i, j); })),
      connections_(classes(std::uint8_t{0}, rules.connections, [&](std::uint8_t c, std::uint8_t d) {
        return (rules.far_clients >> c & 1U) == (rules.far_clients >> d & 1U);
      })) {}

void Symmetry::look(const State& state, Colours& colours) const {
  const Colours before = colours;
  const Facts facts(rules_, state, before);
  for (const auto& members : stacks_)
    for (const Stack i : members) colours.stack[i] = facts.of_stack(i);
  for (const auto& members : connections_)
    for (const std::uint8_t c : members) colours.connection[c] = facts.of_connection(c);
}

// Looks as long as that tells more of them apart. True: all are told apart.
bool Symmetry::refine(const State& state, Colours& colours) const {
  std::size_t all = 0;
  for (const auto& members : stacks_) all += members.size();
  for (const auto& members : connections_) all += members.size();
  const auto told_apart = [&] {
    return count_colours(stacks_, colours.stack) + count_colours(connections_, colours.connection);
  };
  for (std::size_t before = 0;;) {
    const std::size_t now = told_apart();
    if (now == all) return true;
    if (now == before) return false;
    before = now;
    look(state, colours);
  }
}

Renaming Symmetry::order(const Colours& colours) const {
  Renaming names = same_names();
  for (const auto& members : stacks_) name_in_order(members, colours.stack, names.stack);
  for (const auto& members : connections_) name_in_order(members, colours.connection, names.connection);
  return names;
}

State Symmetry::canonical(const State& state) const {
  Colours colours;
  for (Stack i = 0; i <= kStacksMax; ++i) colours.stack[i] = mix(11U, i);
  for (unsigned c = 0; c < kConnectionsMax; ++c) colours.connection[c] = mix(13U, c);
  for (const auto& members : stacks_)
    for (const Stack i : members) colours.stack[i] = mix(17U, members.front());
  for (const auto& members : connections_)
    for (const std::uint8_t c : members) colours.connection[c] = mix(19U, members.front());
  look(state, colours);
  while (!refine(state, colours))
    if (!single_one_out(stacks_, colours.stack) && !single_one_out(connections_, colours.connection)) break;
  const Renaming names = order(colours);
  return names == same_names() ? state : renamed(state, rules_, names);
}

std::vector<Renaming> Symmetry::renamings() const {
  std::vector<Renaming> all = {same_names()};
  const auto multiply = [&](const auto& members, auto names) {
    std::vector<Renaming> more;
    for (const Renaming& each : all) {
      auto order = members;
      do {
        Renaming next = each;
        for (std::size_t n = 0; n < members.size(); ++n) (next.*names)[members[n]] = order[n];
        more.push_back(next);
      } while (std::next_permutation(order.begin(), order.end()));
    }
    all = std::move(more);
  };
  for (const auto& members : stacks_) multiply(members, &Renaming::stack);
  for (const auto& members : connections_) multiply(members, &Renaming::connection);
  return all;
}

}  // namespace dvipa::model
