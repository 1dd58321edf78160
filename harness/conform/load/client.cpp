// One epoll loop with a tick a millisecond: the calendar's exchanges, a probe a target, and the opening and churning of
// connections.
#include "harness/conform/load/client.hpp"

#include <fmt/core.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <memory>
#include <random>
#include <string_view>

#include "harness/conform/load/calendar.hpp"
#include "harness/conform/load/clock.hpp"
#include "harness/conform/load/link.hpp"

namespace dvipa::load {
namespace {

constexpr unsigned opening_max = 200;  // at a time; more would only fill the queues of listeners
constexpr std::int64_t ms_ns = 1'000'000;
constexpr std::int64_t retransmission_ns_min = 100'000'000;  // TCP never retransmits sooner than after 200 ms
constexpr std::int64_t churn_open_limit_ns = 20'000 * ms_ns;
constexpr std::uint64_t tick_event = ~std::uint64_t{0};
constexpr std::uint64_t control_event = tick_event - 1;

enum class Phase : std::uint8_t { opening, running, finishing, done };
constexpr std::array<std::string_view, 4> phase_names = {"opening", "running", "finishing", "done"};

class Client {
 public:
  explicit Client(const ClientOptions& options)
      : options_(options),
        random_(options.seed),
        calendar_(monotonic_ns() / ms_ns),
        idle_probes_(options.targets.size()) {
    account_.probes.resize(options.targets.size());
  }
  int run();

 private:
  // A link's number in epoll and calendar: its place, and which of the links of that place it is.
  struct Place {
    std::unique_ptr<Link> link;
    std::uint32_t generation = 0;
  };
  std::uint64_t number_of(std::uint32_t place) const { return std::uint64_t{places_[place].generation} << 32 | place; }
  Link* find(std::uint64_t number);

  bool prepare();
  void tick(std::int64_t now_ns);
  void open_more(std::int64_t now_ns);
  Address next_source(const Address& target);
  void open_link(Use use, std::uint16_t target, std::int64_t now_ns);
  void churn(std::int64_t now_ns);
  void probe(std::int64_t now_ns);
  void exchange(std::uint64_t number, std::int64_t now_ns);
  void link_event(std::uint64_t number, std::uint32_t events, std::int64_t now_ns);
  void after_answer(std::uint64_t number, Link& link, std::int64_t wait_ns, std::int64_t now_ns);
  void schedule(std::uint64_t number, std::int64_t now_ns);
  void retire(std::uint32_t place);
  void hear(std::int64_t now_ns);
  void tell(std::int64_t now_ns);
  void enter(Phase phase, std::int64_t now_ns);
  void close_window(std::int64_t now_ns);
  void check_limits(std::int64_t now_ns);
  void finish_idle();
  bool write_account();
  std::size_t draw_payload() { return random_() % options_.payload_bytes_max + 1; }

  const ClientOptions& options_;
  std::mt19937_64 random_;
  Calendar calendar_;
  int epoll_ = -1;
  int timer_ = -1;
  Phase phase_ = Phase::opening;
  std::int64_t phase_since_ns_ = 0;
  std::int64_t last_tick_ns_ = 0;
  std::int64_t told_ns_ = 0;
  std::int64_t window_from_ns_ = 0;
  std::vector<Place> places_;
  std::vector<std::uint32_t> free_places_;
  std::uint32_t standing_begun_ = 0;  // steady and probe links that were begun
  std::uint32_t standing_ready_ = 0;  // of these: answered once, or lost
  unsigned opening_ = 0;
  std::uint64_t lost_ = 0;
  std::int64_t churn_owed_ = 0;  // connections times 1000 ms
  std::uint32_t sources_used_ = 0;
  std::vector<std::deque<std::uint64_t>>
      idle_probes_;                       // a target each: those that wait for nothing, longest idle first
  std::vector<Window::Wait> lost_waits_;  // of steady links that ended in this window
  Account account_;
};

std::uint32_t standing_total(const ClientOptions& options) {
  return static_cast<std::uint32_t>(options.targets.size()) * (options.steady_per_target + options.probes_per_target);
}

Link* Client::find(std::uint64_t number) {
  const auto place = static_cast<std::uint32_t>(number);
  if (place >= places_.size() || number_of(place) != number) return nullptr;
  return places_[place].link.get();
}

bool Client::prepare() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  if (files.rlim_max < standing_total(options_) + 200U) {
    fmt::print(stderr, "the load needs {} open files, the limit is {}\n", standing_total(options_) + 200U,
               files.rlim_max);
    return false;
  }
  epoll_ = ::epoll_create1(EPOLL_CLOEXEC);
  timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
  const itimerspec every_ms{{0, ms_ns}, {0, ms_ns}};
  epoll_event event{EPOLLIN, {}};
  event.data.u64 = tick_event;
  bool fine =
      ::timerfd_settime(timer_, 0, &every_ms, nullptr) == 0 && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, timer_, &event) == 0;
  event.data.u64 = control_event;
  fine = fine && ::epoll_ctl(epoll_, EPOLL_CTL_ADD, options_.control_fd, &event) == 0;
  if (!fine) fmt::print(stderr, "the load cannot begin: {}\n", std::strerror(errno));
  return fine;
}

