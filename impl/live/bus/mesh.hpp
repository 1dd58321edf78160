#pragma once
// The connections of one member to all others: who connects, who is up, who is silent.
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

#include "impl/live/bus/bus.hpp"
#include "impl/live/bus/link.hpp"
#include "impl/live/bus/pause_watch.hpp"

namespace dvipa::bus {

class Bus::Mesh : public LinkEvents, public std::enable_shared_from_this<Bus::Mesh> {
 public:
  Mesh(boost::asio::io_context& io, const Cluster& cluster, const ClusterMember& self, Incarnation incarnation,
       const MacAddress& mac, BusEvents& events, const BusLimits& limits);

  tl::expected<void, BusFailure> listen();
  void start();
  void stop();
  bool send(StackId member, const Message& message);
  bool is_up(StackId member) const { return peer_of(member) != nullptr && peer_of(member)->link != nullptr; }
  void leave(std::function<void()> done);
  void notice_pause();
  const BusCounters& counters() const { return counters_; }

  void on_proven(Link& link) override;
  void on_welcome(Link& link) override;
  void on_frame(Link& link, std::span<const std::uint8_t> plaintext) override;
  void on_ended(Link& link) override;

 private:
  // Another member, as seen from here. The member with the lower StackId connects.
  struct Peer {
    StackId stack;
    boost::asio::ip::tcp::endpoint endpoint;
    std::shared_ptr<Link> link;  // the member is up
    // While we connect to it and until it welcomes us.
    std::unique_ptr<boost::asio::ip::tcp::socket> dialing;
    std::shared_ptr<Link> dialed;
    unsigned dials = 0;  // tells the answer to one that was given up from the answer to the present one
    BootClock::time_point dialed_at;
    BootClock::time_point redial_at;
    BootClock::duration backoff{};
    Incarnation newest_incarnation = 0;  // FLV-10
    unsigned quiet_checks = 0;
    bool it_said_leaving = false;
    bool we_said_leaving = false;
    bool overflowed = false;  // its queue; it will be down at the end of this turn of the loop
  };

  Peer* peer_of(StackId member);
  const Peer* peer_of(StackId member) const { return const_cast<Mesh*>(this)->peer_of(member); }
  wire::Handshake handshake_with(wire::Side side, StackId expected) const;

  // Coming and going of connections.
  void accept();
  void take_accepted(boost::asio::ip::tcp::socket socket);
  void dial(Peer& peer);
  void try_lost_members();
  void try_at_once(Peer& peer);
  void dial_failed(Peer& peer);
  void dial_answered(Peer& peer, boost::system::error_code error);
  bool admit(Link& link);
  void make_up(Peer& peer, std::shared_ptr<Link> link);
  void make_down(Peer& peer, DownReason reason);
  std::shared_ptr<Link> take_unproven(Link& link, Peer& peer);

  // The pulse.
  void arm_check();
  void check();
  void check_life(Peer& peer);
  void check_handshakes(BootClock::time_point now);
  void redial_due(BootClock::time_point now);
  void beat();
  void finish_leaving_if_done();

  boost::asio::io_context& io_;
  Cluster cluster_;
  ClusterMember self_;
  wire::Hello hello_;  // without its nonce
  BusEvents& events_;
  BusLimits limits_;
  BusCounters counters_;
  boost::asio::ip::tcp::acceptor acceptor_;
  bool accepting_ = false;
  std::vector<Peer> peers_;                     // ascending by StackId
  std::deque<std::shared_ptr<Link>> unproven_;  // accepted and not up yet, oldest first
  boost::asio::steady_timer check_timer_;
  BootClock::duration interval_;
  BootClock::duration silence_;
  PauseWatch pause_watch_;
  unsigned checks_per_interval_;  // silence is noticed at most interval / this late
  unsigned checks_ = 0;
  bool stopped_ = false;
  bool leaving_ = false;
  BootClock::time_point leaving_since_;
  std::function<void()> left_;
};

}  // namespace dvipa::bus
