#include "impl/live/shell/shell.hpp"

#include <fmt/format.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <csignal>
#include <map>
#include <set>

#include "impl/live/bus/bus.hpp"
#include "impl/live/kernel/sock_diag.hpp"
#include "impl/live/kernel/socket_watch.hpp"
#include "impl/live/shell/host.hpp"
#include "impl/live/shell/host_worker.hpp"
#include "impl/live/shell/packet_path.hpp"
#include "impl/stack/stack.hpp"
#include "impl/wire/seal.hpp"

namespace dvipa {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using Json = nlohmann::ordered_json;
using Clock = std::chrono::steady_clock;

std::string text(const Epoch& epoch) { return fmt::format("{}.{}", epoch.counter, epoch.owner.value); }

// Frames that one turn of the event loop takes before messages and timers get their turn again.
constexpr unsigned batches_per_turn = 8;
// A neighbour may miss an announcement; it is repeated so long after the first.
constexpr std::array announce_again_after = {20ms, 100ms, 500ms, 2000ms};

StackSettings settings_of(const Cluster& cluster, const ClusterMember& self, const ShellOptions& options) {
  StackSettings settings;
  settings.self = self.stack;
  for (const ClusterMember& member : cluster.members) settings.xcf_addresses.push_back(member.xcf);
  const auto random = wire::random_bytes();
  std::memcpy(&settings.hash_key, random.data(), sizeof settings.hash_key);
  settings.mutant = options.mutant;
  return settings;
}

class Shell final : public bus::BusEvents, public kernel::SocketEvents {
 public:
  Shell(const Cluster& cluster, const ClusterMember& self, EventLog& log, Host& host, const ShellOptions& options)
      : cluster_(cluster),
        self_(self),
        log_(log),
        host_(host),
        options_(options),
        stack_(settings_of(cluster, self, options)),
        path_(stack_, host.port(), host.tun(),
              [this](const Connection& connection, StackId target) {
                step(input::RouteReported{connection, target});
              }),
        port_fd_(io_, host.port().fd()),
        announce_timer_(io_),
        signals_(io_, SIGTERM, SIGINT, SIGUSR1) {}
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;
  ~Shell() override { port_fd_.release(); }

  tl::expected<void, ShellError> run(const Definitions& definitions) {
    if (auto started = start(definitions); !started) return started;
    io_.run();
    log_counters();
    log_.write("stop");
    if (failed_) return tl::unexpected(*failed_);
    return {};
  }

 private:
  tl::expected<void, ShellError> start(const Definitions& definitions);
  void step(Input input);

  // Effects.
  void perform(effect::Send& send);
  void perform(const effect::Advertise& advertise);
  void perform(const effect::Withdraw& withdraw);
  void perform(const effect::HoldAddress& hold);
  void perform(const effect::AcceptForwarder& accept);
  void perform(const effect::RefuseForwarder& refuse);
  void perform(const effect::LookForConnections& look);
  void perform(const effect::ArmTimer& arm);
  void perform(const effect::CancelTimer& cancel);
  void perform(const effect::ReleaseHeld& release);
  void perform(const effect::OwnershipChanged& changed);
  void perform(const effect::Rebuilt& rebuilt);
  void perform(const effect::ListenerKnown& known);
  void perform(const effect::Ready&);
  void perform(const effect::Left&);

  // What the bus says.
  void on_member_up(StackId member, Incarnation incarnation, const bus::MacAddress& mac) override;
  void on_member_down(StackId member, bus::DownReason reason) override;
  void on_message(StackId from, Message&& message) override;
  void on_paused(std::uint64_t ms) override;

  // What the kernel says.
  void listener_started(const kernel::Listener& listener) override;
  void listener_ended(const kernel::Listener& listener) override;
  void connection_opened(const Connection& connection, bool outbound) override;
  void connection_ended(const Connection& connection) override;

  void watch(const Address& dvipa);
  void look_at_connections(const Verify& verify);
  void give_connections(const std::vector<Connection>& connections);
  void flush_fence();
  void wait_for_frames();
  void take_frames();
  void wait_for_signal();
  void announce_later(std::size_t turn);
  void stop();
  void fail(std::string what, std::string remedy);
  void log_failure(const char* where, const kernel::Result<void>& result);
  void log_counters();
  std::string name_of(StackId stack) const;

