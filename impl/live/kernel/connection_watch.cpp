#include "impl/live/kernel/connection_watch.hpp"

#include <algorithm>
#include <array>
#include <boost/container_hash/hash.hpp>
#include <cstring>
#include <utility>

namespace dvipa::kernel {
namespace {

using std::chrono::milliseconds;

constexpr auto first_look_at_half_open = milliseconds(1);
constexpr auto pause_at_half_open_max = milliseconds(250);
// Answered with SYN cookies, a half-open connection is in no table until it completes.
constexpr auto patience_with_half_open = milliseconds(3000);
constexpr std::size_t pending_max = 8192;
// A reset is seen before the kernel takes it in.
constexpr auto first_look_after_reset = std::chrono::microseconds(200);
constexpr unsigned looks_after_reset = 5;
// The kernel ends TIME_WAIT up to a few seconds late.
constexpr auto pause_at_overdue_first = milliseconds(4);
constexpr auto pause_at_overdue_max = milliseconds(250);
constexpr std::size_t looks_a_round_max = 16;
constexpr std::size_t undestroyed_max = 65536;

}  // namespace

std::size_t ConnectionHash::operator()(const Connection& connection) const noexcept {
  std::array<std::uint64_t, 4> words{};
  std::memcpy(words.data(), connection.dvipa.bytes.data(), 16);
  std::memcpy(words.data() + 2, connection.remote.client.bytes.data(), 16);
  std::size_t seed = std::size_t{connection.remote.client_port} << 16 | connection.remote.dvipa_port;
  for (const std::uint64_t word : words) boost::hash_combine(seed, word);
  return seed;
}

ConnectionWatch::ConnectionWatch(boost::asio::io_context& io, SocketEvents& events, SockDiag& diag,
                                 const ListenerWatch& listeners, const std::set<Address>& watched, Log log)
    : events_(events),
      diag_(diag),
      listeners_(listeners),
      watched_(watched),
      log_(std::move(log)),
      agenda_timer_(io),
      comparison_timer_(io) {}

void ConnectionWatch::take(const Notice& notice) {
  const Connection& connection = notice.connection;
  if (!watched_.contains(connection.dvipa)) return;
  switch (notice.kind) {
    case Notice::Kind::opened:
      tell_opened(connection, notice.outbound);
      break;
    case Notice::Kind::half_open:
      take_half_open(notice);
      break;
    case Notice::Kind::closed:
      if (known_.contains(connection)) look_at({Clock::now(), connection, pause_at_overdue_first, 0});
      break;
    case Notice::Kind::destroyed:
      take_destroyed(connection);
      break;
    case Notice::Kind::reset_seen:
      if (known_.contains(connection))
        put_on_agenda({Clock::now(), connection, first_look_after_reset, looks_after_reset}, first_look_after_reset);
      break;
    case Notice::Kind::listener_started:
    case Notice::Kind::listener_ended:
      break;
  }
}

void ConnectionWatch::take_half_open(const Notice& notice) {
  if (known_.contains(notice.connection) || pending_.contains(notice.connection)) return;
  if (pending_.size() >= pending_max) return ask_for_comparison();
  const auto now = Clock::now();
  pending_.emplace(notice.connection, Pending{notice.outbound, now});
  const Check check{now, notice.connection, first_look_at_half_open, 0};
  if (notice.outbound)
    look_at(check);  // it counts from its SYN on (TGT-3)
  else
    put_on_agenda(check, first_look_at_half_open);
}

// Also of a connection so short that it was never seen alive.
void ConnectionWatch::take_destroyed(const Connection& connection) {
  if (undestroyed_.erase(connection) == 0 && !known_.contains(connection)) {
    const auto pending = pending_.find(connection);
    const bool outbound = pending != pending_.end()
                              ? pending->second.outbound
                              : !listeners_.any_on(connection.dvipa, connection.remote.dvipa_port);
    tell_opened(connection, outbound);
  }
  const auto known = known_.find(connection);
  if (known == known_.end()) return;
  known->second.destroyed = true;
  look_at({Clock::now(), connection, pause_at_overdue_first, 0});
}

void ConnectionWatch::tell_opened(const Connection& connection, bool outbound) {
  pending_.erase(connection);
  if (!known_.emplace(connection, Known{}).second) return;
  if (goes_round_) round_.push_back(connection);
  events_.connection_opened(connection, outbound);
}

void ConnectionWatch::tell_ended(const Connection& connection) {
  const auto known = known_.find(connection);
  if (known == known_.end()) return;
  if (goes_round_ && !known->second.destroyed) {
    if (undestroyed_.size() >= undestroyed_max) undestroyed_.clear();
    undestroyed_.insert(connection);
  }
  known_.erase(known);
  events_.connection_ended(connection);
}

// Empty when the kernel does not answer.
std::optional<std::optional<DiagnosedConnection>> ConnectionWatch::find(const Connection& connection) {
  auto found = diag_.find(connection);
  if (found) return *found;
  log_("socket watch: " + to_string(found.error()));
  return std::nullopt;
}

void ConnectionWatch::look_at(Check check) {
  const bool pending = pending_.contains(check.connection);
  if (!pending && !known_.contains(check.connection)) return;
  const auto found = find(check.connection);
  if (!found) return put_on_agenda(check, pause_at_overdue_max);
  if (pending)
    look_at_pending(check, *found);
  else
    look_at_known(check, *found);
}

void ConnectionWatch::look_at_pending(Check check, const std::optional<DiagnosedConnection>& found) {
  const Pending pending = pending_.at(check.connection);
  if (found && !found->half_open) {
    tell_opened(check.connection, pending.outbound);
    if (found->waiting && known_.contains(check.connection)) look_at_known(check, found);
    return;
  }
  if (!found && Clock::now() - pending.since > patience_with_half_open) {
    pending_.erase(check.connection);
    return;
  }
  const auto pause = check.pause;
  check.pause = std::min<Clock::duration>(pause * 2, pause_at_half_open_max);
  put_on_agenda(check, pause);
}

void ConnectionWatch::look_at_known(Check check, const std::optional<DiagnosedConnection>& found) {
  if (!found) return tell_ended(check.connection);
  if (found->half_open) {  // of the same ends, but another one
    pending_.emplace(check.connection, Pending{false, Clock::now()});
    put_on_agenda({Clock::now(), check.connection, first_look_at_half_open}, first_look_at_half_open);
    return tell_ended(check.connection);
  }
  Known& known = known_.at(check.connection);
  if (found->waiting) {
    if (std::exchange(known.check_due, true) && !check.from_agenda) return;
    if (found->remaining.count() > 0) return put_on_agenda(check, found->remaining + milliseconds(1));
    const auto pause = check.pause;
    check.pause = std::min<Clock::duration>(pause * 2, pause_at_overdue_max);
    return put_on_agenda(check, pause);
  }
  known = Known{};
  if (check.looks_left == 0) return;
  --check.looks_left;
  check.pause *= 4;
  put_on_agenda(check, check.pause);
}

// Takes over, without telling.
void ConnectionWatch::learn(const DiagnosedConnection& found) {
  const Connection& connection = found.connection;
  if (found.half_open) {
    if (known_.contains(connection) || pending_.size() >= pending_max) return;
    if (pending_.emplace(connection, Pending{false, Clock::now()}).second)
      put_on_agenda({Clock::now(), connection, first_look_at_half_open}, first_look_at_half_open);
    return;
  }
  pending_.erase(connection);
  const auto [known, added] = known_.emplace(connection, Known{});
  if (added && goes_round_) round_.push_back(connection);
  if (found.waiting && !std::exchange(known->second.check_due, true)) {
    known->second.destroyed = true;  // as a rule: who shuts down one way and keeps the socket open is rare
    put_on_agenda({Clock::now(), connection, pause_at_overdue_first}, found.remaining + milliseconds(1));
  }
}

void ConnectionWatch::put_on_agenda(Check check, Clock::duration pause) {
  check.due = Clock::now() + pause;
  check.from_agenda = true;
  agenda_.push(check);
  arm_agenda();
}

void ConnectionWatch::arm_agenda() {
  if (agenda_.empty() || agenda_.top().due >= agenda_armed_) return;
  agenda_armed_ = agenda_.top().due;
  agenda_timer_.expires_at(agenda_armed_);
  agenda_timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
    if (error || alive.expired()) return;
    agenda_armed_ = Clock::time_point::max();
    work_off_agenda();
  });
}

