// What tells a state of the model from the abstraction of a state of the composition, but for packaging.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "harness/refine/judge.hpp"

namespace dvipa::refine {
namespace {

using model::Message;
using M = model::MessageKind;
using Messages = std::vector<Message>;

std::string set_text(model::Stacks set) {
  std::string text;
  for (model::Stack i = 1; i <= model::kStacksMax; ++i)
    if (model::has(set, i)) text += fmt::format("{}S{}", text.empty() ? "" : " ", i);
  return text.empty() ? "none" : text;
}
std::string epoch_text(model::Epoch epoch) {
  return epoch == 0 ? "none" : fmt::format("{} of S{}", model::counter_of(epoch), model::owner_of(epoch));
}
std::string entry_text(const model::Entry& entry) {
  if (entry.target == model::nobody) return "none";
  return fmt::format("S{}{}{}", entry.target, entry.fresh ? " (fresh)" : "",
                     entry.present ? "" : " (of a former life)");
}
std::string endpoint_text(const model::Endpoint& endpoint) {
  static constexpr const char* names[] = {"none", "half-open", "open"};
  return fmt::format("{} ({})", names[static_cast<unsigned>(endpoint.end)], endpoint.instance);
}
std::string bool_text(bool value) { return value ? "yes" : "no"; }

std::string message_text(const Message& message) {
  static constexpr const char* names[] = {"LIST",     "LIST claiming", "LIST owning",   "SRVSTAT",
                                          "NEWCONN",  "TERMCONN",      "END_OF_REPORT", "TAKEOVER",
                                          "RELEASED", "VERIFY",        "NOT_HELD"};
  std::string text = fmt::format("{} {} ({})", names[static_cast<unsigned>(message.kind)], unsigned{message.about},
                                 epoch_text(message.epoch));
  if (message.kind == M::new_conn) text += fmt::format(" at S{}", message.target);
  return text;
}

// Whether what comes before and after it must stay before and after it.
bool is_barrier(const Message& message) {
  switch (message.kind) {
    case M::list_none:
    case M::list_claiming:
    case M::list_owning:
    case M::end_of_report:
    case M::take_over:
    case M::released:
      return true;
    default:
      return false;
  }
}

class Channels {
 public:
  Channels(const Before& before, const model::State& wanted, const model::State& found, model::Stack from,
           model::Stack to)
      : before_(before), found_(found), from_(from), to_(to) {
    take(wanted.bus[from][to], wanted_);
    take(found.bus[from][to], sent_);
    found_channel_ = sent_;
    const auto [a, b] = std::ranges::mismatch(wanted_, sent_);
    wanted_.erase(wanted_.begin(), a);
    sent_.erase(sent_.begin(), b);
  }
  // Empty: nothing but packaging.
  std::string difference() const {
    if (wanted_ == sent_) return {};
    Messages wanted = wanted_;
    Messages sent = sent_;
    std::string text;
    for (const Message& each : wanted_)
      if (!contains(sent_, each)) {
        if (!may_be_missing(each)) text += fmt::format("; does not send {}", message_text(each));
        std::erase(wanted, each);
      }
    for (const Message& each : sent_)
      if (!contains(wanted_, each)) {
        if (!is_true(each) && !is_void(each)) text += fmt::format("; sends {}", message_text(each));
        std::erase(sent, each);
      }
    if (!text.empty()) return text.substr(2);
    return in_order(wanted) == in_order(sent) ? std::string{} : order_text();
  }

 private:
  static void take(const model::Channel& channel, Messages& out) {
    for (unsigned n = 0; n < channel.size; ++n) {
      out.push_back(channel[n]);
      if (out.back().kind != M::new_conn) out.back().target = model::nobody;  // says who sends it
    }
  }
  static bool contains(const Messages& messages, const Message& message) {
    return std::ranges::find(messages, message) != messages.end();
  }
  // What decides: lists and the words of a handover as they come, and what is said under each epoch.
  std::vector<std::vector<Messages>> in_order(const Messages& messages) const {
    std::map<model::Epoch, Messages> by_epoch;
    Messages decisions;
    for (const Message& each : messages) {
      if (each.kind != M::list_none || !gives_way()) by_epoch[each.epoch].push_back(each);
      if (is_barrier(each) && each.kind != M::end_of_report) decisions.push_back(each);
    }
    std::vector<std::vector<Messages>> all{{std::move(decisions)}};
    for (const auto& [epoch, said] : by_epoch) all.push_back(between_barriers(said));
    return all;
  }
  // FLV-11: another owner is not told of what has ended: who has reported to it takes no frame of this stack any more.
  // That it owns the DVIPA no longer it says before its report to the one that does.
  bool gives_way() const {
    return model::owner_of(before_.state.stacks[from_].owning) == from_ &&
           model::owner_of(found_.stacks[from_].owning) != from_;
  }
  // Each between its barriers: what is said of the listener and of each connection, in order and once.
  static std::vector<Messages> between_barriers(const Messages& messages) {
    std::vector<Messages> parts(1);
    for (const Message& each : messages) {
      if (is_barrier(each)) {
        parts.push_back({each});
        parts.emplace_back();
      } else {
        parts.back().push_back(each);
      }
    }
    for (Messages& part : parts) {
      std::ranges::stable_sort(part, {}, subject);
      const auto again = std::ranges::unique(part);
      part.erase(again.begin(), again.end());
    }
    return parts;
  }
  static std::pair<bool, unsigned> subject(const Message& m) {
    const bool of_listener = m.kind == M::srv_stat;
    return {of_listener, of_listener ? 0U : m.about};
  }