  const Cluster& cluster_;
  const ClusterMember& self_;
  EventLog& log_;
  Host& host_;
  const ShellOptions& options_;
  asio::io_context io_{1};
  Stack stack_;
  PacketPath path_;
  asio::posix::stream_descriptor port_fd_;
  asio::steady_timer announce_timer_;
  asio::signal_set signals_;
  std::unique_ptr<kernel::SocketWatch> watch_;
  std::optional<bus::Bus> bus_;
  std::optional<kernel::SockDiag> diag_;  // of the worker's thread
  std::map<Timer, asio::steady_timer> timers_;
  std::set<Address> watched_;
  std::vector<kernel::FenceChange> fence_changes_;
  std::map<Address, Clock::time_point> rebuild_started_;
  std::optional<ShellError> failed_;
  bool leaving_ = false;
  HostWorker worker_{io_};
};

// --- start and stop ------------------------------------------------------------------------------------------------

tl::expected<void, ShellError> Shell::start(const Definitions& definitions) {
  log_.write("start", {{"interface", options_.interface}, {"port", options_.use_pcap ? "pcap" : "raw"}});
  for (const std::string& leftover : host_.leftovers()) log_.write("leftover", {{"what", leftover}});
  kernel::SocketWatchOptions watch_options;
  watch_options.allow_bpf = options_.allow_bpf;
  watch_options.log = [this](const std::string& line) { log_.write("note", {{"what", line}}); };
  auto opened_watch = kernel::SocketWatch::open(io_, *this, watch_options);
  if (!opened_watch) return tl::unexpected(ShellError{opened_watch.error().what, opened_watch.error().remedy, true});
  watch_ = std::move(*opened_watch);

  auto opened_diag = kernel::SockDiag::open();
  if (!opened_diag) return tl::unexpected(ShellError{opened_diag.error().what, opened_diag.error().remedy, true});
  diag_.emplace(std::move(*opened_diag));

  bus::MacAddress mac = host_.port().mac().bytes;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  auto opened_bus = bus::Bus::open(io_, cluster_, self_.stack, static_cast<Incarnation>(now.count()), mac, *this);
  if (!opened_bus) return tl::unexpected(ShellError{opened_bus.error().what, opened_bus.error().remedy, true});
  bus_.emplace(std::move(*opened_bus));

  for (const DvipaDefinition& definition : definitions.dvipas) watch(definition.dvipa);
  if (const auto listeners = watch_->listeners_now())
    for (const kernel::Listener& listener : *listeners) listener_started(listener);
  step(input::DefinitionsSet{definitions});
  step(input::Started{});
  wait_for_frames();
  wait_for_signal();
  return {};
}

void Shell::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGUSR1) {
      log_counters();
    } else if (leaving_) {
      stop();
      return;
    } else {
      leaving_ = true;
      step(input::LeaveAsked{});
    }
    wait_for_signal();
  });
}

void Shell::stop() {
  bus_->leave([this] { io_.stop(); });
}

void Shell::fail(std::string what, std::string remedy) {
  if (!failed_) failed_ = ShellError{std::move(what), std::move(remedy), true};
  io_.stop();
}

// --- the core ------------------------------------------------------------------------------------------------------

void Shell::step(Input input) {
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
}

void Shell::perform(effect::Send& send) {
  if (send.to == self_.stack) {
    asio::post(io_,
               [this, message = std::move(send.message)]() mutable { on_message(self_.stack, std::move(message)); });
  } else {
    bus_->send(send.to, send.message);
  }
}

void Shell::perform(const effect::Advertise& advertise) {
  if (auto done = path_.advertise(advertise.dvipa); !done) fail(done.error().message, "");
  log_.write("advertised", {{"dvipa", to_string(advertise.dvipa)}});
  announce_later(0);
}

void Shell::announce_later(std::size_t turn) {
  announce_timer_.expires_after(announce_again_after[turn]);
  announce_timer_.async_wait([this, turn](const boost::system::error_code& error) {
    if (error) return;
    path_.announce_again();
    if (turn + 1 < announce_again_after.size()) announce_later(turn + 1);
  });
}

void Shell::perform(const effect::Withdraw& withdraw) {
  path_.withdraw(withdraw.dvipa);
  log_.write("withdrawn", {{"dvipa", to_string(withdraw.dvipa)}});
}

void Shell::perform(const effect::HoldAddress& hold) {
  worker_.run([this, hold] { return host_.hold_address(hold.dvipa, hold.active); },
              [this, hold](const kernel::Result<void>& done) {
                log_failure("hold_address", done);
                log_.write("hidden", {{"dvipa", to_string(hold.dvipa)}, {"active", hold.active}});
              });
}

void Shell::perform(const effect::AcceptForwarder& accept) {
  if (const auto mac = path_.mac_of(accept.forwarder))
    fence_changes_.emplace_back(kernel::AcceptForwarder{accept.dvipa, mac->bytes});
}

