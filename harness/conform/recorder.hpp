#pragma once
// What passes e0 of every host, one pcapng file a host, and what the judge reads from these files.
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/lab/lab.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::conform {

class Recorder {
 public:
  // Everything, or enough to follow what happened under load: ARP, ICMP, ICMPv6, the bus, the beginning and end of
  // every connection, and one of 64 connections whole. Files are bounded. Writes FOLDER/HOST.pcapng.
  enum class What : std::uint8_t { everything, outline };
  static lab::Result<Recorder> start(lab::Lab& lab, const std::string& folder, What what);

  // One line for each host of which packets are missing in its file, and why.
  std::vector<std::string> stop();

 private:
  lab::Process process_;
  lab::FileDescriptor report_;
};

// Who opened which connection, by the source MAC address of each SYN-ACK that the client saw; and who said at which
// time that an address is his, by ARP or by a neighbour advertisement. Times CLOCK_REALTIME.
struct Sightings {
  struct Opened {
    std::int64_t time_ns = 0;
    std::string host;
  };
  struct Announced {
    std::int64_t time_ns = 0;
    Address address;
    std::string host;
  };
  std::map<std::pair<Address, Port>, std::vector<Opened>> opened;  // by the client's end
  std::vector<Announced> announced;
};
lab::Result<Sightings> read_sightings(const std::string& client_capture, const std::vector<lab::HostPlan>& hosts);

}  // namespace dvipa::conform
