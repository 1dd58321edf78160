#pragma once
// Which connections of watched DVIPAs have been told as opened, and telling how that changes. The kernel's table is
// the truth, asked for one connection at a time; notices and time say when to ask.
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <queue>
#include <set>
#include <span>
#include <vector>

#include "impl/live/kernel/listener_watch.hpp"
#include "impl/live/kernel/notices.hpp"
#include "impl/live/kernel/sock_diag.hpp"
#include "impl/live/kernel/socket_watch.hpp"

namespace dvipa::kernel {

struct ConnectionHash {
  std::size_t operator()(const Connection& connection) const noexcept;
};

class ConnectionWatch {
 public:
  using Clock = std::chrono::steady_clock;
  using Log = std::function<void(const std::string&)>;
  // All but `io` must outlive this; `watched` may change between calls.
  ConnectionWatch(boost::asio::io_context& io, SocketEvents& events, SockDiag& diag, const ListenerWatch& listeners,
                  const std::set<Address>& watched, Log log);

  // With notices of destroyed sockets alone, some ends are found only by going round: see look_at_some().
  void go_round() { goes_round_ = true; }
  void take(const Notice& notice);
  // Notices were lost: tells every difference between what was told and what there is, soon.
  void ask_for_comparison();
  // The connections of these DVIPAs; those of watched ones count as told from here on.
  Result<std::vector<Connection>> dump(std::span<const Address> dvipas);
  void forget(const Address& dvipa);
  // Asks for the next few of the connections whether they are still there.
  void look_at_some();

 private:
  struct Known {
    bool check_due = false;  // a look is on the agenda
    bool destroyed = false;  // its socket is: nothing more comes of it
  };
  struct Pending {  // half-open
    bool outbound = false;
    Clock::time_point since;
  };
  struct Check {
    Clock::time_point due;
    Connection connection;
    Clock::duration pause{};  // before the next one
    unsigned looks_left = 0;  // at a connection that is as it was
    bool from_agenda = false;
    bool operator>(const Check& other) const { return due > other.due; }
  };

  void take_half_open(const Notice& notice);
  void take_destroyed(const Connection& connection);
  void tell_opened(const Connection& connection, bool outbound);
  void tell_ended(const Connection& connection);
  void look_at(Check check);
  void look_at_pending(Check check, const std::optional<DiagnosedConnection>& found);
  void look_at_known(Check check, const std::optional<DiagnosedConnection>& found);
  void learn(const DiagnosedConnection& found);
  void put_on_agenda(Check check, Clock::duration pause);
  void arm_agenda();
  void work_off_agenda();
  void compare();
  std::optional<std::optional<DiagnosedConnection>> find(const Connection& connection);

  SocketEvents& events_;
  SockDiag& diag_;
  const ListenerWatch& listeners_;
  const std::set<Address>& watched_;
  Log log_;
  bool goes_round_ = false;
  boost::unordered_flat_map<Connection, Known, ConnectionHash> known_;
  boost::unordered_flat_map<Connection, Pending, ConnectionHash> pending_;
  // Told as ended before the notice came that their socket is destroyed.
  boost::unordered_flat_set<Connection, ConnectionHash> undestroyed_;
  std::deque<Connection> round_;
  std::priority_queue<Check, std::vector<Check>, std::greater<>> agenda_;
  Clock::time_point agenda_armed_ = Clock::time_point::max();
  boost::asio::steady_timer agenda_timer_;
  bool comparison_asked_ = false;
  Clock::time_point comparison_not_before_{};
  boost::asio::steady_timer comparison_timer_;
  std::shared_ptr<int> alive_ = std::make_shared<int>();
};

}  // namespace dvipa::kernel
