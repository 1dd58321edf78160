#pragma once
// Which listeners there are on wildcards and watched DVIPAs, and telling how that changes. The kernel's list of
// listening sockets is the truth; notices say when to look at it.
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "impl/live/kernel/sock_diag.hpp"
#include "impl/live/kernel/socket_watch.hpp"

namespace dvipa::kernel {

class ListenerWatch {
 public:
  using Clock = std::chrono::steady_clock;
  // All but `io` must outlive this; `watched` may change between calls. Listeners on addresses that `also_on` is true
  // for are told of as well.
  ListenerWatch(boost::asio::io_context& io, SocketEvents& events, SockDiag& diag, const std::set<Address>& watched,
                std::function<bool(const Address&)> also_on);

  // Takes over, without telling, what there is on `added`, and on the wildcards if `wildcards`.
  Result<void> adopt(std::span<const Address> added, bool wildcards);
  void forget(const Address& dvipa);
  // Looks, and tells every difference. Returns how long the kernel took.
  Result<Clock::duration> look();
  // A notice came of a socket that starts to listen: looks until the kernel's list has it.
  void expect(std::uint64_t cookie);
  void expect_no_more(std::uint64_t cookie) { awaited_.erase(cookie); }
  bool awaits_any() const { return !awaited_.empty(); }

  // As told.
  const std::set<Listener>& told() const { return told_; }
  bool any_on(const Address& dvipa, Port port) const;
  // As it is, wildcards and every address.
  Result<std::set<Listener>> all_now();

 private:
  bool concerns(const Address& address) const {
    return is_wildcard(address) || watched_.contains(address) || (also_on_ && also_on_(address));
  }
  void arm(Clock::duration pause);

  SocketEvents& events_;
  SockDiag& diag_;
  const std::set<Address>& watched_;
  std::function<bool(const Address&)> also_on_;
  std::set<Listener> told_;
  std::set<std::uint64_t> awaited_;  // cookies
  Clock::duration pause_{};
  boost::asio::steady_timer timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace dvipa::kernel
