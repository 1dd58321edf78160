// What the core wants done, done.
#include <fmt/format.h>

#include <array>
#include <boost/asio/post.hpp>

#include "impl/live/shell/running_stack.hpp"

namespace dvipa {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

std::string text(const Epoch& epoch) { return fmt::format("{}.{}", epoch.counter, epoch.owner.value); }

// A neighbour may miss an announcement; it is repeated so long after the first.
constexpr std::array announce_again_after = {20ms, 100ms, 500ms, 2000ms};

}  // namespace

// --- the core ------------------------------------------------------------------------------------------------------

void RunningStack::step(Input input) {
  Effects effects;
  stack_.step(std::move(input), effects);
  for (Effect& each : effects) {
    const bool about_fence =
        std::holds_alternative<effect::AcceptForwarder>(each) || std::holds_alternative<effect::RefuseForwarder>(each);
    if (!about_fence) flush_fence();
    std::visit([&](auto& kind) { perform(kind); }, each);
  }
  flush_fence();
  if (auto followed = path_.follow_stack(); !followed) fail(followed.error().message, "");
  if (!awaited_.empty()) answer_awaited();
}

void RunningStack::perform(effect::Send& send) {
  if (send.to == self_.stack) {
    asio::post(io_,
               [this, message = std::move(send.message)]() mutable { on_message(self_.stack, std::move(message)); });
  } else {
    if (bus_) bus_->send(send.to, send.message);
  }
}

void RunningStack::perform(const effect::Advertise& advertise) {
  log_failure("neighbour_groups", host_.groups().join(advertise.dvipa));
  if (auto done = path_.advertise(advertise.dvipa); !done) fail(done.error().message, "");
  advertiser_.advertise(advertise.dvipa, stack_.dvipa(advertise.dvipa)->owner.facts.mine.counter);
  log_.write("advertised", {{"dvipa", to_string(advertise.dvipa)}});
  announce_later(0);
}

void RunningStack::announce_later(std::size_t turn) {
  announce_timer_.expires_after(announce_again_after[turn]);
  announce_timer_.async_wait([this, turn](const boost::system::error_code& error) {
    if (error) return;
    path_.announce_again();
    if (turn + 1 < announce_again_after.size()) announce_later(turn + 1);
  });
}

void RunningStack::perform(const effect::Withdraw& withdraw) {
  path_.withdraw(withdraw.dvipa);
  advertiser_.withdraw(withdraw.dvipa);
  log_failure("neighbour_groups", host_.groups().leave(withdraw.dvipa));
  log_.write("withdrawn", {{"dvipa", to_string(withdraw.dvipa)}});
}

void RunningStack::perform(const effect::HoldAddress& hold) {
  worker_.run([this, hold] { return host_.hold_address(hold.dvipa, hold.active); },
              [this, hold, life = life_](const kernel::Result<void>& done) {
                log_failure("hold_address", done);
                log_.write("hidden", {{"dvipa", to_string(hold.dvipa)}, {"active", hold.active}});
                if (life == life_) step(input::AddressHeld{hold.dvipa, hold.active && done});
              });
}

void RunningStack::perform(const effect::AcceptForwarder& accept) {
  if (const auto mac = path_.mac_of(accept.forwarder))
    fence_changes_.emplace_back(kernel::AcceptForwarder{accept.dvipa, mac->bytes});
}

void RunningStack::perform(const effect::RefuseForwarder& refuse) {
  if (const auto mac = path_.mac_of(refuse.forwarder))
    fence_changes_.emplace_back(kernel::RefuseForwarder{refuse.dvipa, mac->bytes});
}

void RunningStack::flush_fence() {
  if (fence_changes_.empty()) return;
  worker_.run([this, changes = std::exchange(fence_changes_, {})] { return host_.fence().apply(changes); },
              [this](const kernel::Result<void>& done) { log_failure("fence", done); });
}