void Client::open_link(Use use, std::uint16_t target, std::int64_t now_ns) {
  if (free_places_.empty()) {
    free_places_.push_back(static_cast<std::uint32_t>(places_.size()));
    places_.emplace_back();
  }
  const std::uint32_t place = free_places_.back();
  free_places_.pop_back();
  places_[place].link = std::make_unique<Link>(use, target, random_() | 1U);
  Link& link = *places_[place].link;
  if (use == Use::churn) link.exchanges_left = static_cast<std::uint32_t>(random_() % options_.churn_exchanges_max) + 1;
  if (use == Use::probe) {
    link.probe_connection = static_cast<std::uint32_t>(account_.probe_servers.size());
    account_.probe_servers.emplace_back();
  }
  if (!link.open(options_.targets[target], next_source(options_.targets[target].address), now_ns)) {
    if (use != Use::churn) ++standing_ready_;
    return retire(place);
  }
  ++opening_;
  epoll_event event{EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, {}};
  event.data.u64 = number_of(place);
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, link.fd(), &event);
}

// Of the target's family; none when there is no such.
Address Client::next_source(const Address& target) {
  for (std::size_t tried = 0; tried < options_.sources.size(); ++tried) {
    const Address& source = options_.sources[sources_used_++ % options_.sources.size()];
    if (source.is_v4() == target.is_v4()) return source;
  }
  return {};
}

// In turn for each target; probes last.
void Client::open_more(std::int64_t now_ns) {
  const auto targets = static_cast<std::uint32_t>(options_.targets.size());
  const std::uint32_t steady = targets * options_.steady_per_target;
  while (standing_begun_ < standing_total(options_) && opening_ < opening_max) {
    const Use use = standing_begun_ < steady ? Use::steady : Use::probe;
    open_link(use, static_cast<std::uint16_t>(standing_begun_++ % targets), now_ns);
  }
}

void Client::churn(std::int64_t now_ns) {
  churn_owed_ += options_.churn_per_second;
  while (churn_owed_ >= 1000) {
    churn_owed_ -= 1000;
    for (std::uint16_t target = 0; target < options_.targets.size(); ++target) open_link(Use::churn, target, now_ns);
  }
}

void Client::probe(std::int64_t now_ns) {
  for (std::size_t target = 0; target < idle_probes_.size(); ++target) {
    auto& idle = idle_probes_[target];
    while (!idle.empty()) {
      const auto number = idle.front();
      idle.pop_front();
      Link* link = find(number);
      if (link == nullptr || link->state() != Link::State::open) continue;
      link->probe = account_.probes[target].size();
      account_.probes[target].push_back({now_ns, -1, false, link->probe_connection});
      link->request(1, now_ns);
      if (link->state() == Link::State::ended) retire(static_cast<std::uint32_t>(number));
      break;
    }
  }
}

void Client::schedule(std::uint64_t number, std::int64_t now_ns) {
  const auto jitter = static_cast<std::int64_t>(random_() % options_.interval_ms);
  calendar_.add(now_ns / ms_ns + options_.interval_ms / 2 + jitter, number);
}

