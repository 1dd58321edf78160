// Who is up: connections made, proven, replaced and lost. The pulse is in pulse.cpp.
#include "impl/live/bus/mesh.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "impl/wire/codec.hpp"
#include "impl/wire/invariant.hpp"

namespace dvipa::bus {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

// Checks also find what is to be connected again, and handshakes that take too long.
constexpr unsigned checks_per_interval_min = 4;
constexpr unsigned check_ms_max = 20;

tcp::endpoint endpoint_of(const ClusterMember& member) {
  return {asio::ip::address_v4(member.xcf.v4_value()), member.port};
}

std::string remedy_for(const error_code& error, const ClusterMember& self) {
  const std::string xcf = to_string(self.xcf);
  if (error == asio::error::address_in_use)
    return "end the process that listens there, or give the member another port in cluster.toml";
  if (error == boost::system::errc::address_not_available)
    return "give " + xcf + " to an interface of this host, or run the member that belongs here";
  if (error == asio::error::access_denied) return "use a port above 1023, or run with CAP_NET_BIND_SERVICE";
  return "see the system's limits";
}

}  // namespace

Bus::Mesh::Mesh(asio::io_context& io, const Cluster& cluster, const ClusterMember& self, Incarnation incarnation,
                const MacAddress& mac, BusEvents& events, const BusLimits& limits)
    : io_(io),
      cluster_(cluster),
      self_(self),
      hello_{self.stack, self.xcf, incarnation, mac, digest_of_members(cluster), {}},
      events_(events),
      limits_(limits),
      acceptor_(io),
      check_timer_(io),
      interval_(std::chrono::milliseconds(cluster.heartbeat.interval_ms)),
      silence_(interval_ * cluster.heartbeat.misses),
      pause_watch_(silence_, BootClock::now()),
      checks_per_interval_(std::max(checks_per_interval_min, cluster.heartbeat.interval_ms / check_ms_max)) {
  for (const ClusterMember& member : cluster.members) {
    if (member.stack == self.stack) continue;
    Peer peer;
    peer.stack = member.stack;
    peer.endpoint = endpoint_of(member);
    peer.backoff = limits.reconnect_min;
    peers_.push_back(std::move(peer));
  }
}

tl::expected<void, BusFailure> Bus::Mesh::listen() {
  error_code error;
  const auto done = [&](const error_code& result) {
    error = result;
    return !result;
  };
  const tcp::endpoint here = endpoint_of(self_);
  const bool listening = done(acceptor_.open(here.protocol(), error)) &&
                         done(acceptor_.set_option(tcp::acceptor::reuse_address(true), error)) &&
                         done(acceptor_.bind(here, error)) && done(acceptor_.listen(64, error));
  if (listening) return {};
  return tl::unexpected(
      BusFailure{fmt::format("listen at {}:{}: {}", to_string(self_.xcf), self_.port, error.message()),
                 remedy_for(error, self_), error.value()});
}

void Bus::Mesh::start() {
  const auto now = BootClock::now();
  pause_watch_.beat(now);
  accept();
  redial_due(now);
  check_timer_.expires_after(std::chrono::nanoseconds(0));
  arm_check();
}

void Bus::Mesh::stop() {
  stopped_ = true;
  error_code error;
  acceptor_.close(error);
  check_timer_.cancel();
  for (const auto& link : std::exchange(unproven_, {})) link->end();
  for (Peer& peer : peers_) {
    if (peer.link) peer.link->end();
    if (peer.dialed) peer.dialed->end();
    if (peer.dialing) peer.dialing->close(error);
  }
}

Bus::Mesh::Peer* Bus::Mesh::peer_of(StackId member) {
  const auto found = std::lower_bound(peers_.begin(), peers_.end(), member,
                                      [](const Peer& peer, StackId id) { return peer.stack < id; });
  return found != peers_.end() && found->stack == member ? &*found : nullptr;
}

wire::Handshake Bus::Mesh::handshake_with(wire::Side side, StackId expected) const {
  wire::Hello hello = hello_;
  hello.nonce = wire::random_bytes();
  return {side, cluster_.key, hello, expected};
}

void Bus::Mesh::accept() {
  if (accepting_ || stopped_ || leaving_) return;
  accepting_ = true;
  acceptor_.async_accept([self = shared_from_this()](error_code error, tcp::socket socket) {
    self->accepting_ = false;
    if (self->stopped_ || self->leaving_) return;
    if (error) return;  // out of descriptors: the next check tries again
    self->take_accepted(std::move(socket));
    self->accept();
  });
}

