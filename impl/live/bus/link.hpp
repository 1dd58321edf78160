#pragma once
// One TCP connection to a member, from the first byte of its handshake to its end. What a member's going up or down
// means is the mesh's business.
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>

#include "impl/live/bus/boot_clock.hpp"
#include "impl/live/bus/bus.hpp"
#include "impl/live/bus/inbox.hpp"
#include "impl/live/bus/outbox.hpp"
#include "impl/wire/seal.hpp"

namespace dvipa::bus {

class Link;

// What a link tells. Each may end the link.
class LinkEvents {
 public:
  virtual ~LinkEvents() = default;
  // The other side has the key; session() is there from now on. A frame that is sent now tells it that it is welcome.
  virtual void on_proven(Link& link) = 0;
  // The first frame is here: the other side welcomes us too.
  virtual void on_welcome(Link& link) = 0;
  virtual void on_frame(Link& link, std::span<const std::uint8_t> plaintext) = 0;  // the first one too
  // The connection is over, by the other side or because of what came; the link has ended itself.
  virtual void on_ended(Link& link) = 0;
};

class Link : public std::enable_shared_from_this<Link> {
 public:
  // `socket` is connected. `events` and `counters` must outlive the link or its end().
  Link(boost::asio::ip::tcp::socket socket, wire::Handshake handshake, LinkEvents& events, BusCounters& counters);

  void start();  // sends the hello and waits for the other's
  void end();    // closes; nothing is told or delivered any more
  bool ended() const { return ended_; }

  const std::optional<wire::Session>& session() const { return session_; }
  Address remote_address() const { return remote_address_; }
  BootClock::time_point since() const { return since_; }

  // Takes what waits in the socket, up to a bound.
  void read_now();
  // True when anything came since the last call; any byte counts as a sign of life.
  bool heard() { return std::exchange(heard_, false); }

  // Proven links only. Sent together at the end of this turn of the loop.
  bool add_message(const Message& message, std::size_t part);
  void add_heartbeat();
  std::size_t unsent_bytes() const { return outbox_ ? outbox_->bytes() : 0; }
  // Since when the socket has taken nothing although something is to be sent.
  std::optional<BootClock::time_point> undrained_since() const;

  // Sends what is queued and then says that nothing more comes; goes on reading up to the other's end, telling nothing
  // but that.
  void finish();

 private:
  void await_bytes();
  void take_received();
  bool take_handshake();
  void take_frames();
  void flush_soon();
  void flush();
  void flush_handshake();
  void end_and_tell();
  void refuse(wire::Refusal refusal);

  boost::asio::ip::tcp::socket socket_;
  wire::Handshake handshake_;
  LinkEvents& events_;
  BusCounters& counters_;
  Address remote_address_;
  BootClock::time_point since_ = BootClock::now();
  std::vector<std::uint8_t> handshake_out_;  // fits any socket buffer; written at once or the link ends
  std::optional<wire::Session> session_;
  std::optional<wire::Opener> opener_;
  std::optional<Outbox> outbox_;
  Inbox inbox_;
  BootClock::time_point drained_at_ = since_;
  bool heard_ = false;
  bool welcome_ = false;
  bool flush_is_due_ = false;
  bool awaits_writable_ = false;
  bool write_failed_ = false;
  bool finishing_ = false;
  bool ended_ = false;
};

}  // namespace dvipa::bus