void ConnectionWatch::work_off_agenda() {
  const auto now = Clock::now();
  std::vector<Check> due;
  while (!agenda_.empty() && agenda_.top().due <= now) {
    due.push_back(agenda_.top());
    agenda_.pop();
  }
  for (const Check& check : due) look_at(check);
  arm_agenda();
}

void ConnectionWatch::look_at_some() {
  for (std::size_t looks = std::min(round_.size(), looks_a_round_max); looks > 0; --looks) {
    const Connection connection = round_.front();
    round_.pop_front();
    if (!known_.contains(connection)) continue;
    look_at({Clock::now(), connection, pause_at_overdue_first, 0});
    if (known_.contains(connection)) round_.push_back(connection);
  }
}

Result<std::vector<Connection>> ConnectionWatch::dump(std::span<const Address> dvipas) {
  const auto present = diag_.connections(dvipas);
  if (!present) return tl::unexpected(present.error());
  std::vector<Connection> connections;
  connections.reserve(present->size());
  for (const DiagnosedConnection& each : *present) {
    connections.push_back(each.connection);
    if (watched_.contains(each.connection.dvipa)) learn(each);
  }
  return connections;
}

void ConnectionWatch::forget(const Address& dvipa) {
  const auto is_of_it = [&](const auto& each) { return each.first.dvipa == dvipa; };
  boost::unordered::erase_if(known_, is_of_it);
  boost::unordered::erase_if(pending_, is_of_it);
  boost::unordered::erase_if(undestroyed_, [&](const Connection& each) { return each.dvipa == dvipa; });
}

