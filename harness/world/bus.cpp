// The bus: reliable and FIFO for each ordered pair of members, with views of the membership. Nothing of a member
// arrives after the view that excludes it. More it does not promise: views differ between members for a while, messages
// take their time, and a member may be excluded although it lives.
#include <algorithm>

#include "harness/world/narrator.hpp"
#include "harness/world/world.hpp"
#include "impl/wire/codec.hpp"

namespace dvipa::world {

bool World::reachable(StackId from, StackId to) const {
  return side_of_stack_[from.value] == side_of_stack_[to.value] && blocked_[index(from, to)] == 0;
}

// --- messages ------------------------------------------------------------------------------------------------------

void World::send(StackId from, StackId to, Message message) {
  Link& out = link(from, to);
  if (from != to && !out.up) return;
  if (settings_.codec) {
    std::vector<std::uint8_t> bytes;
    wire::encode(message, bytes);
    const auto decoded = wire::decode(bytes);
    if (!decoded || !*decoded || **decoded != message)
      return fail("a message survives its bytes (LST-6)", Narrator(*this).text(message));
    message = **decoded;
  }
  out.queue.push_back(std::move(message));
  const Micros delay = from == to ? 0 : draw(settings_.bus, 3000U + index(from, to), out.sent++);
  out.last_arrival = std::max(out.last_arrival, now_ + delay);
  Event event;
  event.kind = Event::Kind::message;
  event.host = to;
  event.peer = from;
  event.turn = out.session;
  schedule(out.last_arrival - now_, event);
}

bool World::may_arrive(StackId from, StackId to) const {
  if (!is_up(to)) return false;
  if (from == to) return true;
  const Link& back = links_[index(to, from)];
  const Link& out = links_[index(from, to)];
  return back.up && back.session == out.session && reachable(from, to) && !out.kept_back;
}

// A message could have arrived by now; it does, if nothing keeps it.
void World::receive(StackId to, StackId from) {
  ++link(from, to).due;
  pump(from, to);
}

void World::pump(StackId from, StackId to) {
  while (true) {
    Link& out = link(from, to);
    out.due = std::min(out.due, static_cast<std::uint32_t>(out.queue.size()));
    if (out.due == 0 || !may_arrive(from, to) || violation_) return;
    --out.due;
    Message message = std::move(out.queue.front());
    out.queue.pop_front();
    if (is_watched()) tell(from, to, Narrator(*this).text(message));
    if (const auto* verify = std::get_if<Verify>(&message)) look_at(to, *verify);
    give(to, input::Received{from, std::move(message)});
  }
}

void World::keep_back(StackId from, StackId to) { link(from, to).kept_back = true; }

void World::deliver(StackId from, StackId to, std::int64_t count) {
  Link& out = link(from, to);
  if (!out.kept_back) return;
  out.kept_back = false;
  if (count == 0) return pump(from, to);
  const std::uint32_t all = out.due;
  out.due = std::min(all, static_cast<std::uint32_t>(count));
  const std::uint32_t let_through = out.due;
  pump(from, to);
  Link& again = link(from, to);
  again.due += all - let_through;
  again.kept_back = true;
}

// --- who is up -----------------------------------------------------------------------------------------------------

// The two may be able to connect: they try after a while.
void World::consider(StackId one, StackId other) {
  if (one > other) std::swap(one, other);
  if (one == other || redialing_[index(one, other)] != 0) return;
  redialing_[index(one, other)] = 1;
  Event event;
  event.kind = Event::Kind::redial;
  event.host = one;
  event.peer = other;
  schedule(draw(settings_.redial, 4000U + index(one, other), order_), event);
}

void World::redial(StackId one, StackId other) {
  redialing_[index(one, other)] = 0;
  const bool apart = !link(one, other).up && !link(other, one).up;
  if (!apart || !is_up(one) || !is_up(other) || !reachable(one, other) || !reachable(other, one)) return;
  const std::uint32_t session = ++sessions_;
  redialing_[index(one, other)] = 1;  // until both have noticed
  for (const auto& [here, there] : {std::pair{one, other}, std::pair{other, one}}) {
    link(here, there).session = session;
    link(here, there).queue.clear();
    link(here, there).due = 0;
    Event event;
    event.kind = Event::Kind::member_up;
    event.host = here;
    event.peer = there;
    event.number = session;
    schedule(draw(settings_.bus, 5000U + index(here, there), session), event);
  }
}

void World::member_up(const Event& event) {
  const auto& [one, other] = std::minmax(event.host, event.peer);
  redialing_[index(one, other)] = 0;
  Link& mine = link(event.host, event.peer);
  if (mine.session != event.number || mine.up) return;
  const Host& peer = at(event.peer);
  const bool lost = !is_up(event.host) || peer.life == Host::Life::down || !reachable(event.host, event.peer) ||
                    link(event.peer, event.host).session != event.number;
  if (lost) {
    mine.session = 0;
    part(event.host, event.peer);
    return;
  }
  mine.up = true;
  at(event.host).known.set(event.peer.value);
  tell(event.host, {}, "has S" + std::to_string(event.peer.value) + " in its view");
  give(event.host, input::MemberUp{event.peer, peer.incarnation});
  pump(event.peer, event.host);
}

// `one` has closed its side or is gone; the other sees it at once, or by silence.
void World::part(StackId one, StackId other) {
  const Link& theirs = link(other, one);
  if (!theirs.up) return consider(one, other);
  const std::uint64_t row = 6000U + index(one, other);
  const bool crashed = at(one).life == Host::Life::down && !at(one).kernel_lives;
  const bool crashed_silently = crashed && happens(settings_.crash_is_silent, row, order_);
  const bool silent = crashed_silently || !reachable(one, other);
  Event event;
  event.kind = Event::Kind::member_down;
  event.host = other;
  event.peer = one;
  event.number = theirs.session;
  schedule(draw(silent ? settings_.silence : settings_.closed, row, order_ + 1), event);
}

void World::member_down(const Event& event) {
  Link& mine = link(event.host, event.peer);
  if (!mine.up || mine.session != event.number || at(event.host).life == Host::Life::down) return;
  mine.up = false;
  mine.session = 0;
  link(event.peer, event.host).queue.clear();
  link(event.peer, event.host).due = 0;
  mine.queue.clear();
  mine.due = 0;
  tell(event.host, {}, "has lost S" + std::to_string(event.peer.value) + " from its view");
  give(event.host, input::MemberDown{event.peer});
  part(event.host, event.peer);
}

// `one` hears nothing of `other` from now on, perhaps.
void World::suspect_after_silence(StackId one, StackId other) {
  if (one == other || !link(one, other).up) return;
  Event event;
  event.kind = Event::Kind::suspect;
  event.host = one;
  event.peer = other;
  event.number = link(one, other).session;
  schedule(draw(settings_.silence, 7000U + index(one, other), order_), event);
}

void World::suspect(const Event& event) {
  const bool silent = at(event.peer).life == Host::Life::paused || !reachable(event.peer, event.host);
  if (silent) member_down(event);
}

}  // namespace dvipa::world
