// The libpcap back-end. Frames are copied out of libpcap's ring, as it takes a slot back when its callback returns.
#include "pcap/port/pcap_port.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "pcap/port/descriptor.hpp"
#include "pcap/port/filter.hpp"
#include "pcap/port/interface.hpp"

namespace dvipa {
namespace {

constexpr int buffer_bytes = 32 * 1024 * 1024;  // of the ring, whose slots are as long as the longest frame
constexpr timeval send_wait{0, 1000};

struct ClosePcap {
  void operator()(pcap_t* handle) const { pcap_close(handle); }
};
using PcapHandle = std::unique_ptr<pcap_t, ClosePcap>;

class PcapPort final : public PacketPort {
 public:
  PcapPort(std::string name, const Interface& interface, PcapHandle handle, SocketFilter filter)
      : name_(std::move(name)),
        interface_(interface),
        handle_(std::move(handle)),
        filter_(std::move(filter)),
        arena_(port_batch_max * frame_bytes_max),
        scratch_(frame_bytes_max) {}

  int fd() const override { return pcap_get_selectable_fd(handle_.get()); }
  const std::string& name() const override { return name_; }
  MacAddress mac() const override { return interface_.mac; }
  unsigned mtu() const override { return query_mtu(fd(), name_).value_or(interface_.mtu); }

  tl::expected<std::size_t, PortError> receive(std::span<Frame> batch) override;
  tl::expected<std::size_t, PortError> send(std::span<const Frame> batch) override;
  tl::expected<void, PortError> set_filter(std::string_view expression) override;
  PortStats stats() override;

 private:
  static void take(u_char* port, const pcap_pkthdr* header, const u_char* bytes);
  void store(const pcap_pkthdr& header, std::span<const std::uint8_t> bytes);
  tl::expected<std::size_t, PortError> nothing_received();
  tl::expected<void, PortError> look_at_link();
  bool send_one(const Frame& frame);
  bool inject(std::span<const std::uint8_t> frame);