void Shell::perform(const effect::RefuseForwarder& refuse) {
  if (const auto mac = path_.mac_of(refuse.forwarder))
    fence_changes_.emplace_back(kernel::RefuseForwarder{refuse.dvipa, mac->bytes});
}

void Shell::flush_fence() {
  if (fence_changes_.empty()) return;
  worker_.run([this, changes = std::exchange(fence_changes_, {})] { return host_.fence().apply(changes); },
              [this](const kernel::Result<void>& done) { log_failure("fence", done); });
}

void Shell::perform(const effect::LookForConnections& look) {
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

void Shell::perform(const effect::ArmTimer& arm) {
  auto& timer = timers_.try_emplace(arm.timer, io_).first->second;
  timer.expires_after(std::chrono::milliseconds(arm.after_ms));
  timer.async_wait([this, which = arm.timer](const boost::system::error_code& error) {
    if (!error) step(input::TimerFired{which});
  });
}

void Shell::perform(const effect::CancelTimer& cancel) {
  if (const auto at = timers_.find(cancel.timer); at != timers_.end()) at->second.cancel();
}

void Shell::perform(const effect::ReleaseHeld& release) { path_.release_held(release.dvipa); }

void Shell::perform(const effect::OwnershipChanged& changed) {
  if (changed.to == roles::OwnerState::rebuilding || changed.to == roles::OwnerState::taking_back)
    rebuild_started_[changed.dvipa] = Clock::now();
  log_.write("ownership", {{"dvipa", to_string(changed.dvipa)},
                           {"from", roles::name_of(changed.from)},
                           {"to", roles::name_of(changed.to)},
                           {"epoch", text(changed.epoch)},
                           {"requirement", changed.requirement}});
}

void Shell::perform(const effect::Rebuilt& rebuilt) {
  const auto elapsed = Clock::now() - rebuild_started_[rebuilt.dvipa];
  log_.write("rebuilt", {{"dvipa", to_string(rebuilt.dvipa)},
                         {"epoch", text(rebuilt.epoch)},
                         {"connections", rebuilt.connections},
                         {"listeners", rebuilt.listeners},
                         {"elapsed_us", std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count()},
                         {"by", rebuilt.complete ? "complete" : "limit"}});
}

void Shell::perform(const effect::ListenerKnown& known) {
  log_.write("listener", {{"dvipa", to_string(known.dvipa)},
                          {"port", known.port},
                          {"target", name_of(known.target)},
                          {"listening", known.listening}});
}

void Shell::perform(const effect::Ready&) { log_.write("ready"); }

void Shell::perform(const effect::Left&) { stop(); }

// --- the bus -------------------------------------------------------------------------------------------------------

void Shell::on_member_up(StackId member, Incarnation incarnation, const bus::MacAddress& mac) {
  path_.set_member(member, {mac});
  log_.write("member_up", {{"member", name_of(member)}, {"incarnation", incarnation}});
  step(input::MemberUp{member, incarnation});
}

void Shell::on_member_down(StackId member, bus::DownReason reason) {
  log_.write("member_down", {{"member", name_of(member)}, {"reason", bus::to_string(reason)}});
  step(input::MemberDown{member});
}

void Shell::on_message(StackId from, Message&& message) {
  if (const auto* list = std::get_if<VipaList>(&message)) {
    for (const ListEntry& entry : list->entries) watch(entry.definition.dvipa);
  } else if (const auto* verify = std::get_if<Verify>(&message)) {
    look_at_connections(*verify);
  }
  step(input::Received{from, std::move(message)});
}

void Shell::on_paused(std::uint64_t ms) {
  log_.write("paused", {{"ms", ms}});
  step(input::Resumed{});
}

// --- the kernel ----------------------------------------------------------------------------------------------------

void Shell::watch(const Address& dvipa) {
  if (!watched_.insert(dvipa).second) return;
  const auto found = watch_->watch({&dvipa, 1});
  if (!found) {
    log_.write("failure", {{"where", "watch"}, {"what", kernel::to_string(found.error())}});
    return;
  }
  for (const kernel::Listener& listener : found->listeners) listener_started(listener);
  give_connections(found->connections);
}

void Shell::give_connections(const std::vector<Connection>& connections) {
  std::map<Address, std::vector<Remote>> by_dvipa;
  for (const Connection& connection : connections) by_dvipa[connection.dvipa].push_back(connection.remote);
  for (auto& [dvipa, remotes] : by_dvipa) step(input::ConnectionsOpened{dvipa, std::move(remotes)});
}

void Shell::look_at_connections(const Verify& verify) {
  std::vector<Remote> held;
  std::vector<Remote> gone;
  for (const Remote& remote : verify.remotes) {
    const auto holds = watch_->holds({verify.dvipa, remote});
    if (!holds) return;
    (*holds ? held : gone).push_back(remote);
  }
  if (!held.empty()) step(input::ConnectionsOpened{verify.dvipa, std::move(held)});
  if (!gone.empty()) step(input::ConnectionsEnded{verify.dvipa, std::move(gone)});
}

void Shell::listener_started(const kernel::Listener& listener) {
  step(input::ListenerChanged{listener.address, listener.port, true});
}

void Shell::listener_ended(const kernel::Listener& listener) {
  step(input::ListenerChanged{listener.address, listener.port, false});
}

void Shell::connection_opened(const Connection& connection, bool outbound) {
  if (outbound) {
    step(input::ConnectionsOpened{connection.dvipa, {connection.remote}});
  } else {
    step(input::ConnectionAccepted{connection});
  }
}

void Shell::connection_ended(const Connection& connection) {
  step(input::ConnectionsEnded{connection.dvipa, {connection.remote}});
}

// --- frames --------------------------------------------------------------------------------------------------------

void Shell::wait_for_frames() {
  port_fd_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) take_frames();
  });
}

