// Start and stop of a live stack, its group, its bus and its frames.
#include "impl/live/shell/running_stack.hpp"

#include <boost/asio/post.hpp>
#include <csignal>
#include <cstring>

#include "impl/wire/seal.hpp"

namespace dvipa {
namespace {

namespace asio = boost::asio;

// Frames that one turn of the event loop takes before messages and timers get their turn again.
constexpr unsigned batches_per_turn = 8;

StackSettings settings_of(const Cluster& cluster, const ClusterMember& self, const ShellOptions& options) {
  StackSettings settings;
  settings.self = self.stack;
  for (const ClusterMember& member : cluster.members) settings.xcf_addresses.push_back(member.xcf);
  const auto random = wire::random_bytes();
  std::memcpy(&settings.hash_key, random.data(), sizeof settings.hash_key);
  settings.lists_to_concerned = cluster.lists_to_concerned;
  settings.mutant = options.mutant;
  return settings;
}

}  // namespace

RunningStack::RunningStack(const Cluster& cluster, const ClusterMember& self, const Definitions& definitions,
                           EventLog& log, Host& host, const ShellOptions& options)
    : cluster_(cluster),
      self_(self),
      log_(log),
      host_(host),
      options_(options),
      stack_(settings_of(cluster, self, options)),
      path_(
          stack_, host.port(), host.tun(),
          [this](const Connection& connection, StackId target) {
            step(input::RouteReported{connection, target});
          },
          [this](const Address& dvipa, StackId member) {
            asio::post(io_, [this, dvipa, member] { hear_rival(dvipa, member); });
          }),
      port_fd_(io_, host.port().fd()),
      announce_timer_(io_),
      capacity_timer_(io_),
      rival_timer_(io_),
      signals_(io_, SIGTERM, SIGINT, SIGUSR1),
      orders_(definitions),
      advertiser_(io_, options.advertise_command, [this](const std::string& command, const std::string& what) {
        log_.write("failure", {{"where", "advertise"}, {"command", command}, {"what", what}});
      }) {}

RunningStack::~RunningStack() { port_fd_.release(); }

tl::expected<void, ShellError> RunningStack::run() {
  if (auto started = start(); !started) return started;
  io_.run();
  log_counters();
  log_.write("stop");
  if (failed_) return tl::unexpected(*failed_);
  return {};
}

// --- start and stop ------------------------------------------------------------------------------------------------

tl::expected<void, ShellError> RunningStack::start() {
  log_.write("start", {{"interface", options_.interface}, {"port", options_.use_pcap ? "pcap" : "raw"}});
  for (const std::string& leftover : host_.leftovers()) log_.write("leftover", {{"what", leftover}});
  kernel::SocketWatchOptions watch_options;
  watch_options.listeners_also_on = [this](const Address& address) { return is_in_range(address); };
  watch_options.allow_bpf = options_.allow_bpf;
  watch_options.log = [this](const std::string& line) { log_.write("note", {{"what", line}}); };
  auto opened_watch = kernel::SocketWatch::open(io_, *this, watch_options);
  if (!opened_watch) return tl::unexpected(ShellError{opened_watch.error().what, opened_watch.error().remedy, true});
  watch_ = std::move(*opened_watch);

  auto opened_diag = kernel::SockDiag::open();
  if (!opened_diag) return tl::unexpected(ShellError{opened_diag.error().what, opened_diag.error().remedy, true});
  diag_.emplace(std::move(*opened_diag));

  if (auto opened = open_control(); !opened) return opened;
  if (auto joined = join(); !joined) return joined;
  wait_for_frames();
  wait_for_signal();
  return {};
}

tl::expected<void, ShellError> RunningStack::open_control() {
  const auto path =
      options_.control_path.empty() ? control::socket_path(host_.state_directory(), self_.name) : options_.control_path;
  auto opened = control::ControlServer::open(
      io_, path, [this](const Json& json, control::Answer answer) { take_request(json, answer); });
  if (!opened) return tl::unexpected(ShellError{opened.error().what, opened.error().remedy, true});
  control_ = std::move(*opened);
  return {};
}

// Begins a life as a member: the core knows nothing but the definitions in force and the listeners that are here.
tl::expected<void, ShellError> RunningStack::join() {
  const bus::MacAddress mac = host_.port().mac().bytes;
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto incarnation = static_cast<Incarnation>(now.count());
  auto opened = bus::Bus::open(io_, cluster_, self_.stack, incarnation, mac, *this);
  if (!opened) return tl::unexpected(ShellError{opened.error().what, opened.error().remedy, true});
  bus_.emplace(std::move(*opened));
  group_ = Group::in;
  const Definitions definitions = orders_.in_force();
  for (const DvipaDefinition& definition : definitions.dvipas) watch(definition.dvipa);
  if (const auto listeners = watch_->listeners_now())
    for (const kernel::Listener& listener : *listeners) listeners_.add(listener);
  tell_listeners();
  capacity_ = 0;
  measure_capacity();
  for (const auto& [which, weight] : orders_.weights()) step(input::WeightOrdered{which.first, which.second, weight});
  step(input::DefinitionsSet{definitions});
  step(input::Started{incarnation});
  return {};
}

// Hands over what is owned, then goes from the group; see perform(effect::Left) for the rest.
void RunningStack::leave(bool to_stop) {
  stopping_ = stopping_ || to_stop;
  if (group_ == Group::out) {
    io_.stop();
  } else if (group_ == Group::in) {
    group_ = Group::leaving;
    step(input::LeaveAsked{});
  }
}

void RunningStack::perform(const effect::Left&) {
  bus_->leave([this] {
    if (stopping_) {
      io_.stop();
    } else {
      asio::post(io_, [this] { forget_group(); });  // the bus may not be destroyed by its own call
    }
  });
}

// What the stack has to do with DVIPAs ends with its membership, but for what its operator has ordered.
void RunningStack::forget_group() {
  bus_.reset();
  timers_.clear();
  announce_timer_.cancel();
  capacity_timer_.cancel();
  rival_timer_.cancel();
  unanswered_.clear();
  for (const auto& [address, dvipa] : stack_.dvipas()) {
    if (dvipa.advertised) perform(effect::Withdraw{address});
    if (dvipa.address_held) perform(effect::HoldAddress{address, false});
    path_.forget_held(address);
    path_.forget_totals(address);
  }
  for (const Address& dvipa : watched_) watch_->unwatch(dvipa);
  watched_.clear();
  listeners_.forget_told();
  notes_.clear();
  stack_ = Stack(settings_of(cluster_, self_, options_));
  ++life_;
  if (auto followed = path_.follow_stack(); !followed) fail(followed.error().message, "");
  group_ = Group::out;
  log_.write("out_of_group");
  answer_awaited();
}

void RunningStack::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int signal) {
    if (error) return;
    if (signal == SIGUSR1) {
      log_counters();
    } else if (stopping_) {
      io_.stop();
      return;
    } else {
      leave(true);
    }
    wait_for_signal();
  });
}

