// Lives of hosts, and what is given to their stacks.
#include <algorithm>

#include "harness/world/world.hpp"

namespace dvipa::world {

StackSettings World::settings_of(StackId stack) const {
  StackSettings settings;
  settings.self = stack;
  for (unsigned n = 1; n <= settings_.stacks; ++n) settings.xcf_addresses.push_back(Address::v4(0x0a4d0000U + n));
  settings.join_ms = settings_.join_ms;
  settings.list_limit_ms = settings_.list_limit_ms;
  settings.report_limit_ms = settings_.report_limit_ms;
  settings.leave_limit_ms = settings_.leave_limit_ms;
  settings.ageing_ms = settings_.ageing_ms;
  settings.ageing_rounds = settings_.ageing_rounds;
  settings.frame_life_ms = settings_.frame_life_ms;
  settings.hash_key = settings_.seed;
  settings.lists_to_concerned = settings_.lists_to_concerned;
  settings.mutant = settings_.mutant;
  return settings;
}

void World::start(StackId stack) {
  Host& host = at(stack);
  if (host.life != Host::Life::down) return;
  host.life = Host::Life::up;
  ++host.incarnation;
  host.kernel.addresses.clear();  // what a killed process has left of its own
  host.kernel.fence.clear();
  host.kernel.listeners.clear();
  host.known.reset();
  host.kernel_lives = false;
  host.stack.emplace(settings_of(stack));
  tell(stack, {}, "starts");
  give(stack, input::DefinitionsSet{host.profile});
  for (const auto& [local, port] : host.applications) {
    host.kernel.listeners.emplace(local, port);
    give(stack, input::ListenerChanged{local, port, true});
  }
  give(stack, input::Started{host.incarnation});
  for_each_stack([&](StackId other) { consider(stack, other); });
}

// All that is volatile goes: the stack, its kernel, and what was on its way to it. What it has sent goes on.
void World::kill(StackId stack, const char* how) {
  Host& host = at(stack);
  if (host.life == Host::Life::down) return;
  tell(stack, {}, how);
  const Incarnation incarnation = host.incarnation;
  Definitions profile = std::move(host.profile);
  auto applications = std::move(host.applications);
  host = Host{};
  host.incarnation = incarnation;
  host.profile = std::move(profile);
  host.applications = std::move(applications);
  part_from_all(stack);
}

// The stack forgets all that it knew; the ends of connections, the applications, the hidden addresses and the fence
// stay as they are until its successor undoes what it left.
void World::kill_process(StackId stack) {
  Host& host = at(stack);
  if (host.life != Host::Life::up) return;  // on a host that stands still nothing can be killed
  tell(stack, {}, "loses its process");
  Host left;
  left.incarnation = host.incarnation;
  left.profile = std::move(host.profile);
  left.applications = std::move(host.applications);
  left.kernel = std::move(host.kernel);
  left.known = host.known;
  left.kernel_lives = true;
  host = std::move(left);
  part_from_all(stack);
}

void World::part_from_all(StackId stack) {
  for_each_stack([&](StackId other) {
    if (other == stack) return;
    Link& mine = link(stack, other);
    mine.up = false;
    if (!link(other, stack).up) mine.session = 0;  // what the other has not noticed yet it never will
    link(other, stack).queue.clear();
    link(other, stack).due = 0;
    part(stack, other);
  });
}

void World::pause(StackId stack) {
  Host& host = at(stack);
  if (host.life != Host::Life::up) return;
  host.life = Host::Life::paused;
  host.paused_at = now_;
  tell(stack, {}, "stands still");
  for_each_stack([&](StackId other) { suspect_after_silence(other, stack); });
}

// FLV-9: the shell sees before anything else that it did not run for longer than its peers wait.
void World::resume(StackId stack) {
  Host& host = at(stack);
  if (host.life != Host::Life::paused) return;
  host.life = Host::Life::up;
  const Micros gap = now_ - host.paused_at;
  tell(stack, {}, "goes on after " + std::to_string(gap / ms) + " ms");
  if (gap > settings_.silence.least) give(stack, input::Resumed{});
  for (Event& event : std::exchange(host.deferred, {})) {
    if (event.kind == Event::Kind::suspect) {  // its own lateness is not the other's silence
      suspect_after_silence(stack, event.peer);
    } else {
      schedule(0, event);
    }
  }
  for_each_stack([&](StackId other) {
    pump(other, stack);
    consider(stack, other);
  });
}

void World::jump(StackId stack, Micros by) {
  if (at(stack).life == Host::Life::down) return;
  tell(stack, {}, "sees its clock jump by " + std::to_string(by / ms) + " ms");
  for (Event& event : events_)
    if (event.kind == Event::Kind::timer && event.host == stack) event.at = std::max(now_, event.at - by);
  std::make_heap(events_.begin(), events_.end(), Later{});
}

void World::define(StackId stack, const DvipaDefinition& definition) {
  Host& host = at(stack);
  if (host.life == Host::Life::paused) return;  // nobody can reach it
  auto& dvipas = host.profile.dvipas;
  std::erase_if(dvipas, [&](const DvipaDefinition& each) { return each.dvipa == definition.dvipa; });
  if (definition.part != Part::none) dvipas.push_back(definition);
  std::ranges::sort(dvipas, {}, &DvipaDefinition::dvipa);
  if (host.life == Host::Life::up) give(stack, input::DefinitionsSet{host.profile});
}

void World::give(StackId stack, Input input) {
  Host& host = at(stack);
  if (!host.stack) return;
  Effects effects;
  host.stack->step(std::move(input), effects);
  for (Effect& each : effects) {
    if (!host.stack) return;  // it has left
    history_ += each.index() * 0x100000001b3U;
    carry_out(stack, each);
  }
}

void World::fire(const Event& event) {
  Host& host = at(event.host);
  const auto timer = host.timers.find(event.timer);
  if (timer == host.timers.end() || timer->second != event.turn) return;
  host.timers.erase(timer);
  give(event.host, input::TimerFired{event.timer});
}

}  // namespace dvipa::world
