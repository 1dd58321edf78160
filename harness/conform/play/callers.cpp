#include "harness/conform/play/callers.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <vector>

#include "harness/conform/load/clock.hpp"
#include "harness/conform/play/script.hpp"

namespace dvipa::conform {
namespace {

using load::Link;
using load::Outcome;
using Clock = std::chrono::steady_clock;

constexpr Port client_port_least = 10'000;  // those that a kernel gives by itself are above
constexpr std::size_t payload_bytes = 64;

// As a world sees it: a client that was not answered has given up.
std::string word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kept:
    case Outcome::closed:
      return "closed";
    case Outcome::refused:
      return "refused";
    case Outcome::reset:
      return "reset";
    case Outcome::damaged:
      return "damaged";
    case Outcome::timed_out:
    case Outcome::not_opened:
      break;
  }
  return "timed-out";
}

}  // namespace

std::string Callers::Caller::state() const {
  switch (link->state()) {
    case Link::State::opening:
      return "opening";
    case Link::State::open:
      return closing ? "closing" : "established";
    case Link::State::closing:
      return "closing";
    case Link::State::ended:
      break;
  }
  const bool never_opened = closing && link->account().opened_ns == 0;
  return never_opened ? "closed" : word_of(link->account().outcome);
}

lab::Result<void> Callers::connect(const world::Command& command) {
  const auto before = all_.find(command.connection);
  if (before != all_.end() && before->second.is_open()) return {};
  Caller& caller = all_[command.connection] = {};
  const std::string host = client_host(command.client);
  for (const lab::HostPlan& each : lab_.hosts())
    if (each.name == host) caller.tuple.remote.client = each.addresses.front();
  caller.tuple.dvipa = command.address;
  caller.tuple.remote.client_port = static_cast<Port>(client_port_least + command.connection);
  caller.tuple.remote.dvipa_port = command.port;
  const std::int64_t now_ns = load::monotonic_ns();
  caller.link = std::make_unique<Link>(load::Use::steady, 0, static_cast<std::uint64_t>(now_ns));
  return lab_.within(host, [&] {
    caller.link->open({command.address, command.port}, caller.tuple.remote.client, now_ns,
                      caller.tuple.remote.client_port);
  });
}

void Callers::send(std::uint32_t number, std::int64_t count) {
  const auto found = all_.find(number);
  if (found == all_.end()) return;
  found->second.wanted += static_cast<std::uint64_t>(count);
  go_on(found->second);
}

void Callers::close(std::uint32_t number) {
  const auto found = all_.find(number);
  if (found == all_.end() || !found->second.is_open()) return;
  Caller& caller = found->second;
  caller.closing = true;
  if (caller.link->state() == Link::State::opening) {
    ::shutdown(caller.link->fd(), SHUT_RDWR);  // applications that were forked since have the socket too
    caller.link->end(Outcome::not_opened, load::monotonic_ns());
  }
  go_on(caller);
}

// One request at a time, and the close when all are answered.
void Callers::go_on(Caller& caller) {
  if (caller.link->state() != Link::State::open || caller.link->waiting()) return;
  if (caller.acknowledged() < caller.wanted) return caller.link->request(payload_bytes, load::monotonic_ns());
  if (caller.closing) caller.link->close_in_order();
}

void Callers::tend(std::chrono::milliseconds time) {
  const auto until = Clock::now() + time;
  for (auto left = time; left.count() > 0;
       left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()))
    hear(left);
}

void Callers::hear(std::chrono::milliseconds limit) {
  std::vector<pollfd> sockets;
  std::vector<Caller*> owners;
  for (auto& [number, caller] : all_) {
    if (!caller.is_open()) continue;
    const bool opening = caller.link->state() == Link::State::opening;
    sockets.push_back({caller.link->fd(), static_cast<short>(opening ? POLLOUT : POLLIN | POLLRDHUP), 0});
    owners.push_back(&caller);
  }
  if (::poll(sockets.data(), sockets.size(), static_cast<int>(limit.count())) <= 0) return;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    if (sockets[i].revents == 0) continue;
    // The bits of poll and of epoll are the same ones.
    owners[i]->link->advance(static_cast<std::uint32_t>(sockets[i].revents), load::monotonic_ns());
    go_on(*owners[i]);
  }
}

}  // namespace dvipa::conform
