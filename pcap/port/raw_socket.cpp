// System calls of the raw port. Order matters at the start: the socket has no protocol until ring and filter are in
// place, so that no frame comes in by another way.
#include "pcap/port/raw_socket.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "pcap/packet/invariant.hpp"
#include "pcap/port/filter.hpp"
#include "pcap/port/interface.hpp"

namespace dvipa {
namespace {

// The kernel's layout; <linux/virtio_net.h> itself cannot be read by a C++ compiler.
static_assert(sizeof(VnetHeader) == 10 && offsetof(VnetHeader, header_length) == 2);
static_assert(offsetof(VnetHeader, gso_size) == 4 && offsetof(VnetHeader, checksum_start) == 6);
static_assert(offsetof(VnetHeader, checksum_offset) == 8);

constexpr std::size_t block_bytes = std::size_t{256} * 1024;
constexpr int send_buffer_bytes = 8 * 1024 * 1024;
constexpr int send_wait_ms_max = 1;
constexpr std::size_t queue_buffers = port_batch_max;
constexpr std::size_t buffer_headroom = 16;  // for a tag to be put back
constexpr std::size_t buffer_bytes = buffer_headroom + frame_bytes_max + 10;

bool set(int fd, int level, int option, int value) {
  return ::setsockopt(fd, level, option, &value, sizeof value) == 0;
}

// Beyond the system's limit when the process may, else as far as the limit allows.
void set_buffer(int fd, int force_option, int option, std::size_t bytes) {
  const int value = static_cast<int>(std::min<std::size_t>(bytes, 1U << 30U));
  if (!set(fd, SOL_SOCKET, force_option, value)) set(fd, SOL_SOCKET, option, value);
}

}  // namespace

Mapping::~Mapping() {
  if (start_ != nullptr) ::munmap(start_, size_);
}

tl::expected<RawSocket, PortError> RawSocket::open(const std::string& interface, const RawPortOptions& options) {
  Descriptor fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return tl::unexpected(system_error(fmt::format("opening a packet socket on {}", interface), errno));
  const auto found = query_interface(fd.get(), interface);
  if (!found) return tl::unexpected(found.error());
  RawSocket socket(std::move(fd), found->index, options);
  if (auto done = FilterProgram{}.attach(socket.fd()); !done) return tl::unexpected(done.error());
  if (auto done = socket.set_options(); !done) return tl::unexpected(done.error());
  if (auto done = socket.map_ring(); !done) return tl::unexpected(done.error());
  if (auto done = socket.bind_to_interface(interface); !done) return tl::unexpected(done.error());
  return socket;
}

tl::expected<void, PortError> RawSocket::set_options() {
  const auto failed = [](const char* option) { return tl::unexpected(system_error(option, errno)); };
  if (!set(fd(), SOL_PACKET, PACKET_VERSION, TPACKET_V2)) return failed("PACKET_VERSION TPACKET_V2");
  if (!set(fd(), SOL_PACKET, PACKET_VNET_HDR, 1)) return failed("PACKET_VNET_HDR");
  if (!set(fd(), SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)) return failed("PACKET_IGNORE_OUTGOING (needs Linux 4.20)");
  // Frames longer than a slot are also queued whole, up to the receive buffer.
  if (!set(fd(), SOL_PACKET, PACKET_COPY_THRESH, 1)) return failed("PACKET_COPY_THRESH");
  set_buffer(fd(), SO_RCVBUFFORCE, SO_RCVBUF, options_.queue_bytes_max);
  set_buffer(fd(), SO_SNDBUFFORCE, SO_SNDBUF, send_buffer_bytes);
  return {};
}

tl::expected<void, PortError> RawSocket::map_ring() {
  tpacket_req request{};
  const std::size_t size = options_.slot_bytes * options_.slots;
  const std::size_t block = std::min(std::max(block_bytes, options_.slot_bytes), std::max<std::size_t>(size, 4096));
  request.tp_block_size = static_cast<unsigned>(block);
  request.tp_block_nr = static_cast<unsigned>(std::max<std::size_t>(size / block, 1));
  request.tp_frame_size = static_cast<unsigned>(options_.slot_bytes);
  request.tp_frame_nr = request.tp_block_nr * static_cast<unsigned>(block / options_.slot_bytes);
  options_.slots = request.tp_frame_nr;
  if (::setsockopt(fd(), SOL_PACKET, PACKET_RX_RING, &request, sizeof request) != 0) {
    return tl::unexpected(system_error(fmt::format("a receive ring of {} bytes", size), errno));
  }
  const std::size_t mapped = std::size_t{request.tp_block_size} * request.tp_block_nr;
  void* start = ::mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd(), 0);
  if (start == MAP_FAILED) return tl::unexpected(system_error("mapping the receive ring", errno));
  ring_ = Mapping(static_cast<std::uint8_t*>(start), mapped);
  return {};
}