  std::string name_;
  Interface interface_;
  PcapHandle handle_;
  SocketFilter filter_;
  PortStats stats_;
  std::vector<std::uint8_t> arena_;  // of the frames given out
  std::size_t arena_used_ = 0;
  std::vector<std::uint8_t> scratch_;  // of a frame that is finished before it is sent
  std::span<Frame> batch_;
  std::size_t count_ = 0;
  std::uint32_t drops_seen_ = 0;
  int send_errno_ = 0;
  bool down_ = false;
  bool gone_ = false;
};

void PcapPort::take(u_char* port, const pcap_pkthdr* header, const u_char* bytes) {
  reinterpret_cast<PcapPort*>(port)->store(*header, {bytes, header->caplen});
}

void PcapPort::store(const pcap_pkthdr& header, std::span<const std::uint8_t> bytes) {
  if (!filter_.admits(bytes)) return;
  Frame frame;
  frame.truncated = header.caplen < header.len;
  if (const auto parsed = parse_frame(bytes); parsed && !frame.truncated) {
    const auto vnet = infer_offload(bytes, *parsed, interface_.mtu);
    if (!vnet) {
      ++stats_.receive_dropped;
      return;
    }
    frame.vnet = *vnet;
  }
  frame.bytes = std::span(arena_).subspan(arena_used_, bytes.size());
  std::memcpy(frame.bytes.data(), bytes.data(), bytes.size());
  arena_used_ += bytes.size();
  // With nanosecond precision libpcap counts nanoseconds in tv_usec.
  frame.timestamp_ns =
      static_cast<std::uint64_t>(header.ts.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(header.ts.tv_usec);
  stats_.receive_truncated += frame.truncated ? 1U : 0U;
  batch_[count_++] = frame;
}

tl::expected<std::size_t, PortError> PcapPort::receive(std::span<Frame> batch) {
  if (gone_) return tl::unexpected(interface_missing(name_));
  batch_ = batch.first(std::min(batch.size(), port_batch_max));
  count_ = 0;
  arena_used_ = 0;
  while (count_ < batch_.size()) {
    const int wanted = static_cast<int>(batch_.size() - count_);
    const int seen = pcap_dispatch(handle_.get(), wanted, &PcapPort::take, reinterpret_cast<u_char*>(this));
    if (seen < 0) {
      if (link_state(fd(), interface_.index) == LinkState::gone) break;
      return tl::unexpected(
          PortError{PortError::Kind::system, fmt::format("receiving on {}: {}", name_, pcap_geterr(handle_.get()))});
    }
    if (seen == 0) break;
  }
  if (count_ == 0) return nothing_received();
  stats_.received += count_;
  return count_;
}

tl::expected<std::size_t, PortError> PcapPort::nothing_received() {
  filter_.ring_is_empty();
  interface_.mtu = mtu();
  if (auto link = look_at_link(); !link) return tl::unexpected(link.error());
  return 0;
}

tl::expected<void, PortError> PcapPort::look_at_link() {
  const LinkState state = link_state(fd(), interface_.index);
  const bool was_down = std::exchange(down_, state != LinkState::up);
  if (down_ && !was_down) ++stats_.times_down;
  gone_ = state == LinkState::gone;
  if (gone_) return tl::unexpected(interface_missing(name_));
  if (down_ && !was_down) return tl::unexpected(interface_down(name_));
  return {};
}

bool PcapPort::inject(std::span<const std::uint8_t> frame) {
  // libpcap names the error in words only; the kernel's number stays in errno.
  errno = 0;
  const bool taken = pcap_inject(handle_.get(), frame.data(), frame.size()) >= 0;
  send_errno_ = taken ? 0 : errno;
  return taken;
}

// What the vnet header leaves to do is done here, in a copy: the caller may send the same frame by another port too.
bool PcapPort::send_one(const Frame& frame) {
  send_errno_ = EMSGSIZE;
  if (frame.vnet.gso_type != VnetHeader::gso_none) {
    const bool cut = segment_in_software(frame.bytes, frame.vnet, scratch_,
                                         [this](std::span<std::uint8_t> piece) { return inject(piece); });
    return cut && send_errno_ == 0;
  }
  if ((frame.vnet.flags & VnetHeader::needs_checksum) == 0) return inject(frame.bytes);
  if (frame.bytes.size() > scratch_.size()) return false;
  const auto copy = std::span(scratch_).first(frame.bytes.size());
  std::memcpy(copy.data(), frame.bytes.data(), copy.size());
  return complete_checksum(copy, frame.vnet) && inject(copy);
}

tl::expected<std::size_t, PortError> PcapPort::send(std::span<const Frame> batch) {
  if (gone_) return tl::unexpected(interface_missing(name_));
  std::size_t sent = 0;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    bool taken = send_one(batch[i]);
    // A socket remembers that its interface was down until it is asked, also when it is up again.
    if (!taken && send_errno_ == ENETDOWN && link_state(fd(), interface_.index) == LinkState::up) {
      taken = send_one(batch[i]);
    }
    if (taken) {
      ++sent;
      ++stats_.sent;
    } else if (send_errno_ == ENETDOWN || send_errno_ == ENXIO || send_errno_ == ENODEV) {
      if (auto link = look_at_link(); !link) return tl::unexpected(link.error());
      return tl::unexpected(interface_down(name_));
    } else if (send_errno_ == EAGAIN) {
      stats_.send_dropped += batch.size() - i;  // it has waited already
      break;
    } else {
      ++(send_errno_ == ENOBUFS || send_errno_ == ENOMEM ? stats_.send_dropped : stats_.send_refused);
    }
  }
  return sent;
}

tl::expected<void, PortError> PcapPort::set_filter(std::string_view expression) {
  auto program = FilterProgram::compile_for(interface_.mac, expression);
  if (!program) return tl::unexpected(program.error());
  // Not pcap_setfilter(), which closes the socket with a "nothing" filter for the time of the change.
  return filter_.replace(fd(), std::move(*program));
}

PortStats PcapPort::stats() {
  pcap_stat counters{};
  if (pcap_stats(handle_.get(), &counters) == 0) {
    stats_.receive_dropped += static_cast<std::uint32_t>(counters.ps_drop - drops_seen_);  // it wraps at 32 bits
    drops_seen_ = counters.ps_drop;
  }
  return stats_;
}

PortError pcap_error(const std::string& interface, int status, pcap_t* handle) {
  const std::string what = fmt::format("opening {} with libpcap", interface);
  if (status == PCAP_ERROR_NO_SUCH_DEVICE) return interface_missing(interface);
  if (status == PCAP_ERROR_PERM_DENIED) return system_error(what, EPERM);
  if (status == PCAP_ERROR_IFACE_NOT_UP) return interface_down(interface);
  return {PortError::Kind::system, fmt::format("{}: {}: {}", what, pcap_statustostr(status), pcap_geterr(handle))};
}

tl::expected<PcapHandle, PortError> activate(const std::string& interface) {
  char words[PCAP_ERRBUF_SIZE] = "";
  PcapHandle handle(pcap_create(interface.c_str(), words));
  if (!handle) {
    return tl::unexpected(PortError{PortError::Kind::system, fmt::format("libpcap, {}: {}", interface, words)});
  }
  pcap_set_snaplen(handle.get(), static_cast<int>(frame_bytes_max));
  pcap_set_promisc(handle.get(), 0);
  pcap_set_immediate_mode(handle.get(), 1);
  pcap_set_buffer_size(handle.get(), buffer_bytes);
  pcap_set_tstamp_precision(handle.get(), PCAP_TSTAMP_PRECISION_NANO);
  const int status = pcap_activate(handle.get());
  if (status < 0) return tl::unexpected(pcap_error(interface, status, handle.get()));
  if (pcap_setnonblock(handle.get(), 1, words) < 0 || pcap_setdirection(handle.get(), PCAP_D_IN) < 0) {
    return tl::unexpected(pcap_error(interface, PCAP_ERROR, handle.get()));
  }
  return handle;
}

}  // namespace

tl::expected<std::unique_ptr<PacketPort>, PortError> open_pcap_port(const std::string& interface) {
  const Descriptor question(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const auto found = query_interface(question.get(), interface);
  if (!found) return tl::unexpected(found.error());
  auto handle = activate(interface);
  if (!handle) return tl::unexpected(handle.error());
  const int fd = pcap_get_selectable_fd(handle->get());
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_wait, sizeof send_wait);
  // What came in before the filter was closed is refused by it as it leaves the ring.
  SocketFilter filter;
  if (auto closed = filter.replace(fd, FilterProgram{}); !closed) return tl::unexpected(closed.error());
  return std::make_unique<PcapPort>(interface, *found, std::move(*handle), std::move(filter));
}

}  // namespace dvipa
