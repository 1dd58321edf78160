#pragma once
// PacketPort: frames in and out of one Ethernet interface, in batches, whatever carries them (RTE-9).
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "pcap/packet/mac_address.hpp"
#include "pcap/packet/offload.hpp"

namespace dvipa {

struct PortError {
  enum class Kind : std::uint8_t {
    interface_missing,  // there is none of this name, or it was removed: the port is of no use any more
    interface_down,     // it is down; the port goes on by itself when it is up again
    not_permitted,      // a capability is missing
    filter_invalid,     // the filter expression does not compile; the old filter stays
    system,             // anything else that the operating system said
  };
  Kind kind = Kind::system;
  std::string message;  // what failed and how to mend it, one line
};

// One frame in place. `bytes` may be changed (also sent on from there) and stay valid until the next receive() or the
// end of the port that they came from; keep a copy to hold a frame longer.
struct Frame {
  std::span<std::uint8_t> bytes;   // from the destination MAC, without FCS
  VnetHeader vnet{};               // what is left to do before it may be on a wire; sent along with it
  bool truncated = false;          // received incomplete: `bytes` is the start of it; not to be forwarded
  std::uint64_t timestamp_ns = 0;  // CLOCK_REALTIME of reception; 0 for frames that were not received
};

// Counters since the port was opened. Frames that a filter refused are in none of them.
struct PortStats {
  std::uint64_t received = 0;           // given out by receive()
  std::uint64_t receive_dropped = 0;    // matched the filter and lost: no free slot or buffer
  std::uint64_t receive_truncated = 0;  // of `received`: incomplete
  std::uint64_t sent = 0;               // taken by the kernel (pieces of an oversized frame count once)
  std::uint64_t send_dropped = 0;       // the interface's queue or the socket buffer stayed full
  std::uint64_t send_refused = 0;       // the kernel or port finds the frame unsendable (too long, bad vnet header)
  std::uint64_t times_down = 0;         // how often the interface was seen to go down
};

inline constexpr std::size_t port_batch_max = 64;

class PacketPort {
 public:
  PacketPort() = default;
  PacketPort(const PacketPort&) = delete;
  PacketPort& operator=(const PacketPort&) = delete;
  virtual ~PacketPort() = default;

  // Readable when there may be frames or a change of the interface's state. Call receive() until it gives none before
  // waiting for it again; frames given out before keep it readable.
  virtual int fd() const = 0;

  // Fills `batch` from its start with incoming frames to this host (to its MAC, broadcast or multicast) that match
  // the filter; gives how many (0: none at the moment). Never blocks. Ends the validity of frames given out before.
  // Says interface_down once each time that the interface goes down, interface_missing every time once it is removed.
  virtual tl::expected<std::size_t, PortError> receive(std::span<Frame> batch) = 0;

  // Sends in order; gives how many of the batch the kernel took (the rest is counted in stats). Waits at most 1 ms for
  // room. An error means that the interface is down or gone; frames of the batch from the failed one on are not sent.
  virtual tl::expected<std::size_t, PortError> send(std::span<const Frame> batch) = 0;

  // Replaces the filter, a pcap-filter(7) expression ("" = every frame); atomic: no moment without one or the other.
  // After it returns, receive() gives only frames that match the new one, also of those that came before. The initial
  // filter lets nothing in, so that no frame waits in a port that is not ready yet. Primitives about VLAN tags do
  // not apply: tags are taken off before the filter sees a frame.
  virtual tl::expected<void, PortError> set_filter(std::string_view pcap_filter_expression) = 0;

  virtual PortStats stats() = 0;
  virtual MacAddress mac() const = 0;  // as it was when the port was opened
  virtual unsigned mtu() const = 0;    // bytes of IP packet, as it is now
  virtual const std::string& name() const = 0;
};

}  // namespace dvipa