// Only members that connect to us are listened to at all, and each may have few connections without a proof: whoever
// else comes cannot keep them out. A member that we are to connect to knocks: it is there, and is tried at once.
void Bus::Mesh::take_accepted(tcp::socket socket) {
  error_code error;
  const auto from = socket.remote_endpoint(error).address();
  const auto peer =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& each) { return each.endpoint.address() == from; });
  if (error || peer == peers_.end()) {
    ++counters_.connections_refused;
    return;
  }
  if (self_.stack < peer->stack) {
    ++counters_.knocks;
    return try_at_once(*peer);
  }
  const auto link =
      std::make_shared<Link>(std::move(socket), handshake_with(wire::Side::responder, peer->stack), *this, counters_);
  const auto of_same_member = [&](const auto& each) { return each->remote_address() == link->remote_address(); };
  if (std::count_if(unproven_.begin(), unproven_.end(), of_same_member) >= limits_.unproven_per_member_max) {
    const auto oldest = std::find_if(unproven_.begin(), unproven_.end(), of_same_member);
    (*oldest)->end();
    unproven_.erase(oldest);
    ++counters_.connections_refused;
  }
  unproven_.push_back(link);
  link->start();
}

void Bus::Mesh::dial(Peer& peer) {
  peer.dialed_at = BootClock::now();
  events_.on_dial(cluster_.find(peer.stack)->xcf);
  peer.dialing = std::make_unique<tcp::socket>(io_);
  error_code error;
  peer.dialing->open(peer.endpoint.protocol(), error);
  if (!error) peer.dialing->bind({asio::ip::address_v4(self_.xcf.v4_value()), 0}, error);
  if (error) return dial_failed(peer);
  const unsigned dial = ++peer.dials;
  peer.dialing->async_connect(peer.endpoint, [self = shared_from_this(), stack = peer.stack, dial](error_code result) {
    Peer& dialed = *self->peer_of(stack);
    if (!self->stopped_ && dialed.dialing && dialed.dials == dial) self->dial_answered(dialed, result);
  });
}

// Who has met one member again tries all others at once, for the same partition may have healed: those that it is to
// connect to, and the others by a knock (FLV-11).
void Bus::Mesh::try_lost_members() {
  for (Peer& peer : peers_) try_at_once(peer);
}

// A SYN that has waited for a while was lost, perhaps, when the member could not be reached yet.
void Bus::Mesh::try_at_once(Peer& peer) {
  if (peer.link || peer.dialed) return;
  peer.backoff = limits_.reconnect_min;
  if (BootClock::now() - peer.dialed_at >= limits_.connect_min) dial(peer);
}

void Bus::Mesh::dial_answered(Peer& peer, error_code error) {
  if (error || peer.stack < self_.stack) return dial_failed(peer);  // or a knock, which has been heard
  peer.dialed = std::make_shared<Link>(std::move(*peer.dialing), handshake_with(wire::Side::initiator, peer.stack),
                                       *this, counters_);
  peer.dialing.reset();
  const auto link = peer.dialed;
  link->start();
}

void Bus::Mesh::dial_failed(Peer& peer) {
  if (peer.dialed) peer.dialed->end();
  peer.dialed.reset();
  peer.dialing.reset();
  peer.redial_at = BootClock::now() + peer.backoff;
  peer.backoff = std::min<BootClock::duration>(2 * peer.backoff, limits_.reconnect_max);
}

// The link, taken from among those that are not up yet.
std::shared_ptr<Link> Bus::Mesh::take_unproven(Link& link, Peer& peer) {
  if (peer.dialed.get() == &link) return std::exchange(peer.dialed, nullptr);
  const auto found =
      std::find_if(unproven_.begin(), unproven_.end(), [&](const auto& each) { return each.get() == &link; });
  wire::require(found != unproven_.end(), "a link that is not up yet is among those that are not");
  std::shared_ptr<Link> taken = std::move(*found);
  unproven_.erase(found);
  return taken;
}

// False, and the link ended, when the member's life that is at the other end is over (FLV-10).
bool Bus::Mesh::admit(Link& link) {
  const wire::Hello& hello = link.session()->peer;
  Peer& peer = *peer_of(hello.stack);
  if (hello.xcf == cluster_.find(hello.stack)->xcf && hello.incarnation >= peer.newest_incarnation) return true;
  ++counters_.handshakes_unexpected;
  const std::shared_ptr<Link> refused = take_unproven(link, peer);
  refused->end();
  if (peer.stack > self_.stack) dial_failed(peer);
  return false;
}

void Bus::Mesh::on_proven(Link& link) {
  if (admit(link)) link.add_heartbeat();
}

