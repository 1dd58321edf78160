#pragma once
// An AF_PACKET socket with a TPACKET_V2 receive ring and vnet headers: the system calls of the raw port.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/port/descriptor.hpp"
#include "pcap/port/port.hpp"
#include "pcap/port/raw_port.hpp"

namespace dvipa {

// One frame as it stands in the ring.
struct RingSlot {
  std::span<std::uint8_t> bytes;  // at least 10 bytes before them are free to be written
  VnetHeader vnet;
  bool truncated = false;
  bool queued = false;  // too long for the slot: the whole of it waits in the socket's queue
  bool vlan_tagged = false;
  std::uint16_t vlan_protocol = 0;
  std::uint16_t vlan_tag = 0;
  std::uint64_t timestamp_ns = 0;
};

struct SendOutcome {
  std::size_t sent = 0;
  std::size_t dropped = 0;
  std::size_t refused = 0;
  bool link_error = false;  // the interface is down or gone; what is not counted was not tried
};

// Memory that is shared with the kernel.
class Mapping {
 public:
  Mapping() = default;
  Mapping(std::uint8_t* start, std::size_t size) : start_(start), size_(size) {}
  Mapping(Mapping&& other) noexcept : start_(std::exchange(other.start_, nullptr)), size_(other.size_) {}
  Mapping& operator=(Mapping&& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(size_, other.size_);
    return *this;
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping();
  std::uint8_t* start() const { return start_; }

 private:
  std::uint8_t* start_ = nullptr;
  std::size_t size_ = 0;
};

class RawSocket {
 public:
  // Bound to the interface, with a filter that lets nothing in.
  static tl::expected<RawSocket, PortError> open(const std::string& interface, const RawPortOptions& options);

  int fd() const { return socket_.get(); }
  // The next frame of the ring, which stays ours until release(). False: there is none now, or no buffer for it.
  bool next(RingSlot& slot);
  // Takes the oldest frame from the queue into a buffer that is ours until release(). False: it is not complete.
  bool receive_queued(std::span<std::uint8_t>& frame, VnetHeader& vnet);
  // Gives all slots and buffers back.
  void release();
  // At most port_batch_max frames (asserted).
  SendOutcome send(std::span<const Frame> batch);

  // The pending error of the socket, which it forgets; 0: none.
  int take_error();
  // Frames that the kernel found no room for, since the last call.
  std::uint64_t take_drops();

 private:
  RawSocket(Descriptor socket, int index, const RawPortOptions& options)
      : socket_(std::move(socket)), index_(index), options_(options) {}
  tl::expected<void, PortError> set_options();
  tl::expected<void, PortError> map_ring();
  tl::expected<void, PortError> bind_to_interface(const std::string& name);
  std::uint8_t* slot_at(std::size_t position) const;

  Descriptor socket_;
  int index_ = 0;
  RawPortOptions options_;
  Mapping ring_;
  std::size_t next_ = 0;               // position of the slot to look at
  std::size_t given_ = 0;              // slots before it that are ours
  std::vector<std::uint8_t> buffers_;  // for frames from the queue
  std::size_t buffers_used_ = 0;
};

}  // namespace dvipa
