#pragma once
// Hosts made of network namespaces: each has one interface, e0, on one Ethernet segment that is a bridge in a namespace
// of its own.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "harness/lab/failure.hpp"
#include "harness/lab/process.hpp"
#include "spec/vocabulary/address.hpp"

namespace dvipa::lab {

struct HostPlan {
  std::string name;                // 1-15 letters, digits, '-'; unique in the lab
  std::vector<Address> addresses;  // of e0; the first is IPv4. IPv6 ones are left out where the kernel has no IPv6.
  bool is_client = false;          // runs no stack
};

struct Plan {
  std::vector<HostPlan> hosts;
  unsigned prefix_bits = 16;  // of IPv4
  unsigned prefix_bits_v6 = 48;
};

inline constexpr unsigned stacks_max = 99;
inline constexpr unsigned clients_max = 2;
inline constexpr unsigned client_addresses = 4;  // of each

// client (10.77.0.100 and up), client2 (10.77.0.104 and up) and MVS1..MVSn (10.77.0.n), all in 10.77.0.0/16, and the
// same in fd77::/48 (fd77::64 and up, fd77::n). 1 <= stacks <= stacks_max, 1 <= clients <= clients_max.
Plan standard_plan(unsigned stacks, unsigned clients = 1);

// Of a host's e0: locally administered, and readable in a capture: its last four bytes are the first address of the
// host.
std::string mac_address(const HostPlan& host);

class Lab {
 public:
  // Needs the capability to make namespaces: root, or the inside of a sandbox. The hosts are gone when the Lab is, or
  // the thread that built it.
  static Result<Lab> build(const Plan& plan);

  const std::vector<HostPlan>& hosts() const { return plan_.hosts; }
  // Of a host: the process that holds its namespaces. 0 when there is no such host.
  pid_t holder(const std::string& host) const;

  // A child inside the host (its network, mounts, host name; its own /run) that runs `body`, or the command.
  Result<Process> start(const std::string& host, const std::function<int()>& body);
  Result<Process> start(const std::string& host, const std::vector<std::string>& command);
  // Runs the command to its end; the failure tells its exit status and its standard error.
  Result<std::string> run(const std::string& host, const std::vector<std::string>& command);

  // For sockets: calls `action` in this process, with the host's network for as long as it runs.
  Result<void> within(const std::string& host, const std::function<void()>& action);

  // The same in the network of the segment, with the names of the interfaces on which all of either part is sent and
  // heard.
  Result<void> within_segment(const std::function<void(const std::vector<std::string>& interfaces)>& action);

  // Pulls or plugs the cable of a host: the far end of its e0. Down, the host has no carrier and every frame from and
  // to it is lost in silence; at once, in both directions.
  Result<void> set_link(const std::string& host, bool up);

  // Parts the segment: frames pass among these hosts, and among all others, and none from one side to the other. Nobody
  // loses the carrier. Without hosts it is whole again.
  Result<void> part(const std::set<std::string>& hosts);

 private:
  struct Host {
    Process holder;
  };
  Lab() = default;
  Result<Host*> find(const std::string& host);
  Result<void> hold(const std::string& name);
  Result<void> connect_hosts();
  Result<void> configure(const HostPlan& host);
  Result<void> move_port(const std::string& host, const char* from, const char* to);

  Plan plan_;
  std::map<std::string, Host> hosts_;  // and the segment, under the name ""
  FileDescriptor own_network_;
  FileDescriptor segment_socket_;
  std::set<std::string> beyond_;  // hosts on the other part of the segment
};

// Enters the namespaces `flags` (CLONE_NEW...) of process `pidfd`; for a child that is to run there.
bool enter(int pidfd, int flags);

}  // namespace dvipa::lab