void Client::exchange(std::uint64_t number, std::int64_t now_ns) {
  Link* link = find(number);
  if (link == nullptr || link->state() != Link::State::open || link->waiting()) return;
  link->request(draw_payload(), now_ns);
  if (link->state() == Link::State::ended) retire(static_cast<std::uint32_t>(number));
}

void Client::link_event(std::uint64_t number, std::uint32_t events, std::int64_t now_ns) {
  Link* link = find(number);
  if (link == nullptr) return;
  const bool was_opening = link->state() == Link::State::opening;
  const Link::Progress progress = link->advance(events, now_ns);
  if (was_opening && link->state() != Link::State::opening) --opening_;
  if (progress.opened) link->request(draw_payload(), now_ns);
  if (progress.answered_after_ns) after_answer(number, *link, *progress.answered_after_ns, now_ns);
  if (link->state() != Link::State::ended) return;
  if (link->account().use != Use::churn && link->account().exchanges == 0) ++standing_ready_;
  retire(static_cast<std::uint32_t>(number));
}

void Client::after_answer(std::uint64_t number, Link& link, std::int64_t wait_ns, std::int64_t now_ns) {
  const ConnectionAccount& account = link.account();
  if (account.use != Use::churn && account.exchanges == 1) ++standing_ready_;
  if (link.state() != Link::State::open) return;
  if (account.use == Use::probe) {
    account_.probe_servers[link.probe_connection] = account.server;
    if (account.exchanges > 1) {
      Probe& probe = account_.probes[account.target][link.probe];
      probe.wait_ns = wait_ns;
      probe.sent_again = wait_ns > retransmission_ns_min && link.has_retransmitted();
    }
    const bool avoided = std::ranges::find(options_.probe_avoids, account.server) != options_.probe_avoids.end();
    if (!avoided) idle_probes_[account.target].push_back(number);
    return;
  }
  if (account.use == Use::churn && --link.exchanges_left == 0) return link.close_in_order();
  schedule(number, now_ns);
}

// The link has ended: its account is kept, its place is free.
void Client::retire(std::uint32_t place) {
  Link& link = *places_[place].link;
  if (link.lost()) ++lost_;
  account_.connections.push_back(link.account());
  if (link.account().use == Use::steady && phase_ != Phase::opening)
    lost_waits_.push_back({link.account().target, link.account().server, link.take_longest_wait_ns()});
  places_[place].link.reset();
  ++places_[place].generation;
  free_places_.push_back(place);
}

void Client::close_window(std::int64_t now_ns) {
  Window window{window_from_ns_, now_ns, std::move(lost_waits_)};
  lost_waits_.clear();
  for (Place& place : places_) {
    if (!place.link || place.link->account().use != Use::steady) continue;
    const ConnectionAccount& account = place.link->account();
    window.waits.push_back({account.target, account.server, place.link->take_longest_wait_ns()});
  }
  account_.windows.push_back(std::move(window));
  window_from_ns_ = now_ns;
}

void Client::enter(Phase phase, std::int64_t now_ns) {
  if (phase == Phase::running) window_from_ns_ = now_ns;
  if (phase == Phase::finishing) close_window(now_ns);
  phase_ = phase;
  phase_since_ns_ = now_ns;
  told_ns_ = 0;
}

// Whoever waits for nothing and has exchanged once more since the finish was asked for is closed.
void Client::finish_idle() {
  for (Place& place : places_) {
    if (!place.link || place.link->state() != Link::State::open || place.link->waiting()) continue;
    const ConnectionAccount& account = place.link->account();
    if (account.use == Use::steady && place.link->answered_ns() < phase_since_ns_) continue;
    place.link->close_in_order();
  }
}

