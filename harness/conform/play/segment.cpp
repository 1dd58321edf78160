#include "harness/conform/play/segment.hpp"

#include <poll.h>

#include <array>

#include "harness/conform/play/script.hpp"
#include "pcap/packet/neighbour.hpp"
#include "pcap/port/raw_port.hpp"

namespace dvipa::conform {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

lab::Result<Segment> Segment::open(lab::Lab& lab) {
  Segment segment;
  for (const lab::HostPlan& host : lab.hosts())
    if (!host.is_client) segment.stack_at_[lab::mac_address(host)] = stack_of(host.name);
  std::optional<lab::Failure> failed;
  auto entered = lab.within_segment([&](const std::vector<std::string>& bridges) {
    for (const std::string& bridge : bridges) {
      RawPortOptions small;
      small.slots = 64;
      auto port = open_raw_port(bridge, small);
      if (port && (*port)->set_filter("arp")) segment.parts_.push_back(std::move(*port));
      if (!port) failed = lab::Failure{port.error().message, "run as root"};
    }
  });
  if (!entered) return tl::unexpected(entered.error());
  if (failed) return tl::unexpected(*failed);
  return segment;
}

std::set<StackId> Segment::holders(const Address& address, std::chrono::milliseconds limit) {
  std::set<StackId> holders;
  std::vector<pollfd> heard;
  for (const auto& part : parts_) {
    hear(*part, address, holders);  // what has come since the last question is no answer to this one
    NeighbourFrame question = neighbour_request(address, Address::v4(0), part->mac());
    Frame frame{question.bytes()};
    (void)part->send(std::span(&frame, 1));
    heard.push_back({part->fd(), POLLIN, 0});
  }
  holders.clear();
  const auto until = Clock::now() + limit;
  for (auto left = limit; left.count() > 0;
       left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now())) {
    if (::poll(heard.data(), heard.size(), static_cast<int>(left.count())) <= 0) break;
    for (const auto& part : parts_) hear(*part, address, holders);
  }
  return holders;
}

void Segment::hear(PacketPort& part, const Address& address, std::set<StackId>& holders) const {
  std::array<Frame, port_batch_max> batch{};
  for (;;) {
    const auto received = part.receive(batch);
    if (!received || *received == 0) return;
    for (const Frame& frame : std::span(batch).first(*received)) {
      const auto parsed = parse_frame(frame.bytes);
      if (!parsed || parsed->network != NetworkProtocol::arp || parsed->source != address) continue;
      const auto stack = stack_at_.find(to_string(parsed->source_mac));
      if (stack != stack_at_.end()) holders.insert(stack->second);
    }
  }
}

lab::Result<std::map<std::string, StackId>> neighbours_of_clients(lab::Lab& lab, const Address& address) {
  std::map<std::string, StackId> known;
  for (const lab::HostPlan& client : lab.hosts()) {
    if (!client.is_client) continue;
    const auto shown = lab.run(client.name, {"ip", "neigh", "show", to_string(address)});
    if (!shown) return tl::unexpected(shown.error());
    for (const lab::HostPlan& host : lab.hosts())
      if (!host.is_client && shown->find(lab::mac_address(host)) != std::string::npos)
        known[client.name] = stack_of(host.name);
  }
  return known;
}

}  // namespace dvipa::conform