  bool may_be_missing(const Message& message) const {
    if (is_void(message) || (is_of_connection(message) && is_last_word(found_channel_, message))) return true;
    if (message.kind == M::new_conn && message.target == from_)
      return will_be_reported(message) || is_of_newer_owner(message) || holds_none(message);
    if (message.kind == M::new_conn)
      return gives_way() && before_.beyond.stacks[from_].connections[message.about].ended;
    return message.kind == M::term_conn && !before_.beyond.stacks[from_].connections[message.about].known_here;
  }
  // To an older owner whose report is still to be made: the stack reports to a newer one first.
  bool will_be_reported(const Message& message) const {
    const bool ends = std::ranges::any_of(found_channel_, [&](const Message& each) {
      return each.kind == M::end_of_report && each.epoch == message.epoch;
    });
    return !ends && model::has(found_.stacks[to_].waiting, from_) && found_.stacks[from_].owning > message.epoch;
  }
  // An entry for itself whose connection has ended half-open, so that only its kernel knows of that.
  bool holds_none(const Message& message) const {
    return found_.stacks[from_].endpoint[message.about].end == model::End::none;
  }
  // What the newer of two owners has forwarded: the older one hears of it when the connection is established.
  bool is_of_newer_owner(const Message& message) const {
    const model::StackState& me = found_.stacks[from_];
    return me.endpoint[message.about].end == model::End::half_open && message.epoch < me.owning;
  }
  // A report under an epoch that its receiver has left behind: nobody takes it (FLV-10).
  bool is_void(const Message& message) const {
    if (is_barrier(message) && message.kind != M::end_of_report) return false;
    const model::StackState& receiver = found_.stacks[to_];
    return message.epoch != receiver.owning && message.epoch != receiver.claiming;
  }
  // What is said beyond what the model says.
  bool is_true(const Message& message) const {
    const model::StackState& me = found_.stacks[from_];
    const model::StackState& was = before_.state.stacks[from_];
    switch (message.kind) {
      case M::new_conn: {
        const bool holds = message.target == from_ && me.endpoint[message.about].end != model::End::none;
        const bool routes =
            me.crt[message.about].target == message.target || was.crt[message.about].target == message.target;
        return holds || routes;
      }
      case M::srv_stat:
        return (message.about != 0) == me.listening;
      case M::term_conn:
        return me.endpoint[message.about].end == model::End::none || is_left_over(me, message) || is_ended(message);
      case M::not_held:
        return me.endpoint[message.about].end == model::End::none;
      case M::verify:
        return true;
      case M::list_none:
        return message.epoch == me.newest && model::owner_of(me.owning) != from_ &&
               model::owner_of(me.claiming) != from_;
      case M::list_owning:
        return message.epoch == me.owning;
      case M::list_claiming:
        return message.epoch == me.claiming;
      default:
        return false;
    }
  }
  // TKB-1: the owner tells a claimant what it has heard of the end of what it still routes.
  bool is_ended(const Message& message) const {
    return before_.beyond.stacks[from_].connections[message.about].ended &&
           message.epoch == found_.stacks[from_].claiming && model::owner_of(message.epoch) == to_;
  }
  // RTE-13: the owner tells who holds an end in vain.
  bool is_left_over(const model::StackState& me, const Message& message) const {
    const model::Stack target = me.crt[message.about].target;
    return model::owner_of(me.owning) == from_ && message.epoch == me.owning && target != to_ &&
           (target == from_ || model::has(me.view, target));
  }
  std::string order_text() const {
    std::string text = "in another order: the model";
    for (const Message& each : wanted_) text += " [" + message_text(each) + "]";
    text += ", the implementation";
    for (const Message& each : sent_) text += " [" + message_text(each) + "]";
    return text;
  }

