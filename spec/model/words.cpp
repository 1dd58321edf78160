// Steps and states in the protocol's words.
#include <fmt/format.h>

#include "spec/model/cluster.hpp"
#include "spec/model/takeover_model.hpp"

namespace dvipa::model {
namespace {

using Kind = Action::Kind;

std::string epoch_text(Epoch epoch) {
  return epoch == 0 ? "none yet" : fmt::format("{} of S{}", counter_of(epoch), owner_of(epoch));
}

std::string connection_text(const Action& action) {
  return fmt::format("connection {}{}", action.c + 1, action.instance > 1 ? " (again)" : "");
}

std::string message_text(const Message& message) {
  const std::string epoch = epoch_text(message.epoch);
  switch (message.kind) {
    case MessageKind::list_none:
      return fmt::format("VIPA list (newest epoch {})", epoch);
    case MessageKind::list_claiming:
      return fmt::format("VIPA list (claiming, epoch {})", epoch);
    case MessageKind::list_owning:
      return fmt::format("VIPA list (owning, epoch {})", epoch);
    case MessageKind::srv_stat:
      return fmt::format("SRVSTAT {} (epoch {})", message.about != 0 ? "listening" : "ended", epoch);
    case MessageKind::new_conn:
      return fmt::format("NEWCONN {} at S{} (epoch {})", message.about + 1, message.target, epoch);
    case MessageKind::term_conn:
      return fmt::format("TERMCONN {} (epoch {})", message.about + 1, epoch);
    case MessageKind::end_of_report:
      return fmt::format("END_OF_REPORT (epoch {})", epoch);
    case MessageKind::take_over:
      return fmt::format("TAKEOVER (epoch {})", epoch);
    case MessageKind::released:
      return fmt::format("RELEASED (epoch {})", epoch);
    case MessageKind::verify:
      return fmt::format("VERIFY {} (epoch {})", message.about + 1, epoch);
    case MessageKind::not_held:
      return fmt::format("NOT_HELD {} (epoch {})", message.about + 1, epoch);
  }
  return {};
}

std::string harm_text(const State& before, const State& after) {
  const auto fresh = static_cast<std::uint8_t>(after.harm & ~before.harm);
  const auto did = [&](Harm what) { return (fresh & static_cast<std::uint8_t>(what)) != 0; };
  if (did(Harm::reset)) return ": it is reset, although its target lives";
  if (did(Harm::refusal)) return ": it is refused, although a listener is known";
  if (did(Harm::stray)) return ": it is taken by a stack that is not its own";
  if (did(Harm::loop)) return ": it is forwarded more than twice";
  if (did(Harm::wrong_successor)) return ", although a better candidate lives";
  if (did(Harm::to_non_listener)) return ": it goes to a stack that no longer listens";
  if (did(Harm::moved_in_use)) return ": the owner lets go, although it routes a connection";
  if (did(Harm::disrupted)) return ", although another has it";
  return {};
}

std::string of_network(const State& before, const Action& action, const State& after) {
  const std::string connection = connection_text(action);
  const std::string harm = harm_text(before, after);
  switch (action.kind) {
    case Kind::syn_arrives: {
      const std::string made = action.b != nobody ? fmt::format(" and is given to S{}", action.b) : std::string{};
      return fmt::format("A SYN of {} arrives at S{}{}{}", connection, action.a, made, harm);
    }
    case Kind::frame_arrives: {
      const bool taken = !(before.stacks[action.a].endpoint[action.c] == after.stacks[action.a].endpoint[action.c]);
      return fmt::format("The SYN of {} that S{} forwarded (epoch {}) arrives at S{}{}", connection, action.b,
                         epoch_text(action.epoch), action.a, taken ? ", which answers it" : "");
    }
    case Kind::data_arrives:
      return fmt::format("A packet of {} arrives at S{}{}", connection, action.a, harm);
    case Kind::frames_die:
      return fmt::format("Whatever SYN of {} was on its way is gone", connection);
    default:
      return {};
  }
}

std::string of_clients(const Action& action) {
  const std::string connection = connection_text(action);
  switch (action.kind) {
    case Kind::open:
      return fmt::format("The client opens {}", connection);
    case Kind::establish:
      return fmt::format("The client has the SYN-ACK of S{}: {} is established", action.a, connection);
    case Kind::give_up:
      return fmt::format("The client gives {} up", connection);
    case Kind::close:
      return fmt::format("The client closes {}", connection);
    case Kind::end_at:
      return fmt::format("S{} ends its half of {}", action.a, connection);
    case Kind::listen:
      return fmt::format("The application of S{} listens", action.a);
    case Kind::stop_listen:
      return fmt::format("The application of S{} stops listening", action.a);
    default:
      return {};
  }
}

}  // namespace

std::string TakeoverModel::name_of(Stack i) const { return i == nobody ? "nobody" : fmt::format("S{}", i); }

std::string TakeoverModel::sentence(const State& before, const Action& action, const State& after) const {
  switch (action.kind) {
    case Kind::receive:
      return fmt::format("S{} receives from S{}: {}{}", action.a, action.b,
                         message_text(before.bus[action.b][action.a][action.instance]), harm_text(before, after));
    case Kind::exclude:
      return fmt::format("S{} gets a view without S{}", action.a, action.b);
    case Kind::connect:
      return fmt::format("S{} and S{} connect and send their VIPA lists", action.a, action.b);
    case Kind::get_ready:
      return fmt::format("S{} has the lists of all members that it met", action.a);
    case Kind::claim_vacancy:
      return fmt::format("S{} claims the DVIPA, epoch {}{}", action.a, epoch_text(after.stacks[action.a].owning),
                         harm_text(before, after));
    case Kind::take_back:
      return fmt::format("S{} wants the DVIPA from S{}, epoch {}", action.a, owner_of(before.stacks[action.a].owning),
                         epoch_text(after.stacks[action.a].newest));
    case Kind::verify:
      return fmt::format("S{} asks S{} whether it still holds connection {}", action.a, action.b, action.c + 1);
    case Kind::crash:
      return fmt::format("S{} crashes", action.a);
    case Kind::restart:
      return fmt::format("S{} starts again", action.a);
    case Kind::pause:
      return fmt::format("S{} is paused", action.a);
    case Kind::wake:
      return fmt::format("S{} goes on after its pause", action.a);
    case Kind::cut:
      return "The group is partitioned";
    case Kind::heal:
      return "The partition of the group heals";
    case Kind::heal_clients:
      return "The clients of both sides reach each other's side again";
    case Kind::move:
      return fmt::format("The DVIPA is started at S{}{}", action.a, harm_text(before, after));
    case Kind::let_go:
      return fmt::format("S{} routes no connection any more, and lets the DVIPA go", action.a);
    case Kind::relist:
      return fmt::format("S{} sends its VIPA list again, because of another DVIPA", action.a);
    case Kind::depart:
      return fmt::format("The operator deactivates the DVIPA at S{}", action.a);
    case Kind::reactivate:
      return fmt::format("The operator activates the DVIPA at S{} again", action.a);
    default:
      break;
  }
  const std::string text = of_network(before, action, after);
  return text.empty() ? of_clients(action) : text;
}

std::string TakeoverModel::describe(const State& s) const {
  std::string text;
  for (Stack i = 1; i <= rules_.stacks; ++i) {
    const StackState& stack = s.stacks[i];
    const char* life = stack.life == Life::up ? "up" : stack.life == Life::paused ? "paused" : "crashed";
    text += fmt::format("S{}: {}", i, life);
    if (stack.life != Life::crashed) {
      if (stack.owning != 0) text += fmt::format(", knows owner {}", epoch_text(stack.owning));
      if (stack.claiming != 0) text += fmt::format(", knows claimant {}", epoch_text(stack.claiming));
      for (unsigned c = 0; c < rules_.connections; ++c) {
        if (stack.crt[c].target != nobody) text += fmt::format(", routes {} to S{}", c + 1, stack.crt[c].target);
        if (stack.endpoint[c].end != End::none)
          text += fmt::format(", holds {} ({})", c + 1, stack.endpoint[c].end == End::open ? "open" : "half-open");
      }
      if (stack.waiting != 0) text += fmt::format(", waits for reports ({:b})", stack.waiting);
      if (!stack.ready) text += ", not ready";
    }
    text += '\n';
  }
  return text;
}

checker::Arrow TakeoverModel::arrow(const State& before, const Action& action) const {
  const std::string client = fmt::format("client{}", action.c + 1);
  const bool at_owner = action.a != nobody && owner_of(before.stacks[action.a].owning) == action.a;
  const char* const elsewhere = at_owner ? "" : " (to a stack that does not own)";
  switch (action.kind) {
    case Kind::receive:
      return {name_of(action.b), name_of(action.a), message_text(before.bus[action.b][action.a][action.instance])};
    case Kind::syn_arrives:
      return {client, name_of(action.a),
              fmt::format("SYN{}{}", elsewhere, action.b == nobody ? "" : ", given to " + name_of(action.b))};
    case Kind::connect:
      return {name_of(action.a), name_of(action.b), "connects, both send their VIPA lists"};
    case Kind::data_arrives:
      return {client, name_of(action.a), fmt::format("ACK or data{}", elsewhere)};
    case Kind::frame_arrives:
      return {name_of(action.b), name_of(action.a), fmt::format("SYN of {}", client)};
    case Kind::establish:
      return {name_of(action.a), client, "SYN-ACK"};
    case Kind::claim_vacancy:
      return {name_of(action.a), "", "claims the DVIPA"};
    case Kind::take_back:
      return {name_of(action.a), "",
              "wants to take the DVIPA over from " + name_of(owner_of(before.stacks[action.a].owning))};
    case Kind::open:
    case Kind::close:
    case Kind::give_up:
    case Kind::frames_die:
      return {client, "", sentence(before, action, before)};
    default:
      return {name_of(action.a == nobody ? Stack{1} : action.a), "", sentence(before, action, before)};
  }
}

}  // namespace dvipa::model
