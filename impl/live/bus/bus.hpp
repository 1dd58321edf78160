#pragma once
// The bus between members (the XCF of the field): a mesh of TCP connections, one a pair, sealed with the key of the
// cluster. Reliable and FIFO per ordered pair; says who is up and who is down, and after it has said that a member is
// down nothing that the member had sent before is delivered.
//
// Single-threaded: everything, also the events, happens in the io_context's thread. No exceptions come out.
#include <array>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "impl/live/cluster.hpp"
#include "spec/vocabulary/message.hpp"

namespace dvipa::bus {

using MacAddress = std::array<std::uint8_t, 6>;

enum class DownReason : std::uint8_t {
  closed,  // its connection was closed or reset: the process has ended
  silent,  // not a byte from it for interval_ms * misses, or it does not take what is sent to it
  left,    // it had said Leaving
};
std::string_view to_string(DownReason reason);  // "closed", "silent", "left"

// What the bus tells. Every function may call the Bus, but not destroy it.
class BusEvents {
 public:
  virtual ~BusEvents() = default;
  virtual void on_member_up(StackId member, Incarnation incarnation, const MacAddress& mac) = 0;
  virtual void on_member_down(StackId member, DownReason reason) = 0;
  // Only between the sender's on_member_up and on_member_down. Leaving comes here too; the member is down when its
  // connection closes after that.
  virtual void on_message(StackId from, Message&& message) = 0;
  // This process did not run for `ms`, longer than the others wait before they call it silent. Comes before anything
  // else that is delivered after the pause (FLV-9).
  virtual void on_paused(std::uint64_t ms) = 0;
  // A member is about to be connected to, at its XCF address.
  virtual void on_dial(const Address& /*xcf*/) {}
};

// Totals since the bus was opened.
struct BusCounters {
  std::uint64_t connections_refused = 0;        // from an address that no member has, or too many from one
  std::uint64_t knocks = 0;                     // of members that we are to connect to: they are there
  std::uint64_t handshakes_malformed = 0;       // not a hello, or not of our format
  std::uint64_t handshakes_unexpected = 0;      // from somebody else than was expected, or of an earlier incarnation
  std::uint64_t handshakes_of_other_group = 0;  // the member lists differ
  std::uint64_t handshakes_wrong_key = 0;
  std::uint64_t handshakes_timed_out = 0;
  std::uint64_t frames_refused = 0;      // altered, repeated, out of order, foreign, or too long; the connection ends
  std::uint64_t messages_malformed = 0;  // sealed by a member and still not a message; ignored
  std::uint64_t messages_unknown = 0;    // of a kind or version not known here; ignored (LST-6)
  std::uint64_t messages_sent = 0;
  std::uint64_t messages_received = 0;
  std::uint64_t messages_not_sent = 0;  // to a member that was not up
  std::uint64_t bytes_sent = 0;
  std::uint64_t bytes_received = 0;
  std::uint64_t heartbeats_sent = 0;
  std::uint64_t heartbeats_received = 0;
  std::uint64_t pauses = 0;
  std::uint64_t lateness_ms_max = 0;  // of our own timer
  bool operator==(const BusCounters&) const = default;
};

// Why the bus could not be opened, and how that can be mended.
struct BusFailure {
  std::string what;
  std::string remedy;
  int error_number = 0;  // errno; 0 when the refusal is not the system's
};

// Bounds that no operator needs to set.
struct BusLimits {
  std::size_t unsent_bytes_max = std::size_t{256} << 20;  // a peer; beyond it the peer is down
  std::chrono::milliseconds undrained_max{5'000};         // a peer that takes nothing of it for so long is down
  std::chrono::milliseconds handshake_max{1'000};         // from connect or accept to the proof
  // Until a SYN is answered by the other host's kernel; one that was lost is sent anew no later, so that members meet
  // again within the detection time when a partition has healed (FLV-11).
  std::chrono::milliseconds connect_max{100};
  std::chrono::milliseconds connect_min{5};     // what there is always time for
  unsigned unproven_per_member_max = 4;         // accepted connections from one address without a proof
  std::chrono::milliseconds reconnect_min{20};  // doubles with each failure
  std::chrono::milliseconds reconnect_max{60};
};

class Bus {
 public:
  // Starts to listen at `self`'s XCF address and to connect to the others. `events` must outlive the Bus.
  // `self` must be a member. `incarnation` must be greater than in every former life of this member (FLV-10).
  static tl::expected<Bus, BusFailure> open(boost::asio::io_context& io, const Cluster& cluster, StackId self,
                                            Incarnation incarnation, const MacAddress& mac, BusEvents& events,
                                            const BusLimits& limits = {});
  Bus(Bus&&) noexcept;
  Bus& operator=(Bus&&) noexcept;
  ~Bus();  // closes every connection at once; what is unsent is lost, and no event comes any more

  // Queues `message`, in as many parts as its remotes need. FIFO a member. False, and nothing done, when the member is
  // not up.
  bool send(StackId member, const Message& message);
  bool is_up(StackId member) const;

  // Says Leaving to all (unless it has been sent already), sends what is queued, and closes. No event comes any more,
  // and nothing can be sent. `done` is called when all others have closed too, or after interval_ms * misses.
  void leave(std::function<void()> done);

  // Reports a pause now if there was one and it has not been reported. For the shell, before it forwards packets after
  // it has waited: a stack that was paused yields first (FLV-9). Cheap (a clock read).
  void notice_pause();

  const BusCounters& counters() const;

 private:
  class Mesh;
  explicit Bus(std::shared_ptr<Mesh> mesh);
  std::shared_ptr<Mesh> mesh_;
};

}  // namespace dvipa::bus