void Bus::Mesh::on_welcome(Link& link) {
  if (!admit(link)) return;
  Peer& peer = *peer_of(link.session()->peer.stack);
  const std::shared_ptr<Link> kept = take_unproven(link, peer);
  notice_pause();
  // It would not have connected again if it had not given the former connection up.
  if (peer.link && !kept->ended()) make_down(peer, DownReason::closed);
  if (stopped_ || leaving_) {
    kept->end();
  } else {
    make_up(peer, kept);
  }
}

void Bus::Mesh::make_up(Peer& peer, std::shared_ptr<Link> link) {
  const wire::Hello& hello = link->session()->peer;
  peer.link = std::move(link);
  peer.newest_incarnation = hello.incarnation;
  peer.backoff = limits_.reconnect_min;
  peer.quiet_checks = 0;
  peer.it_said_leaving = peer.we_said_leaving = peer.overflowed = false;
  events_.on_member_up(peer.stack, hello.incarnation, hello.mac);
  if (!stopped_ && !leaving_) try_lost_members();
}

void Bus::Mesh::make_down(Peer& peer, DownReason reason) {
  const std::shared_ptr<Link> link = std::exchange(peer.link, nullptr);
  if (!link) return;
  link->end();
  peer.redial_at = BootClock::now() + peer.backoff;
  if (!leaving_) events_.on_member_down(peer.stack, peer.it_said_leaving ? DownReason::left : reason);
}

void Bus::Mesh::on_ended(Link& link) {
  notice_pause();
  for (Peer& peer : peers_) {
    if (peer.link.get() == &link) make_down(peer, DownReason::closed);
    if (peer.dialed.get() == &link) dial_failed(peer);
  }
  std::erase_if(unproven_, [&](const auto& each) { return each.get() == &link; });
  finish_leaving_if_done();
}

void Bus::Mesh::on_frame(Link& link, std::span<const std::uint8_t> plaintext) {
  if (plaintext.empty()) {
    ++counters_.heartbeats_received;
    return;
  }
  auto message = wire::decode(plaintext);
  if (!message) {
    ++counters_.messages_malformed;
    return;
  }
  if (!*message) {
    ++counters_.messages_unknown;
    return;
  }
  ++counters_.messages_received;
  Peer& peer = *peer_of(link.session()->peer.stack);
  if (std::holds_alternative<Leaving>(**message)) peer.it_said_leaving = true;
  notice_pause();
  if (!link.ended()) events_.on_message(peer.stack, std::move(**message));
}

bool Bus::Mesh::send(StackId member, const Message& message) {
  Peer* const peer = peer_of(member);
  if (peer == nullptr || !peer->link || peer->overflowed || leaving_ || stopped_) {
    ++counters_.messages_not_sent;
    return false;
  }
  const std::size_t parts = wire::part_count(message);
  bool sent = true;
  for (std::size_t part = 0; part < parts && sent; ++part) sent = peer->link->add_message(message, part);
  ++(sent ? counters_.messages_sent : counters_.messages_not_sent);
  if (std::holds_alternative<Leaving>(message)) peer->we_said_leaving = true;
  if (peer->link->unsent_bytes() > limits_.unsent_bytes_max) {
    peer->overflowed = true;
    asio::post(io_, [self = shared_from_this(), stack = member, link = peer->link] {
      Peer& full = *self->peer_of(stack);
      if (!self->stopped_ && full.link == link) self->make_down(full, DownReason::silent);
    });
  }
  return sent;
}

void Bus::Mesh::leave(std::function<void()> done) {
  for (Peer& peer : peers_) {
    if (peer.link && !peer.we_said_leaving) send(peer.stack, Leaving{});
  }
  leaving_ = true;
  leaving_since_ = BootClock::now();
  left_ = std::move(done);
  error_code error;
  acceptor_.close(error);
  for (const auto& link : std::exchange(unproven_, {})) link->end();
  for (Peer& peer : peers_) {
    dial_failed(peer);
    if (peer.link) peer.link->finish();
  }
  asio::post(io_, [self = shared_from_this()] { self->finish_leaving_if_done(); });
}

void Bus::Mesh::finish_leaving_if_done() {
  if (!leaving_ || stopped_ || !left_) return;
  const bool all_gone = std::none_of(peers_.begin(), peers_.end(), [](const Peer& peer) { return bool(peer.link); });
  if (!all_gone && BootClock::now() - leaving_since_ < silence_) return;
  stop();
  std::exchange(left_, nullptr)();
}

}  // namespace dvipa::bus
