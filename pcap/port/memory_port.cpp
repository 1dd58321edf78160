// Ports joined by queues in memory.
#include "pcap/port/memory_port.hpp"

#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <vector>

#include "pcap/port/descriptor.hpp"
#include "pcap/port/filter.hpp"
#include "pcap/port/interface.hpp"

namespace dvipa {
namespace {

struct StoredFrame {
  std::vector<std::uint8_t> bytes;
  VnetHeader vnet;
};

class MemoryPort final : public PacketPort {
 public:
  MemoryPort(std::string name, MacAddress mac, const MemoryPortOptions& options, Descriptor event)
      : name_(std::move(name)), mac_(mac), options_(options), event_(std::move(event)) {}
  ~MemoryPort() override {
    if (peer_ == nullptr) return;
    peer_->peer_ = nullptr;
    peer_->wake();
  }
  void join(MemoryPort& peer) { peer_ = &peer; }

  int fd() const override { return event_.get(); }
  const std::string& name() const override { return name_; }
  MacAddress mac() const override { return mac_; }
  unsigned mtu() const override { return options_.mtu; }
  PortStats stats() override { return stats_; }

  tl::expected<std::size_t, PortError> receive(std::span<Frame> batch) override;
  tl::expected<std::size_t, PortError> send(std::span<const Frame> batch) override;
  tl::expected<void, PortError> set_filter(std::string_view expression) override;

 private:
  void accept(const Frame& frame);
  void wake() { ::eventfd_write(event_.get(), 1); }

  std::string name_;
  MacAddress mac_;
  MemoryPortOptions options_;
  Descriptor event_;
  MemoryPort* peer_ = nullptr;
  FilterProgram program_;
  std::deque<StoredFrame> queue_;
  std::vector<StoredFrame> given_;
  PortStats stats_;
};

void MemoryPort::accept(const Frame& frame) {
  if (!program_.matches_without_tag(frame.bytes)) return;
  if (queue_.size() == options_.queue_frames_max) {
    ++stats_.receive_dropped;
    return;
  }
  queue_.push_back({{frame.bytes.begin(), frame.bytes.end()}, frame.vnet});
  wake();
}

tl::expected<std::size_t, PortError> MemoryPort::receive(std::span<Frame> batch) {
  given_.clear();
  while (given_.size() < batch.size() && !queue_.empty()) {
    given_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (std::size_t i = 0; i < given_.size(); ++i) batch[i] = Frame{.bytes = given_[i].bytes, .vnet = given_[i].vnet};
  if (given_.empty()) {
    eventfd_t seen = 0;
    ::eventfd_read(event_.get(), &seen);
    if (peer_ == nullptr) return tl::unexpected(interface_missing(name_));
  }
  stats_.received += given_.size();
  return given_.size();
}

tl::expected<std::size_t, PortError> MemoryPort::send(std::span<const Frame> batch) {
  if (peer_ == nullptr) return tl::unexpected(interface_missing(name_));
  std::size_t sent = 0;
  for (const Frame& frame : batch) {
    const bool fits = frame.vnet.gso_type != VnetHeader::gso_none || frame.bytes.size() <= options_.mtu + 14 + 4;
    if (!fits || frame.bytes.size() < 14) {
      ++stats_.send_refused;
      continue;
    }
    peer_->accept(frame);
    ++sent;
  }
  stats_.sent += sent;
  return sent;
}

tl::expected<void, PortError> MemoryPort::set_filter(std::string_view expression) {
  auto program = FilterProgram::compile_for(mac_, expression);
  if (!program) return tl::unexpected(program.error());
  program_ = std::move(*program);
  std::erase_if(queue_, [&](const StoredFrame& frame) { return !program_.matches_without_tag(frame.bytes); });
  return {};
}

}  // namespace

tl::expected<std::pair<std::unique_ptr<PacketPort>, std::unique_ptr<PacketPort>>, PortError> open_memory_ports(
    const MemoryPortOptions& options) {
  Descriptor event_a(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  Descriptor event_b(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  if (!event_a || !event_b) return tl::unexpected(system_error("joining two ports in memory", errno));
  auto a = std::make_unique<MemoryPort>("memory-a", options.mac_a, options, std::move(event_a));
  auto b = std::make_unique<MemoryPort>("memory-b", options.mac_b, options, std::move(event_b));
  a->join(*b);
  b->join(*a);
  return std::pair<std::unique_ptr<PacketPort>, std::unique_ptr<PacketPort>>(std::move(a), std::move(b));
}

}  // namespace dvipa
