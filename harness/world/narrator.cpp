// What happens in a world, in the protocol's words.
#include "harness/world/narrator.hpp"

#include <fmt/format.h>

namespace dvipa::world {
namespace {

template <class... Kinds>
struct Overloaded : Kinds... {
  using Kinds::operator()...;
};

std::string text(const Epoch& epoch) { return fmt::format("epoch {} of S{}", epoch.counter, epoch.owner.value); }

std::string text(const VipaList& list) {
  std::string all = "VIPA list";
  for (const ListEntry& entry : list.entries) {
    const char* claim = entry.claim == Claim::owning ? "owning, " : entry.claim == Claim::claiming ? "claiming, " : "";
    all += fmt::format(" [{} {}{}]", to_string(entry.definition.dvipa), claim, text(entry.epoch));
  }
  return all;
}

}  // namespace

std::string Narrator::text(const std::vector<Remote>& remotes, const Address& dvipa) const {
  std::string all;
  for (const Remote& remote : remotes) all += (all.empty() ? "" : " ") + world_.name_of({dvipa, remote});
  return all;
}

std::string Narrator::text(const Message& message) const {
  return std::visit(
      Overloaded{
          [](const VipaList& each) { return world::text(each); },
          [](const SrvStat& each) {
            return fmt::format("SRVSTAT port {} {} ({})", each.port, each.listening ? "listening" : "ended",
                               world::text(each.epoch));
          },
          [&](const NewConn& each) {
            return fmt::format("NEWCONN {} at S{} ({})", text(each.remotes, each.dvipa), each.target.value,
                               world::text(each.epoch));
          },
          [&](const TermConn& each) {
            return fmt::format("TERMCONN {} ({})", text(each.remotes, each.dvipa), world::text(each.epoch));
          },
          [](const EndOfReport& each) { return fmt::format("END_OF_REPORT ({})", world::text(each.epoch)); },
          [](const TakeOver& each) { return fmt::format("TAKEOVER ({})", world::text(each.epoch)); },
          [](const Released& each) { return fmt::format("RELEASED ({})", world::text(each.epoch)); },
          [&](const Verify& each) {
            return fmt::format("VERIFY {} ({})", text(each.remotes, each.dvipa), world::text(each.epoch));
          },
          [&](const NotHeld& each) {
            return fmt::format("NOT_HELD {} ({})", text(each.remotes, each.dvipa), world::text(each.epoch));
          },
          [](const Capacity& each) { return fmt::format("CAPACITY {}", each.weight); },
          [](const Affinity& each) {
            return fmt::format("AFFINITY {} clients at S{} ({})", each.remotes.size(), each.target.value,
                               world::text(each.epoch));
          },
          [](const ListAsked&) { return std::string("LIST_ASKED"); },
          [](const Leaving&) { return std::string("LEAVING"); },
      },
      message);
}

void Narrator::effect(StackId stack, const Effect& effect) const {
  const auto say = [&](const std::string& what) { world_.tell(stack, {}, what); };
  std::visit(
      Overloaded{
          [&](const effect::Advertise& each) { say("advertises " + to_string(each.dvipa)); },
          [&](const effect::Withdraw& each) { say("no longer advertises " + to_string(each.dvipa)); },
          [&](const effect::OwnershipChanged& each) {
            say(fmt::format("{} -> {} for {} ({}; {})", roles::name_of(each.from), roles::name_of(each.to),
                            to_string(each.dvipa), each.requirement, world::text(each.epoch)));
          },
          [&](const effect::AbortConnections& each) {
            for (const Remote& remote : each.remotes)
              say("aborts what is left over of " + world_.name_of({each.dvipa, remote}));
          },
          [&](const effect::BreakConnections& each) { say("breaks its connections of " + to_string(each.dvipa)); },
          [&](const effect::ActivationAnswered& each) { say(fmt::format("answers {}", name_of(each.answer))); },
          [&](const effect::Rebuilt& each) {
            say(fmt::format("has its tables of {}: {} connections, {} listeners, {}", to_string(each.dvipa),
                            each.connections, each.listeners, each.complete ? "complete" : "by the limit of time"));
          },
          [](const auto&) {},
      },
      effect);
}

}  // namespace dvipa::world