void RunningStack::perform(const effect::LookForConnections& look) {
  worker_.run(
      [this, dvipa = look.dvipa] {
        return diag_->connections({&dvipa, 1});
      },
      [this, look](kernel::Result<std::vector<kernel::DiagnosedConnection>> found) {
        if (!found) log_.write("failure", {{"where", "dump"}, {"what", kernel::to_string(found.error())}});
        std::vector<Remote> remotes;
        for (const kernel::DiagnosedConnection& each : found.value_or(std::vector<kernel::DiagnosedConnection>{}))
          remotes.push_back(each.connection.remote);
        step(input::ConnectionsFound{look.dvipa, look.epoch, std::move(remotes)});
      });
}

void RunningStack::perform(effect::AbortConnections& abort) {
  worker_.run(
      [this, dvipa = abort.dvipa, remotes = std::move(abort.remotes)]() -> kernel::Result<std::vector<Remote>> {
        std::vector<Remote> aborted;
        for (const Remote& remote : remotes) {
          const auto done = diag_->abort({dvipa, remote});
          if (!done) return tl::unexpected(done.error());
          if (*done) aborted.push_back(remote);
        }
        return aborted;
      },
      [this, dvipa = abort.dvipa](const kernel::Result<std::vector<Remote>>& aborted) {
        if (!aborted) return log_.write("failure", {{"where", "abort"}, {"what", kernel::to_string(aborted.error())}});
        for (const Remote& remote : *aborted)
          log_.write("aborted", {{"dvipa", to_string(dvipa)},
                                 {"client", to_string(remote.client)},
                                 {"client_port", remote.client_port},
                                 {"port", remote.dvipa_port},
                                 {"requirement", "RTE-13"}});
      });
}

// MOV-6
void RunningStack::perform(const effect::BreakConnections& broken) {
  worker_.run([this, dvipa = broken.dvipa] { return diag_->reset_connections(dvipa); },
              [this, broken](const kernel::Result<std::size_t>& reset) {
                if (!reset) {
                  log_.write("failure", {{"where", "break"}, {"what", kernel::to_string(reset.error())}});
                } else {
                  log_.write("broken", {{"dvipa", to_string(broken.dvipa)}, {"connections", *reset}});
                }
              });
}

void RunningStack::perform(const effect::ArmTimer& arm) {
  auto& timer = timers_.try_emplace(arm.timer, io_).first->second;
  timer.expires_after(std::chrono::milliseconds(arm.after_ms));
  timer.async_wait([this, which = arm.timer](const boost::system::error_code& error) {
    if (!error) step(input::TimerFired{which});
  });
}

void RunningStack::perform(const effect::CancelTimer& cancel) {
  if (const auto at = timers_.find(cancel.timer); at != timers_.end()) at->second.cancel();
}

void RunningStack::perform(const effect::ReleaseHeld& release) { path_.release_held(release.dvipa); }

void RunningStack::perform(const effect::OwnershipChanged& changed) {
  if (changed.to == roles::OwnerState::rebuilding || changed.to == roles::OwnerState::taking_back)
    rebuild_started_[changed.dvipa] = Clock::now();
  note(changed);
  log_.write("ownership", {{"dvipa", to_string(changed.dvipa)},
                           {"from", roles::name_of(changed.from)},
                           {"to", roles::name_of(changed.to)},
                           {"epoch", text(changed.epoch)},
                           {"requirement", changed.requirement}});
}

void RunningStack::perform(const effect::Rebuilt& rebuilt) {
  const auto elapsed = Clock::now() - rebuild_started_[rebuilt.dvipa];
  log_.write("rebuilt", {{"dvipa", to_string(rebuilt.dvipa)},
                         {"epoch", text(rebuilt.epoch)},
                         {"connections", rebuilt.connections},
                         {"listeners", rebuilt.listeners},
                         {"elapsed_us", std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()},
                         {"by", rebuilt.complete ? "complete" : "limit"}});
}

void RunningStack::perform(const effect::ListenerKnown& known) {
  log_.write("listener", {{"dvipa", to_string(known.dvipa)},
                          {"port", known.port},
                          {"target", name_of(known.target)},
                          {"listening", known.listening}});
}

void RunningStack::perform(const effect::ActivationAnswered& answered) {
  log_.write("activation", {{"dvipa", to_string(answered.dvipa)}, {"answer", dvipa::name_of(answered.answer)}});
  activation_ = answered.answer;
}

void RunningStack::perform(const effect::Ready&) { log_.write("ready"); }

}  // namespace dvipa