void Shell::take_frames() {
  bus_->notice_pause();  // FLV-9
  const auto more = path_.run(batches_per_turn);
  if (!more && more.error().kind != PortError::Kind::interface_down) {
    fail(more.error().message, "");
    return;
  }
  if (!more) log_.write("failure", {{"where", "port"}, {"what", more.error().message}});
  if (more.value_or(false)) {
    asio::post(io_, [this] { take_frames(); });
  } else {
    wait_for_frames();
  }
}

// --- the log -------------------------------------------------------------------------------------------------------

std::string Shell::name_of(StackId stack) const {
  const ClusterMember* member = cluster_.find(stack);
  return member != nullptr ? member->name : fmt::format("#{}", stack.value);
}

void Shell::log_failure(const char* where, const kernel::Result<void>& result) {
  if (!result) log_.write("failure", {{"where", where}, {"what", kernel::to_string(result.error())}});
}

void Shell::log_counters() {
  const PacketCounters& packets = path_.counters();
  const PortStats port = host_.port().stats();
  const bus::BusCounters& bus = bus_->counters();
  Json tables = Json::object();
  for (const auto& [address, dvipa] : stack_.dvipas())
    tables[to_string(address)] = {{"state", roles::name_of(dvipa.owner.state())},
                                  {"routes", dvipa.routes.size()},
                                  {"listeners", dvipa.listeners.size()},
                                  {"held_here", dvipa.held_here.size()}};
  log_.write("counters",
             {{"packets",
               {{"received", packets.received},
                {"to_target", packets.to_target},
                {"to_local", packets.to_local},
                {"to_owner", packets.to_owner},
                {"conventional", packets.conventional},
                {"held", packets.held},
                {"held_overflow", packets.held_overflow},
                {"dropped", packets.dropped},
                {"malformed", packets.malformed},
                {"truncated", packets.truncated},
                {"ttl_expired", packets.ttl_expired},
                {"unknown_member", packets.unknown_member},
                {"not_sent", packets.not_sent},
                {"neighbour_answers", packets.neighbour_answers}}},
              {"port",
               {{"received", port.received},
                {"receive_dropped", port.receive_dropped},
                {"sent", port.sent},
                {"send_dropped", port.send_dropped},
                {"send_refused", port.send_refused},
                {"times_down", port.times_down}}},
              {"tun", {{"delivered", host_.tun().stats().delivered}, {"refused", host_.tun().stats().refused}}},
              {"bus",
               {{"messages_sent", bus.messages_sent},
                {"messages_received", bus.messages_received},
                {"frames_refused", bus.frames_refused},
                {"handshakes_wrong_key", bus.handshakes_wrong_key},
                {"messages_unknown", bus.messages_unknown},
                {"pauses", bus.pauses},
                {"lateness_ms_max", bus.lateness_ms_max}}},
              {"dvipas", tables}});
}

}  // namespace

tl::expected<void, ShellError> run_stack(const Cluster& cluster, const ClusterMember& self,
                                         const Definitions& definitions, EventLog& log, const ShellOptions& options) {
  auto host = Host::open(self.name, options);
  if (!host) return tl::unexpected(host.error());
  Shell shell(cluster, self, log, **host, options);
  return shell.run(definitions);
}

}  // namespace dvipa