void Client::check_limits(std::int64_t now_ns) {
  const std::int64_t in_phase_ns = now_ns - phase_since_ns_;
  if (phase_ == Phase::opening && standing_ready_ == standing_total(options_)) enter(Phase::running, now_ns);
  const bool late = phase_ == Phase::opening && in_phase_ns > options_.open_limit_ms * ms_ns;
  const bool end_all = phase_ == Phase::finishing && in_phase_ns > options_.finish_limit_ms * ms_ns;
  std::size_t live = 0;
  for (std::uint32_t place = 0; place < places_.size(); ++place) {
    Link* link = places_[place].link.get();
    if (link == nullptr) continue;
    const bool opening = link->state() == Link::State::opening;
    const bool churn_late = opening && now_ns - link->account().begun_ns > churn_open_limit_ns;
    if (!end_all && !(opening && late) && !churn_late) {
      ++live;
      continue;
    }
    if (opening) --opening_;
    link->end(opening ? Outcome::not_opened : Outcome::timed_out, now_ns);
    retire(place);
  }
  if (late) enter(Phase::running, now_ns);
  if (phase_ == Phase::finishing && live == 0) enter(Phase::done, now_ns);
}

void Client::tick(std::int64_t now_ns) {
  std::uint64_t expirations = 0;
  if (::read(timer_, &expirations, sizeof expirations) != sizeof expirations) return;
  if (last_tick_ns_ != 0 && now_ns - last_tick_ns_ - ms_ns >= pause_ns_min)
    account_.pauses.push_back({last_tick_ns_, now_ns});
  last_tick_ns_ = now_ns;
  if (phase_ == Phase::running) probe(now_ns);
  calendar_.advance(now_ns / ms_ns, [&](std::uint64_t number) { exchange(number, now_ns); });
  if (phase_ == Phase::opening) open_more(now_ns);
  for (; phase_ == Phase::running && expirations > 0; --expirations) churn(now_ns);
  if (phase_ == Phase::finishing) finish_idle();
  if (phase_ == Phase::opening || phase_ == Phase::finishing || now_ns - told_ns_ > 250 * ms_ns) check_limits(now_ns);
  if (now_ns - told_ns_ > 250 * ms_ns) tell(now_ns);
}

void Client::tell(std::int64_t now_ns) {
  told_ns_ = now_ns;
  std::uint32_t open = 0;
  std::int64_t longest_ns = 0;
  for (const Place& place : places_) {
    if (!place.link || place.link->account().use == Use::churn || place.link->state() != Link::State::open) continue;
    ++open;
    if (place.link->waiting()) longest_ns = std::max(longest_ns, now_ns - place.link->waiting_since_ns());
  }
  const nlohmann::json word = {{"phase", phase_names.at(static_cast<std::size_t>(phase_))},
                               {"open", open},
                               {"of", standing_total(options_)},
                               {"lost", lost_},
                               {"waiting_ms", longest_ns / ms_ns}};
  const std::string text = word.dump();
  // A judge that does not listen misses a progress report, nothing else.
  (void)::send(options_.control_fd, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
}

void Client::hear(std::int64_t now_ns) {
  std::array<char, 64> text{};
  const ssize_t got = ::recv(options_.control_fd, text.data(), text.size(), MSG_DONTWAIT);
  if (got < 0) return;
  const std::string_view word(text.data(), static_cast<std::size_t>(got));
  if (word == "mark") close_window(now_ns);
  if ((word == "finish" || word.empty()) && phase_ != Phase::finishing) enter(Phase::finishing, now_ns);
  if (word.empty()) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, options_.control_fd, nullptr);
}

bool Client::write_account() {
  const auto bytes = to_bytes(account_);
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t wrote =
        ::pwrite(options_.account_fd, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (wrote <= 0) return false;
    written += static_cast<std::size_t>(wrote);
  }
  return true;
}

int Client::run() {
  if (!prepare()) return 1;
  phase_since_ns_ = monotonic_ns();
  std::array<epoll_event, 512> events{};
  while (phase_ != Phase::done) {
    const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const auto now_ns = monotonic_ns();
      if (event.data.u64 == tick_event) {
        tick(now_ns);
      } else if (event.data.u64 == control_event) {
        hear(now_ns);
      } else {
        link_event(event.data.u64, event.events, now_ns);
      }
    }
  }
  return write_account() ? 0 : 1;
}

}  // namespace

int run_client(const ClientOptions& options) { return Client(options).run(); }

}  // namespace dvipa::load
