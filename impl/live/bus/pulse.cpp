// The mesh's pulse: heartbeats, silence, pauses, and what has waited for too long.
#include <algorithm>
#include <utility>

#include "impl/live/bus/mesh.hpp"

namespace dvipa::bus {

namespace {

std::uint64_t to_ms(BootClock::duration duration) {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

}  // namespace

void Bus::Mesh::notice_pause() {
  const auto pause = pause_watch_.look(BootClock::now());
  if (!pause || stopped_) return;
  ++counters_.pauses;
  if (!leaving_) events_.on_paused(to_ms(*pause));
}

void Bus::Mesh::arm_check() {
  check_timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error && !self->stopped_) self->check();
  });
}

void Bus::Mesh::check() {
  const auto due = check_timer_.expiry();
  const auto late = std::chrono::steady_clock::now() - due;
  counters_.lateness_ms_max = std::max(counters_.lateness_ms_max, to_ms(late));
  notice_pause();
  for (Peer& peer : peers_) check_life(peer);
  if (stopped_) return;
  const auto now = BootClock::now();
  check_handshakes(now);
  if (!leaving_) {
    accept();
    redial_due(now);
  }
  const auto step = std::chrono::duration_cast<std::chrono::steady_clock::duration>(interval_) / checks_per_interval_;
  // A beat that the last checks missed is not made up for: one is as good as many.
  if (++checks_ % checks_per_interval_ == 0 || late > step) beat();
  finish_leaving_if_done();
  if (stopped_) return;
  check_timer_.expires_at(late > step ? due + late + step : due + step);
  arm_check();
}

// Counts our own checks, not the time: while this process or the whole host is late, so are the checks, and our
// lateness is not taken for the peer's silence. Before the verdict what waits in the socket is read.
void Bus::Mesh::check_life(Peer& peer) {
  const std::shared_ptr<Link> link = peer.link;
  if (!link) return;
  peer.quiet_checks = link->heard() ? 0 : peer.quiet_checks + 1;
  if (peer.quiet_checks >= cluster_.heartbeat.misses * checks_per_interval_) {
    link->read_now();
    if (link->ended()) return;
    if (!link->heard()) return make_down(peer, DownReason::silent);
    peer.quiet_checks = 0;
  }
  const auto undrained = link->undrained_since();
  if (undrained && BootClock::now() - *undrained > limits_.undrained_max) make_down(peer, DownReason::silent);
}

void Bus::Mesh::check_handshakes(BootClock::time_point now) {
  while (!unproven_.empty() && now - unproven_.front()->since() > limits_.handshake_max) {
    unproven_.front()->end();
    unproven_.pop_front();
    ++counters_.handshakes_timed_out;
  }
  for (Peer& peer : peers_) {
    if (!peer.dialing && !peer.dialed) continue;
    if (now - peer.dialed_at <= (peer.dialed ? limits_.handshake_max : limits_.connect_max)) continue;
    if (peer.dialed) ++counters_.handshakes_timed_out;
    dial_failed(peer);
  }
}

void Bus::Mesh::redial_due(BootClock::time_point now) {
  for (Peer& peer : peers_) {
    if (peer.stack < self_.stack || peer.link || peer.dialing || peer.dialed || now < peer.redial_at) continue;
    dial(peer);
  }
}

// A peer that is still to be sent something needs no heartbeat: any byte is a sign of life.
void Bus::Mesh::beat() {
  pause_watch_.beat(BootClock::now());
  for (Peer& peer : peers_) {
    if (!peer.link || leaving_ || peer.link->unsent_bytes() > 0) continue;
    peer.link->add_heartbeat();
    ++counters_.heartbeats_sent;
  }
}

}  // namespace dvipa::bus