void RunningStack::fail(std::string what, std::string remedy) {
  if (!failed_) failed_ = ShellError{std::move(what), std::move(remedy), true};
  io_.stop();
}

// --- the bus -------------------------------------------------------------------------------------------------------

void RunningStack::on_member_up(StackId member, Incarnation incarnation, const bus::MacAddress& mac) {
  path_.set_member(member, {mac});
  log_.write("member_up", {{"member", name_of(member)}, {"incarnation", incarnation}});
  step(input::MemberUp{member, incarnation});
}

void RunningStack::on_member_down(StackId member, bus::DownReason reason) {
  log_.write("member_down", {{"member", name_of(member)}, {"reason", bus::to_string(reason)}});
  step(input::MemberDown{member, reason == bus::DownReason::silent});
}

void RunningStack::on_message(StackId from, Message&& message) {
  if (const auto* list = std::get_if<VipaList>(&message)) {
    for (const ListEntry& entry : list->entries) watch(entry.definition.dvipa);
  } else if (const auto* verify = std::get_if<Verify>(&message)) {
    look_at_connections(*verify);
  }
  step(input::Received{from, std::move(message)});
}

// A member that was cut off is found as soon as it is back (FLV-11).
void RunningStack::on_dial(const Address& xcf) { host_.neighbours().ask_anew(xcf); }

void RunningStack::on_paused(std::uint64_t ms) {
  log_.write("paused", {{"ms", ms}});
  step(input::Resumed{});
}

// --- frames --------------------------------------------------------------------------------------------------------

void RunningStack::wait_for_frames() {
  port_fd_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const boost::system::error_code& error) {
    if (!error) take_frames();
  });
}

void RunningStack::take_frames() {
  if (bus_) bus_->notice_pause();  // FLV-9
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

tl::expected<void, ShellError> run_stack(const Cluster& cluster, const ClusterMember& self,
                                         const Definitions& definitions, EventLog& log, const ShellOptions& options) {
  auto host = Host::open(self.name, options);
  if (!host) return tl::unexpected(host.error());
  return RunningStack(cluster, self, definitions, log, **host, options).run();
}

}  // namespace dvipa
