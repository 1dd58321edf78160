#pragma once
// A TCP connection as its 4-tuple, and what routing needs to know of one segment of it.
#include <compare>
#include <cstdint>

#include "spec/vocabulary/address.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa {

using Port = std::uint16_t;

// The part of a connection's 4-tuple that is not the DVIPA itself; messages about one DVIPA carry these.
struct Remote {
  Address client;
  Port client_port = 0;
  Port dvipa_port = 0;
  constexpr auto operator<=>(const Remote&) const = default;
};

struct Connection {
  Address dvipa;
  Remote remote;
  constexpr auto operator<=>(const Connection&) const = default;
};

// What the packet path looks at (RTE-3). Made by pcap/packet from bytes, by the world from values.
struct Segment {
  Connection connection;  // destination is the DVIPA; ports are 0 when `kind` is `other`
  enum class Kind : std::uint8_t { tcp, other } kind = Kind::tcp;
  bool syn = false;       // SYN set and ACK not set: the first segment of a connection
  bool fragment = false;  // a fragment other than a whole datagram: its ports may be absent (RTE-10)
  StackId forwarded_by;   // the member that sent this frame to us; nobody when it comes from the network (RTE-12)
  // With `forwarded_by`: sent on to us as the owner by a stack that is not (TKB-4), and not to us as a target. So a
  // packet goes from the network to a former owner, from there to the owner, then to a target, and never further.
  bool relayed = false;
};

}  // namespace dvipa
