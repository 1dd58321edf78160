#include "impl/live/kernel/listener_watch.hpp"

#include <algorithm>

namespace dvipa::kernel {
namespace {

constexpr auto pause_first = std::chrono::microseconds(100);
constexpr auto pause_max = std::chrono::milliseconds(5);

}  // namespace

ListenerWatch::ListenerWatch(boost::asio::io_context& io, SocketEvents& events, SockDiag& diag,
                             const std::set<Address>& watched, std::function<bool(const Address&)> also_on)
    : events_(events), diag_(diag), watched_(watched), also_on_(std::move(also_on)), timer_(io) {}

Result<std::set<Listener>> ListenerWatch::all_now() {
  const auto sockets = diag_.listeners();
  if (!sockets) return tl::unexpected(sockets.error());
  std::set<Listener> listeners;
  for (const DiagnosedListener& socket : *sockets) {
    listeners.insert({socket.address, socket.port});
    if (socket.takes_v4_too) listeners.insert({any_v4, socket.port});
    awaited_.erase(socket.cookie);
  }
  return listeners;
}

Result<void> ListenerWatch::adopt(std::span<const Address> added, bool wildcards) {
  const auto present = all_now();
  if (!present) return tl::unexpected(present.error());
  const auto adopted = [&](const Address& address) {
    return (wildcards && is_wildcard(address)) || std::find(added.begin(), added.end(), address) != added.end();
  };
  std::erase_if(told_, [&](const Listener& listener) { return adopted(listener.address); });
  std::copy_if(present->begin(), present->end(), std::inserter(told_, told_.end()),
               [&](const Listener& listener) { return adopted(listener.address); });
  return {};
}

void ListenerWatch::forget(const Address& dvipa) {
  std::erase_if(told_, [&](const Listener& listener) { return listener.address == dvipa; });
}

Result<ListenerWatch::Clock::duration> ListenerWatch::look() {
  const auto start = Clock::now();
  auto present = all_now();
  if (!present) return tl::unexpected(present.error());
  const auto elapsed = Clock::now() - start;
  std::erase_if(*present, [this](const Listener& listener) { return !concerns(listener.address); });
  std::vector<Listener> ended;
  std::vector<Listener> started;
  std::set_difference(told_.begin(), told_.end(), present->begin(), present->end(), std::back_inserter(ended));
  std::set_difference(present->begin(), present->end(), told_.begin(), told_.end(), std::back_inserter(started));
  told_ = std::move(*present);
  // Who is told may watch and unwatch.
  for (const Listener& listener : ended)
    if (concerns(listener.address)) events_.listener_ended(listener);
  for (const Listener& listener : started)
    if (concerns(listener.address)) events_.listener_started(listener);
  return elapsed;
}

void ListenerWatch::expect(std::uint64_t cookie) {
  awaited_.insert(cookie);
  if (pause_ == Clock::duration{}) arm(pause_first);
}

// The notice comes shortly before the socket can be found; its thread may lose the processor in between.
void ListenerWatch::arm(Clock::duration pause) {
  pause_ = pause;
  timer_.expires_after(pause);
  timer_.async_wait([this, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
    if (error || alive.expired()) return;
    const bool looked = awaited_.empty() || look().has_value();
    if (alive.expired()) return;
    if (awaited_.empty() || !looked)
      pause_ = {};
    else
      arm(std::min<Clock::duration>(pause_ * 2, pause_max));
  });
}

bool ListenerWatch::any_on(const Address& dvipa, Port port) const {
  return told_.contains({dvipa, port}) || told_.contains({wildcard_of(dvipa), port});
}

}  // namespace dvipa::kernel
