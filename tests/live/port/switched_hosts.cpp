// The hosts and the forwarder.
#include "tests/live/port/switched_hosts.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>

#include "pcap/packet/invariant.hpp"
#include "pcap/packet/neighbour.hpp"
#include "pcap/packet/rewrite.hpp"
#include "pcap/port/interface.hpp"

namespace dvipa::test {
namespace {

MacAddress mac_of(const Namespace& host) {
  const Namespace::Stay stay(host);
  const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  return query_interface(socket.get(), "e0").value().mac;
}

}  // namespace

SwitchedHosts::SwitchedHosts() {
  bridge.run("ip link add br0 type bridge stp_state 0 mcast_snooping 0 && ip link set br0 up");
  const std::pair<const Namespace*, const char*> hosts[] = {
      {&client, client_address}, {&forwarder, forwarder_address}, {&server, server_address}};
  for (int port = 0; const auto& [host, address] : hosts) {
    const std::string name = fmt::format("p{}", port++);
    join_by_veth(bridge, name, *host, "e0");
    bridge.run(fmt::format("ip link set {} master br0", name));
    host->run(fmt::format("ip address add {}/24 dev e0", address));
  }
  client.run(fmt::format("ip route add {}/32 dev e0", virtual_address));
  server.run("sysctl -qw net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2");
  server.run(fmt::format("ip address add {}/32 dev lo", virtual_address));
  server_mac = mac_of(server);
  forwarder_mac = mac_of(forwarder);
}

void SwitchedHosts::point_client_at(const MacAddress& mac) const {
  client.run(fmt::format("ip neigh replace {} lladdr {} dev e0 nud permanent", virtual_address, to_string(mac)));
}

MiniForwarder::MiniForwarder(std::unique_ptr<PacketPort> port, const MacAddress& target)
    : port_(std::move(port)), target_(target), stop_event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  start();
}

MiniForwarder::MiniForwarder(std::unique_ptr<PacketPort> port, TunDevice own_kernel)
    : port_(std::move(port)),
      own_kernel_(std::move(own_kernel)),
      stop_event_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  start();
}

void MiniForwarder::start() {
  const auto filter = port_->set_filter(fmt::format("arp or ip dst host {}", virtual_address));
  require(filter.has_value(), "the forwarder's filter");
  thread_ = std::thread([this] { run(); });
}

void MiniForwarder::stop() {
  if (!thread_.joinable()) return;
  ::eventfd_write(stop_event_.get(), 1);
  thread_.join();
}

void MiniForwarder::run() {
  std::array<Frame, port_batch_max> batch;
  std::array<pollfd, 2> waited{{{port_->fd(), POLLIN, 0}, {stop_event_.get(), POLLIN, 0}}};
  while (waited[1].revents == 0) {
    const auto received = port_->receive(batch);
    if (!received) {
      error_ = received.error().message;
      return;
    }
    if (*received == 0) {
      ::poll(waited.data(), waited.size(), -1);
      continue;
    }
    const std::size_t outgoing = forward(std::span(batch).first(*received));
    if (const auto sent = port_->send(std::span(batch).first(outgoing)); !sent) error_ = sent.error().message;
  }
}

// Moves what is to be sent to the front of the batch; gives how many frames that are.
std::size_t MiniForwarder::forward(std::span<Frame> batch) {
  static const Address own = parse_address(virtual_address).value();
  std::size_t outgoing = 0;
  for (const Frame& frame : batch) {
    const auto parsed = parse_frame(frame.bytes);
    if (!parsed || frame.truncated) continue;
    if (const auto question = neighbour_question(frame.bytes, *parsed)) {
      if (question->target != own) continue;
      NeighbourFrame answer = neighbour_answer(*question, port_->mac());
      const Frame reply{.bytes = answer.bytes()};
      if (port_->send(std::span(&reply, 1))) ++counters_.answered;
    } else if (parsed->destination == own && own_kernel_) {
      own_kernel_->deliver(frame, *parsed);
    } else if (parsed->destination == own && decrement_ttl(frame.bytes, *parsed)) {
      rewrite_macs(frame.bytes, target_, port_->mac());
      ++counters_.forwarded;
      counters_.oversized += parsed->packet_end - parsed->network_offset > 1500 ? 1U : 0U;
      counters_.partial += (frame.vnet.flags & VnetHeader::needs_checksum) != 0 ? 1U : 0U;
      batch[outgoing++] = frame;
    }
  }
  return outgoing;
}

}  // namespace dvipa::test
