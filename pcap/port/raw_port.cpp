// The AF_PACKET back-end. The kernel puts frames into slots of a ring that it shares with this process; a slot is given
// back at the receive() after the one that gave it out.
#include "pcap/port/raw_port.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>

#include "pcap/packet/invariant.hpp"
#include "pcap/port/filter.hpp"
#include "pcap/port/interface.hpp"
#include "pcap/port/raw_socket.hpp"

namespace dvipa {
namespace {

constexpr std::size_t vlan_tag_bytes = 4;

class RawPort final : public PacketPort {
 public:
  RawPort(std::string name, const Interface& interface, RawSocket socket)
      : name_(std::move(name)), interface_(interface), socket_(std::move(socket)) {}

  int fd() const override { return socket_.fd(); }
  const std::string& name() const override { return name_; }
  MacAddress mac() const override { return interface_.mac; }
  unsigned mtu() const override { return query_mtu(socket_.fd(), name_).value_or(interface_.mtu); }

  tl::expected<std::size_t, PortError> receive(std::span<Frame> batch) override;
  tl::expected<std::size_t, PortError> send(std::span<const Frame> batch) override;
  tl::expected<void, PortError> set_filter(std::string_view expression) override;
  PortStats stats() override;

 private:
  bool take(RingSlot& slot, Frame& frame);
  tl::expected<std::size_t, PortError> nothing_received();
  PortError link_error();

  std::string name_;
  Interface interface_;
  RawSocket socket_;
  SocketFilter filter_;
  PortStats stats_;
  bool gone_ = false;
};

// Puts a tag that the kernel took off back in place; there are free bytes before the frame.
std::span<std::uint8_t> insert_tag(std::span<std::uint8_t> frame, const RingSlot& slot, VnetHeader& vnet) {
  std::uint8_t* start = frame.data() - vlan_tag_bytes;
  std::memmove(start, frame.data(), 12);
  start[12] = static_cast<std::uint8_t>(slot.vlan_protocol >> 8);
  start[13] = static_cast<std::uint8_t>(slot.vlan_protocol);
  start[14] = static_cast<std::uint8_t>(slot.vlan_tag >> 8);
  start[15] = static_cast<std::uint8_t>(slot.vlan_tag);
  if ((vnet.flags & VnetHeader::needs_checksum) != 0) {
    vnet.checksum_start = static_cast<std::uint16_t>(vnet.checksum_start + vlan_tag_bytes);
  }
  if (vnet.gso_type != VnetHeader::gso_none) {
    vnet.header_length = static_cast<std::uint16_t>(vnet.header_length + vlan_tag_bytes);
  }
  return {start, frame.size() + vlan_tag_bytes};
}

// False when the frame is not for the present filter.
bool RawPort::take(RingSlot& slot, Frame& frame) {
  frame = Frame{.bytes = slot.bytes, .vnet = slot.vnet, .truncated = slot.truncated, .timestamp_ns = slot.timestamp_ns};
  // The whole frame waits in the socket's queue, and must leave it also when it is not wanted.
  if (slot.queued) frame.truncated = !socket_.receive_queued(frame.bytes, frame.vnet);
  if (!filter_.admits(frame.bytes)) return false;
  if (slot.vlan_tagged && frame.bytes.size() >= 12) frame.bytes = insert_tag(frame.bytes, slot, frame.vnet);
  return true;
}

tl::expected<std::size_t, PortError> RawPort::receive(std::span<Frame> batch) {
  socket_.release();
  std::size_t count = 0;
  RingSlot slot;
  while (count < batch.size() && socket_.next(slot)) {
    if (!take(slot, batch[count])) continue;
    stats_.receive_truncated += batch[count].truncated ? 1U : 0U;
    ++count;
  }
  if (count == 0) return nothing_received();
  stats_.received += count;
  return count;
}

tl::expected<std::size_t, PortError> RawPort::nothing_received() {
  if (gone_) return tl::unexpected(interface_missing(name_));
  filter_.ring_is_empty();
  const int error = socket_.take_error();
  if (error == 0) return 0;
  if (error == ENETDOWN) return tl::unexpected(link_error());
  return tl::unexpected(system_error(fmt::format("receiving on {}", name_), error));
}

PortError RawPort::link_error() {
  ++stats_.times_down;
  gone_ = link_state(socket_.fd(), interface_.index) == LinkState::gone;
  return gone_ ? interface_missing(name_) : interface_down(name_);
}

tl::expected<std::size_t, PortError> RawPort::send(std::span<const Frame> batch) {
  std::size_t sent = 0;
  while (!batch.empty()) {
    const std::span<const Frame> part = batch.first(std::min(batch.size(), port_batch_max));
    const SendOutcome outcome = socket_.send(part);
    sent += outcome.sent;
    stats_.sent += outcome.sent;
    stats_.send_dropped += outcome.dropped;
    stats_.send_refused += outcome.refused;
    if (outcome.link_error) return tl::unexpected(link_error());
    batch = batch.subspan(part.size());
  }
  return sent;
}

tl::expected<void, PortError> RawPort::set_filter(std::string_view expression) {
  auto program = FilterProgram::compile_for(interface_.mac, expression);
  if (!program) return tl::unexpected(program.error());
  return filter_.replace(socket_.fd(), std::move(*program));
}

PortStats RawPort::stats() {
  stats_.receive_dropped += socket_.take_drops();
  return stats_;
}

}  // namespace

tl::expected<std::unique_ptr<PacketPort>, PortError> open_raw_port(const std::string& interface,
                                                                   const RawPortOptions& options) {
  require(std::has_single_bit(options.slot_bytes) && options.slot_bytes >= 256, "slot_bytes is a power of two");
  require(std::has_single_bit(options.slots), "slots is a power of two");
  auto socket = RawSocket::open(interface, options);
  if (!socket) return tl::unexpected(socket.error());
  const auto found = query_interface(socket->fd(), interface);
  if (!found) return tl::unexpected(found.error());
  return std::make_unique<RawPort>(interface, *found, std::move(*socket));
}

}  // namespace dvipa