// A comparison costs more than a microsecond a connection: at most a tenth of the time goes there.
void ConnectionWatch::ask_for_comparison() {
  if (std::exchange(comparison_asked_, true)) return;
  comparison_timer_.expires_at(comparison_not_before_);
  comparison_timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
    if (error || alive.expired()) return;
    comparison_asked_ = false;
    const auto start = Clock::now();
    compare();
    if (alive.expired()) return;
    const auto end = Clock::now();
    comparison_not_before_ = end + std::max<Clock::duration>(10 * (end - start), milliseconds(5));
  });
}

void ConnectionWatch::compare() {
  const std::vector<Address> dvipas(watched_.begin(), watched_.end());
  const auto present = diag_.connections(dvipas);
  if (!present) return log_("socket watch: " + to_string(present.error()));
  boost::unordered_flat_set<Connection, ConnectionHash> seen;
  for (const DiagnosedConnection& each : *present) {
    seen.insert(each.connection);
    if (!watched_.contains(each.connection.dvipa)) continue;
    if (!each.half_open)
      tell_opened(each.connection, !listeners_.any_on(each.connection.dvipa, each.connection.remote.dvipa_port));
    learn(each);
  }
  std::vector<Connection> doubtful;
  for (const auto& each : known_)
    if (!seen.contains(each.first)) doubtful.push_back(each.first);
  for (const Connection& each : doubtful) look_at({Clock::now(), each, pause_at_overdue_first, 0});
}

}  // namespace dvipa::kernel