  const Before& before_;
  const model::State& found_;
  model::Stack from_;
  model::Stack to_;
  Messages found_channel_;
  Messages wanted_;
  Messages sent_;
};

// `contested` is the model's own note.
bool is_same(model::Client wanted, const model::Client& found) {
  wanted.contested = found.contested;
  return wanted == found;
}

class Differences {
 public:
  Differences(const Before& before, const Step& step, const model::State& found)
      : before_(before), step_(step), found_(found) {}
  template <class Value, class Text>
  void compare(std::string_view what, const Value& wanted, const Value& found, Text&& text) {
    if (wanted == found) return;
    lines_.push_back(fmt::format("{}: {} in the model, {} in the implementation", what, text(wanted), text(found)));
  }
  void of_stack(model::Stack i, const model::StackState& wanted, const model::StackState& found) {
    const auto name = [&](const char* what) { return fmt::format("S{} {}", i, what); };
    compare(name("runs"), wanted.life == model::Life::up, found.life == model::Life::up, bool_text);
    compare(name("ready"), wanted.ready, found.ready, bool_text);
    compare(name("listening"), wanted.listening, found.listening, bool_text);
    compare(name("view"), wanted.view, found.view, set_text);
    compare(name("has lists of"), wanted.listed, found.listed, set_text);
    compare(name("primaries"), wanted.primaries, found.primaries, set_text);
    compare(name("leaving"), wanted.leaving, found.leaving, set_text);
    compare(name("newest epoch"), wanted.newest, found.newest, epoch_text);
    compare(name("owner's epoch"), wanted.owning, found.owning, epoch_text);
    compare(name("claimant's epoch"), wanted.claiming, found.claiming, epoch_text);
    compare(name("asked to let go"), wanted.asked, found.asked, bool_text);
    compare(name("waits for"), wanted.waiting, found.waiting, set_text);
    compare(name("DPT"), wanted.dpt, found.dpt, set_text);
    for (unsigned c = 0; c < model::kConnectionsMax; ++c) {
      const bool fresher =
          found.crt[c].fresh && found.crt[c] == model::Entry{wanted.crt[c].target, true, wanted.crt[c].present};
      const bool known = fresher || goes_to_rival(i, c, wanted.crt[c].target, found.crt[c]) ||
                         is_recalled(i, c, wanted.crt[c].target, found.crt[c]);
      if (!known) compare(name("CRT entry"), wanted.crt[c], found.crt[c], entry_text);
      compare(name("connection"), wanted.endpoint[c], found.endpoint[c], endpoint_text);
    }
    for (model::Stack j = 1; j <= model::kStacksMax; ++j)
      compare(fmt::format("S{} has heard that S{} owns", i, j), wanted.said[j], found.said[j], epoch_text);
  }
  // The implementation remembers who else has said that it holds the connection, or is told of it now; the target that
  // the model has for it holds it no longer. The other one may have lost it too since: a fresh entry is asked about
  // when it has aged.
  bool goes_to_rival(model::Stack i, unsigned c, model::Stack in_model, const model::Entry& entry) const {
    const bool held = in_model != model::nobody && found_.stacks[in_model].endpoint[c].end != model::End::none;
    const bool is_rival = entry.target == before_.beyond.stacks[i].connections[c].rival || is_named(i, c, entry.target);
    return !held && entry.target != model::nobody && entry.fresh && is_rival;
  }
  // FLV-11: a SYN that it gave to a target before it claimed anew is let in there, where the model's fence refuses it
  // for its epoch. When all have reported and nobody has named the connection, its entry is back.
  bool is_recalled(model::Stack i, unsigned c, model::Stack in_model, const model::Entry& entry) const {
    return in_model == model::nobody && entry.target != model::nobody &&
           entry.target == before_.beyond.stacks[i].connections[c].recalled;
  }
  bool is_named(model::Stack i, unsigned c, model::Stack target) const {
    if (step_.action.kind != model::Action::Kind::receive || step_.action.a != i) return false;
    const model::Channel& channel = before_.state.bus[step_.action.b][i];
    for (unsigned n = 0; n < step_.messages; ++n)
      if (const Message each = channel[n]; each.kind == M::new_conn && each.about == c && each.target == target)
        return true;
    return false;
  }
  void add(std::string line) { lines_.push_back(std::move(line)); }
  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const Before& before_;
  const Step& step_;
  const model::State& found_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> differences(const model::Rules& rules, const Before& before, const Step& step,
                                     const model::State& wanted, const model::State& found) {
  Differences all(before, step, found);
  for (model::Stack i = 1; i <= rules.stacks; ++i) {
    if (wanted.stacks[i] != found.stacks[i]) all.of_stack(i, wanted.stacks[i], found.stacks[i]);
    for (model::Stack j = 1; j <= rules.stacks; ++j) {
      if (i == j) continue;
      const std::string channel = Channels(before, wanted, found, i, j).difference();
      if (!channel.empty()) all.add(fmt::format("S{} to S{}: {}", i, j, channel));
    }
  }
  const auto same_frames = wanted.frames.size == found.frames.size && wanted.frames.frames == found.frames.frames;
  if (!same_frames) all.add("the frames on their way");
  for (unsigned c = 0; c < rules.connections; ++c)
    if (!is_same(wanted.clients[c], found.clients[c])) all.add(fmt::format("the client of connection {}", c + 1));
  if (wanted.reach != found.reach) all.compare("advertised by", wanted.reach, found.reach, set_text);
  if (wanted.reach_far != found.reach_far)
    all.compare("advertised on the far side by", wanted.reach_far, found.reach_far, set_text);
  return all.take();
}

}  // namespace dvipa::refine
