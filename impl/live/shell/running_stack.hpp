#pragma once
// A live stack while it runs: takes what bus, kernel, port, timers and operator say to the core, and carries out what
// the core wants done. Everything happens in the thread of its io_context, but for what HostWorker is given.
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "impl/live/bus/bus.hpp"
#include "impl/live/control/control_server.hpp"
#include "impl/live/kernel/host_load.hpp"
#include "impl/live/kernel/sock_diag.hpp"
#include "impl/live/kernel/socket_watch.hpp"
#include "impl/live/shell/advertiser.hpp"
#include "impl/live/shell/displays.hpp"
#include "impl/live/shell/host.hpp"
#include "impl/live/shell/host_worker.hpp"
#include "impl/live/shell/operator_orders.hpp"
#include "impl/live/shell/packet_path.hpp"
#include "impl/live/shell/requests.hpp"
#include "impl/live/shell/shell.hpp"
#include "impl/stack/stack.hpp"

namespace dvipa {

class RunningStack final : public bus::BusEvents, public kernel::SocketEvents {
 public:
  RunningStack(const Cluster& cluster, const ClusterMember& self, const Definitions& definitions, EventLog& log,
               Host& host, const ShellOptions& options);
  RunningStack(const RunningStack&) = delete;
  RunningStack& operator=(const RunningStack&) = delete;
  ~RunningStack() override;

  // Until it is told to stop, or cannot go on.
  tl::expected<void, ShellError> run();

 private:
  using Json = nlohmann::ordered_json;
  using Clock = std::chrono::steady_clock;

  // running_stack.cpp: start and stop, the bus, frames
  tl::expected<void, ShellError> start();
  tl::expected<void, ShellError> open_control();
  tl::expected<void, ShellError> join();
  void leave(bool to_stop);
  void forget_group();
  void fail(std::string what, std::string remedy);
  void wait_for_signal();
  void wait_for_frames();
  void take_frames();
  void on_member_up(StackId member, Incarnation incarnation, const bus::MacAddress& mac) override;
  void on_member_down(StackId member, bus::DownReason reason) override;
  void on_message(StackId from, Message&& message) override;
  void on_paused(std::uint64_t ms) override;
  void on_dial(const Address& xcf) override;

  // carry_out.cpp: the core and its effects
  void step(Input input);
  void perform(effect::Send& send);
  void perform(const effect::Advertise& advertise);
  void perform(const effect::Withdraw& withdraw);
  void perform(const effect::HoldAddress& hold);
  void perform(const effect::AcceptForwarder& accept);
  void perform(const effect::RefuseForwarder& refuse);
  void perform(const effect::LookForConnections& look);
  void perform(effect::AbortConnections& abort);
  void perform(const effect::BreakConnections& broken);
  void perform(const effect::ArmTimer& arm);
  void perform(const effect::CancelTimer& cancel);
  void perform(const effect::ReleaseHeld& release);
  void perform(const effect::OwnershipChanged& changed);
  void perform(const effect::Rebuilt& rebuilt);
  void perform(const effect::ListenerKnown& known);
  void perform(const effect::ActivationAnswered& answered);
  void perform(const effect::Ready&);
  void perform(const effect::Left&);
  void flush_fence();
  void announce_later(std::size_t turn);

  // host_events.cpp: what the kernel says
  void listener_started(const kernel::Listener& listener) override;
  void listener_ended(const kernel::Listener& listener) override;
  void connection_opened(const Connection& connection, bool outbound) override;
  void connection_ended(const Connection& connection) override;
  void watch(const Address& dvipa);
  void look_at_connections(const Verify& verify);
  void give_connections(const std::vector<Connection>& connections);
  void tell_listeners();
  void measure_capacity();
  void hear_rival(const Address& dvipa, StackId member);
  void probe_rivals();
  void activate_for(const kernel::Listener& listener);
  bool is_in_range(const Address& address) const;  // of a VIPARANGE

  // commands.cpp: what the operator asks
  void take_request(const Json& json, const control::Answer& answer);
  void obey(const request::Netstat& netstat, const control::Answer& answer);
  void obey(const request::Metrics& metrics, const control::Answer& answer);
  void obey(const request::Obey& obey, const control::Answer& answer);
  void obey(const request::LeaveGroup&, const control::Answer& answer);
  void obey(const request::JoinGroup&, const control::Answer& answer);
  void obey(const request::Activate& activate, const control::Answer& answer);
  void obey(const request::Deactivate& deactivate, const control::Answer& answer);
  void obey(const request::Reactivate& reactivate, const control::Answer& answer);
  void obey(const request::Source& source, const control::Answer& answer);
  void obey(const request::Weight& weight, const control::Answer& answer);
  void obey(const request::Quiesce& quiesce, const control::Answer& answer);
  void obey(const request::Resume& resume, const control::Answer& answer);
  void apply_definitions();
  void answer_when(std::function<std::optional<std::string>()> done, const control::Answer& answer);
  void answer_awaited();
  StackView view() const { return {stack_, cluster_, orders_, notes_, path_.totals()}; }

  // counters.cpp
  void log_failure(const char* where, const kernel::Result<void>& result);
  void note(const effect::OwnershipChanged& changed);
  void log_counters();
  std::string name_of(StackId stack) const;

  enum class Group { in, leaving, out };
  // A command whose answer waits until what it asked for is done.
  struct Awaited {
    std::function<std::optional<std::string>()> done;  // says what was done, once it is
    control::Answer answer;
    boost::asio::steady_timer limit;
  };

  const Cluster& cluster_;
  const ClusterMember& self_;
  EventLog& log_;
  Host& host_;
  const ShellOptions& options_;
  boost::asio::io_context io_{1};
  Stack stack_;
  PacketPath path_;
  boost::asio::posix::stream_descriptor port_fd_;
  boost::asio::steady_timer announce_timer_;
  boost::asio::steady_timer capacity_timer_;
  boost::asio::steady_timer rival_timer_;
  boost::asio::signal_set signals_;
  std::unique_ptr<kernel::SocketWatch> watch_;
  std::unique_ptr<control::ControlServer> control_;
  std::optional<bus::Bus> bus_;           // while in the group
  std::optional<kernel::SockDiag> diag_;  // of the worker's thread
  std::map<Timer, boost::asio::steady_timer> timers_;
  std::set<Address> watched_;
  unsigned life_ = 0;  // as a member of the group; what an earlier one had done is not answered to this one
  std::vector<kernel::FenceChange> fence_changes_;
  std::map<Address, Clock::time_point> rebuild_started_;
  std::map<Address, OwnershipNote> notes_;
  std::map<std::string, std::uint64_t> ownership_changes_;  // by the state that was reached
  OperatorOrders orders_;
  ListenersHere listeners_;
  std::vector<std::shared_ptr<Awaited>> awaited_;
  effect::ActivationAnswered::Answer activation_{};  // the last
  std::optional<ShellError> failed_;
  std::map<Address, unsigned> unanswered_;  // probes of a rival since it was last heard of (FLV-11)
  kernel::LoadSample load_;                 // at the last look
  std::uint16_t capacity_ = 0;              // as the core was told; 0: not yet
  Group group_ = Group::out;
  bool stopping_ = false;
  HostWorker worker_{io_};
  Advertiser advertiser_;
};

}  // namespace dvipa
