#pragma once
// A client, a forwarder and a server on one bridge, as clients and stacks are on one segment: the server holds the
// virtual address on its loopback and answers the client directly.
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "pcap/port/port.hpp"
#include "pcap/port/tun.hpp"
#include "spec/vocabulary/address.hpp"
#include "tests/live/port/namespaces.hpp"

namespace dvipa::test {

inline constexpr const char* virtual_address = "10.9.9.9";
inline constexpr const char* client_address = "10.77.0.200";
inline constexpr const char* forwarder_address = "10.77.0.1";
inline constexpr const char* server_address = "10.77.0.2";

struct SwitchedHosts {
  SwitchedHosts();
  Namespace bridge;
  Namespace client;
  Namespace forwarder;
  Namespace server;
  MacAddress server_mac;
  MacAddress forwarder_mac;

  // Lets the client reach the virtual address at this MAC without asking (nobody answers for it otherwise).
  void point_client_at(const MacAddress& mac) const;
};

// The least program that forwards: answers ARP for the virtual address, and sends what comes for it to one target, or
// gives it to the kernel of its own host.
class MiniForwarder {
 public:
  struct Counters {
    std::uint64_t forwarded = 0;
    std::uint64_t oversized = 0;  // of them: longer than the MTU
    std::uint64_t partial = 0;    // of them: with a checksum still to be completed
    std::uint64_t answered = 0;   // questions
  };

  // Runs on a thread until it is destroyed. The port is already open.
  MiniForwarder(std::unique_ptr<PacketPort> port, const MacAddress& target);
  MiniForwarder(std::unique_ptr<PacketPort> port, TunDevice own_kernel);
  MiniForwarder(const MiniForwarder&) = delete;
  MiniForwarder& operator=(const MiniForwarder&) = delete;
  ~MiniForwarder() { stop(); }

  // Ends the thread; counters and the port may be looked at afterwards.
  void stop();
  const Counters& counters() const { return counters_; }
  PacketPort& port() { return *port_; }
  const TunStats& delivered() const { return own_kernel_->stats(); }  // of one with a TUN device
  const std::string& error() const { return error_; }

 private:
  void start();
  void run();
  std::size_t forward(std::span<Frame> batch);

  std::unique_ptr<PacketPort> port_;
  MacAddress target_;
  std::optional<TunDevice> own_kernel_;
  Descriptor stop_event_;
  Counters counters_;
  std::string error_;
  std::thread thread_;
};

}  // namespace dvipa::test
