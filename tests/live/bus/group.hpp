#pragma once
// Members of a group in one process and one loop, on addresses of the loopback interface that no other process uses.
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "impl/live/bus/bus.hpp"

namespace dvipa::bus::test {

// Three members or more at 127.x.y.1, .2, ... with a key of 32 equal bytes.
Cluster loopback_cluster(unsigned members, Heartbeat heartbeat = {20, 5}, std::uint8_t key = 1);
// An address of the same network that is no member's.
Address stranger_address();
boost::asio::ip::tcp::endpoint endpoint_of(const ClusterMember& member);

// What a bus told, in its order, as text: "up 2 incarnation 7", "down 2 silent", "paused", "message 2 SrvStat".
// Every message must come between its sender's up and down, ups and downs must alternate; `faults` names what did not.
class Recorder : public BusEvents {
 public:
  void on_member_up(StackId member, Incarnation incarnation, const MacAddress& mac) override;
  void on_member_down(StackId member, DownReason reason) override;
  void on_message(StackId from, Message&& message) override;
  void on_paused(std::uint64_t ms) override;

  bool is_up(std::uint8_t member) const { return up.contains(member); }
  bool saw(const std::string& event) const { return count(event) > 0; }
  std::size_t count(const std::string& event) const;
  // The events without pauses: on a busy machine there may be one at any time.
  std::vector<std::string> about_members() const;

  std::vector<std::string> events;
  std::map<std::uint8_t, Incarnation> up;
  std::map<std::uint8_t, MacAddress> macs;
  std::map<std::uint8_t, std::vector<Message>> messages;  // by sender
  std::vector<std::string> faults;
  std::function<void(StackId, const Message&)> then;  // called for each message, when there is one
};

MacAddress mac_of(StackId stack);

class Group {
 public:
  explicit Group(unsigned members, Heartbeat heartbeat = {20, 5});
  ~Group();

  // `cluster` in place of the group's own, when the member is to differ.
  Bus& start(std::uint8_t stack, Incarnation incarnation = 1, const Cluster* different = nullptr,
             const BusLimits& limits = {});
  void stop(std::uint8_t stack);  // as if its process ended
  Bus& bus(std::uint8_t stack) { return *buses_.at(stack); }
  Recorder& recorder(std::uint8_t stack) { return *recorders_.at(stack); }
  bool running(std::uint8_t stack) const { return buses_.contains(stack); }
  // Every running member sees every other running one.
  bool meshed() const;

  // Runs the loop until `condition` holds; false when it did not within `bound_ms`.
  bool run_until(const std::function<bool()>& condition, unsigned bound_ms = 20'000);
  // Runs the loop for as long as it takes to see that `condition` stays false; true when it did.
  bool stays_false(const std::function<bool()>& condition, unsigned for_ms) { return !run_until(condition, for_ms); }

  boost::asio::io_context io;
  Cluster cluster;

 private:
  std::map<std::uint8_t, std::unique_ptr<Recorder>> recorders_;
  std::map<std::uint8_t, std::unique_ptr<Bus>> buses_;
};

}  // namespace dvipa::bus::test