tl::expected<void, PortError> RawSocket::bind_to_interface(const std::string& name) {
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  // Every protocol: only such a socket sees frames before the netdev ingress hook drops them.
  address.sll_protocol = htons(ETH_P_ALL);
  address.sll_ifindex = index_;
  if (::bind(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return tl::unexpected(system_error(fmt::format("binding a packet socket to {}", name), errno));
  }
  // A card lets only the groups in that somebody joined; solicitations for a DVIPA go to a group that its own
  // interface does not join (RFC 4291 section 2.7.1).
  packet_mreq groups{};
  groups.mr_ifindex = index_;
  groups.mr_type = PACKET_MR_ALLMULTI;
  if (::setsockopt(fd(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &groups, sizeof groups) != 0) {
    return tl::unexpected(system_error(fmt::format("receiving all groups on {}", name), errno));
  }
  const int error = take_error();  // an interface that is down says so at once; receive() would say it again
  if (error != 0 && error != ENETDOWN) return tl::unexpected(system_error("a new packet socket", error));
  return {};
}

std::uint8_t* RawSocket::slot_at(std::size_t position) const {
  return ring_.start() + position % options_.slots * options_.slot_bytes;
}

bool RawSocket::next(RingSlot& slot) {
  if (given_ == options_.slots) return false;
  std::uint8_t* const start = slot_at(next_);
  auto& header = *reinterpret_cast<tpacket2_hdr*>(start);
  const std::uint32_t status = std::atomic_ref(header.tp_status).load(std::memory_order_acquire);
  if ((status & TP_STATUS_USER) == 0) return false;
  slot.queued = (status & TP_STATUS_COPY) != 0;
  if (slot.queued && buffers_used_ == queue_buffers) return false;
  // The kernel puts the vnet header right before the frame, if there is room for any of the frame.
  slot.bytes = {start + header.tp_mac, header.tp_snaplen};
  slot.vnet = VnetHeader{};
  if (header.tp_snaplen > 0) std::memcpy(&slot.vnet, start + header.tp_mac - sizeof(VnetHeader), sizeof(VnetHeader));
  slot.truncated = header.tp_snaplen < header.tp_len;
  slot.vlan_tagged = (status & TP_STATUS_VLAN_VALID) != 0;
  slot.vlan_protocol = (status & TP_STATUS_VLAN_TPID_VALID) != 0 ? header.tp_vlan_tpid : std::uint16_t{ETH_P_8021Q};
  slot.vlan_tag = header.tp_vlan_tci;
  slot.timestamp_ns = std::uint64_t{header.tp_sec} * 1'000'000'000 + header.tp_nsec;
  ++next_;
  ++given_;
  return true;
}

bool RawSocket::receive_queued(std::span<std::uint8_t>& frame, VnetHeader& vnet) {
  if (buffers_.empty()) buffers_.resize(queue_buffers * buffer_bytes);
  std::uint8_t* const buffer = buffers_.data() + buffers_used_ * buffer_bytes + buffer_headroom;
  VnetHeader received;
  std::array<iovec, 2> parts{{{&received, sizeof received}, {buffer, buffer_bytes - buffer_headroom}}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t length = ::recvmsg(fd(), &message, MSG_DONTWAIT);
  if (length <= static_cast<ssize_t>(sizeof received)) return false;
  ++buffers_used_;
  vnet = received;
  frame = {buffer, static_cast<std::size_t>(length) - sizeof received};
  return (message.msg_flags & MSG_TRUNC) == 0;
}

void RawSocket::release() {
  for (; given_ > 0; --given_) {
    auto& header = *reinterpret_cast<tpacket2_hdr*>(slot_at(next_ - given_));
    std::atomic_ref(header.tp_status).store(TP_STATUS_KERNEL, std::memory_order_release);
  }
  buffers_used_ = 0;
}

SendOutcome RawSocket::send(std::span<const Frame> batch) {
  require(batch.size() <= port_batch_max, "a batch fits");
  std::array<mmsghdr, port_batch_max> messages{};
  std::array<std::array<iovec, 2>, port_batch_max> parts;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    // sendmsg() does not write to what an iovec names.
    parts[i][0] = {const_cast<VnetHeader*>(&batch[i].vnet), sizeof(VnetHeader)};
    parts[i][1] = {batch[i].bytes.data(), batch[i].bytes.size()};
    messages[i].msg_hdr.msg_iov = parts[i].data();
    messages[i].msg_hdr.msg_iovlen = parts[i].size();
  }
  SendOutcome outcome;
  bool waited = false;
  bool stale_error_passed = false;
  for (std::size_t done = 0; done < batch.size();) {
    const int taken =
        ::sendmmsg(fd(), messages.data() + done, static_cast<unsigned>(batch.size() - done), MSG_DONTWAIT);
    if (taken > 0) {
      outcome.sent += static_cast<std::size_t>(taken);
      done += static_cast<std::size_t>(taken);
    } else if (errno == EINTR) {
      continue;
    } else if (errno == EAGAIN && !waited) {
      pollfd room{fd(), POLLOUT, 0};
      ::poll(&room, 1, send_wait_ms_max);
      waited = true;
    } else if (errno == EAGAIN) {
      outcome.dropped += batch.size() - done;
      break;
    } else if (errno == ENETDOWN || errno == ENXIO || errno == ENODEV) {
      // A socket remembers that its interface was down until it is asked, also when it is up again.
      outcome.link_error = stale_error_passed || link_state(fd(), index_) != LinkState::up;
      if (outcome.link_error) break;
      stale_error_passed = true;
    } else {
      (errno == ENOBUFS || errno == ENOMEM ? outcome.dropped : outcome.refused) += 1;
      ++done;
    }
  }
  return outcome;
}

int RawSocket::take_error() {
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

std::uint64_t RawSocket::take_drops() {
  tpacket_stats counters{};
  socklen_t size = sizeof counters;
  return ::getsockopt(fd(), SOL_PACKET, PACKET_STATISTICS, &counters, &size) == 0 ? counters.tp_drops : 0;
}

}  // namespace dvipa
