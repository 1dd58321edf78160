// Puts the watch together: where notices come from, what is watched, and the listeners' and connections' parts of it.
#include "impl/live/kernel/socket_watch.hpp"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <set>
#include <utility>

#include "impl/live/kernel/connection_watch.hpp"
#include "impl/live/kernel/listener_watch.hpp"
#include "impl/live/kernel/notices.hpp"
#include "impl/live/kernel/sock_diag.hpp"

namespace dvipa::kernel {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds listener_interval_max{6};
// With BPF a look finds nothing new; it is there for the day when it does.
constexpr milliseconds listener_interval_with_bpf{1000};

class WatchedSockets final : public SocketWatch {
 public:
  WatchedSockets(boost::asio::io_context& io, SocketEvents& events, SocketWatchOptions options, SockDiag diag)
      : options_(std::move(options)),
        diag_(std::move(diag)),
        listeners_(io, events, diag_, watched_, options_.listeners_also_on),
        connections_(io, events, diag_, listeners_, watched_, [this](const std::string& line) { log(line); }),
        timer_(io) {}

  Result<void> start(boost::asio::io_context& io);
  Means means() const override { return source_->means(); }
  Result<Found> watch(std::span<const Address> dvipas) override;
  void unwatch(const Address& dvipa) override;
  Result<std::vector<Listener>> listeners_now() override;
  Result<std::vector<Connection>> dump_now(std::span<const Address> dvipas) override {
    return connections_.dump(dvipas);
  }
  Result<bool> holds(const Connection& connection) override {
    const auto found = diag_.find(connection);
    if (!found) return tl::unexpected(found.error());
    return found->has_value();
  }

 private:
  bool is_idle() const { return watched_.empty() && !options_.listeners_also_on; }
  void take(std::span<const Notice> notices, bool lost);
  bool look_at_listeners();
  void arm(Clock::duration pause);
  void log(const std::string& line) const {
    if (options_.log) options_.log(line);
  }

  SocketWatchOptions options_;
  std::set<Address> watched_;
  SockDiag diag_;
  ListenerWatch listeners_;
  ConnectionWatch connections_;
  boost::asio::steady_timer timer_;
  Clock::duration look_took_{};
  std::unique_ptr<NoticeSource> source_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

Result<void> WatchedSockets::start(boost::asio::io_context& io) {
  const auto deliver = [this](std::span<const Notice> notices, bool lost) { take(notices, lost); };
  if (options_.allow_bpf) {
    auto source = open_bpf_notices(io, deliver, options_.buffer_bytes);
    if (source) {
      source_ = std::move(*source);
      if (!is_idle()) arm(options_.listen_interval);
      return {};
    }
    log("socket watch: without BPF, because: " + to_string(source.error()));
  }
  auto source = open_sock_diag_notices(io, deliver, options_.buffer_bytes);
  if (!source) return tl::unexpected(source.error());
  source_ = std::move(*source);
  connections_.go_round();
  if (!is_idle()) arm(options_.listen_interval);
  return {};
}

Result<Found> WatchedSockets::watch(std::span<const Address> dvipas) {
  const bool first = watched_.empty();
  std::vector<Address> added;
  for (const Address& dvipa : dvipas) {
    if (!watched_.insert(dvipa).second) continue;
    added.push_back(dvipa);
    // Before the look at what exists, so that nothing falls between.
    if (auto told = source_->watch(dvipa); !told) {
      for (const Address& each : added) unwatch(each);
      return tl::unexpected(told.error());
    }
  }
  if (auto adopted = listeners_.adopt(added, first); !adopted) return tl::unexpected(adopted.error());
  auto connections = connections_.dump(dvipas);
  if (!connections) return tl::unexpected(connections.error());
  Found found;
  found.connections = std::move(*connections);
  for (const Listener& listener : listeners_.told())
    if (std::any_of(dvipas.begin(), dvipas.end(), [&](const Address& dvipa) { return listener.counts_for(dvipa); }))
      found.listeners.push_back(listener);
  if (first && !watched_.empty() && !options_.listeners_also_on) arm(options_.listen_interval);
  return found;
}

void WatchedSockets::unwatch(const Address& dvipa) {
  if (watched_.erase(dvipa) == 0) return;
  source_->unwatch(dvipa);
  listeners_.forget(dvipa);
  connections_.forget(dvipa);
  if (is_idle()) timer_.cancel();
}

Result<std::vector<Listener>> WatchedSockets::listeners_now() {
  const auto present = listeners_.all_now();
  if (!present) return tl::unexpected(present.error());
  std::vector<Listener> listeners;
  for (const Listener& listener : *present)
    if (is_wildcard(listener.address) || watched_.contains(listener.address)) listeners.push_back(listener);
  return listeners;
}

void WatchedSockets::take(std::span<const Notice> notices, bool lost) {
  if (is_idle()) return;
  bool of_listeners = lost;
  for (const Notice& notice : notices) {
    if (notice.bound_interface != 0) diag_.expect_bound_interface(notice.bound_interface);
    if (notice.kind == Notice::Kind::listener_started) listeners_.expect(notice.cookie);
    if (notice.kind == Notice::Kind::listener_ended) listeners_.expect_no_more(notice.cookie);
    of_listeners =
        of_listeners || notice.kind == Notice::Kind::listener_started || notice.kind == Notice::Kind::listener_ended;
  }
  if (of_listeners && !look_at_listeners()) return;
  for (const Notice& notice : notices) connections_.take(notice);
  if (lost) {
    log("socket watch: notices were lost; comparing with the kernel's tables");
    connections_.ask_for_comparison();
  }
}

bool WatchedSockets::look_at_listeners() {
  const auto looked = listeners_.look();
  if (looked)
    look_took_ = *looked;
  else
    log("socket watch: " + to_string(looked.error()));
  return looked.has_value();
}

// Of listeners that start there is no notice without BPF: a look every few milliseconds, at about a fiftieth of the
// processor's time.
void WatchedSockets::arm(Clock::duration pause) {
  const bool with_bpf = means() == Means::bpf;
  timer_.expires_after(with_bpf ? Clock::duration(listener_interval_with_bpf) : pause);
  timer_.async_wait([this, with_bpf, alive = std::weak_ptr<void>(alive_)](boost::system::error_code error) {
    if (error || alive.expired() || is_idle()) return;
    look_at_listeners();
    if (!with_bpf) connections_.look_at_some();
    if (is_idle()) return;
    const Clock::duration interval = options_.listen_interval;
    arm(std::clamp<Clock::duration>(50 * look_took_, interval,
                                    std::max<Clock::duration>(interval, listener_interval_max)));
  });
}

}  // namespace

Result<std::unique_ptr<SocketWatch>> SocketWatch::open(boost::asio::io_context& io, SocketEvents& events,
                                                       SocketWatchOptions options) {
  auto diag = SockDiag::open();
  if (!diag) return tl::unexpected(diag.error());
  auto watch = std::make_unique<WatchedSockets>(io, events, std::move(options), std::move(*diag));
  if (auto started = watch->start(io); !started) return tl::unexpected(started.error());
  return watch;
}

}  // namespace dvipa::kernel
