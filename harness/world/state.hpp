#pragma once
// What a world is made of, as plain values: packets, hosts with their kernels, the bus, clients, and what is to happen.
#include <bitset>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "harness/world/settings.hpp"
#include "impl/stack/stack.hpp"

namespace dvipa::world {

// --- packets -------------------------------------------------------------------------------------------------------

enum class PacketKind : std::uint8_t {
  // From the client.
  syn,
  ack,  // of the handshake, of a FIN, or the answer to a probe
  data,
  fin,
  reset,
  // From a target, or from whoever answers in its place.
  syn_ack,
  data_ack,
  fin_ack,
  challenge,  // the 4-tuple is in use here by another instance (RFC 5961)
  probe,
  refusal  // a RST
};
constexpr bool is_from_client(PacketKind kind) { return kind <= PacketKind::reset; }

struct Packet {
  std::uint32_t connection = 0;  // place of its 4-tuple in World::connections()
  std::uint32_t instance = 0;    // of the 4-tuple: what the initial sequence numbers tell apart
  std::uint32_t number = 0;      // data: which; data_ack: of how many
  PacketKind kind = PacketKind::syn;
  std::uint8_t hops = 0;  // times that it was forwarded inside the group (RTE-12)
  StackId peer;           // whom the client takes for the other end: the numbers that it acknowledges
  bool unaware = false;   // its router had not heard of another owner that its target follows (see Judge)
  auto operator<=>(const Packet&) const = default;
};

// --- what is to happen ---------------------------------------------------------------------------------------------

struct Event {
  enum class Kind : std::uint8_t {
    message,         // host receives the next message of peer
    member_up,       // host learns that peer is up (number: session)
    member_down,     // host learns that peer is down
    suspect,         // host excludes peer if that is still silent
    redial,          // host and peer try to connect
    frame,           // arrives at host; from peer, or from the network
    answer,          // a target's frame (of peer) arrives at its client
    neighbour,       // the client (number) learns that peer has the DVIPA (timer.dvipa)
    timer,           // of the stack
    worker,          // the next job of the host's worker is done
    announce,        // every advertised address again (number: turn)
    client_clock,    // of connection number
    endpoint_clock,  // of connection number at host
  } kind = Kind::message;
  Micros at = 0;
  std::uint64_t order = 0;
  StackId host;
  StackId peer;
  bool relayed = false;
  std::uint32_t number = 0;
  std::uint32_t turn = 0;  // what was armed or started then; void when its owner has gone on since
  Packet packet;
  Timer timer;
};

struct Later {
  bool operator()(const Event& one, const Event& other) const {
    return one.at != other.at ? one.at > other.at : one.order > other.order;
  }
};

// --- hosts ---------------------------------------------------------------------------------------------------------

struct Endpoint {
  enum class State : std::uint8_t { half_open, established, last_ack } state = State::half_open;
  std::uint32_t instance = 0;
  std::uint32_t received = 0;  // data, in order
  std::uint32_t clock = 0;     // the turn of its timer that counts
  std::uint8_t tries = 0;      // of what is sent again and again until it is answered
  bool told = false;           // to the stack
  Micros heard_at = 0;
  Incarnation incarnation = 0;  // of the host's stack when it began
  bool of_two_owners = false;   // another stack owned the DVIPA as well when it began
  bool operator==(const Endpoint&) const = default;
};

using Stacks = std::bitset<64>;

struct Kernel {
  std::set<std::pair<Address, Port>> listeners;
  std::map<std::uint32_t, Endpoint> endpoints;  // by connection
  std::set<Address> addresses;                  // hidden ones (LST-2)
  std::map<Address, Stacks> fence;              // whose frames are let in (TGT-6)
  bool operator==(const Kernel&) const = default;
};

using WorkerJob = std::variant<effect::AcceptForwarder, effect::RefuseForwarder, effect::HoldAddress,
                               effect::LookForConnections, effect::AbortConnections, effect::BreakConnections>;

struct HeldFrame {
  Packet packet;
  StackId forwarded_by;
  bool relayed = false;
};

struct Host {
  enum class Life : std::uint8_t { down, up, paused } life = Life::down;
  Incarnation incarnation = 0;
  Micros paused_at = 0;
  bool kernel_lives = false;  // although the stack's process is down
  bool leaving = false;       // told to; it is no candidate any more (MOV-7)
  std::optional<Stack> stack;
  Definitions profile;
  std::set<std::pair<Address, Port>> applications;  // what listens when the host is up
  // DVIPAs that the stack has got by a bind or its operator, until it says that it has no part in them (CFG-5).
  std::set<Address> activated;
  std::optional<effect::ActivationAnswered::Answer> answered;  // last
  Kernel kernel;
  std::set<Address> advertised;
  std::vector<HeldFrame> held;
  std::map<Timer, std::uint32_t> timers;  // the turn of each that counts
  std::deque<WorkerJob> worker;
  Micros worker_free_at = 0;
  Micros worker_extra = 0;  // a slow host
  Stacks known;             // members whose frames it can tell from the network's
  std::uint32_t announcing = 0;
  std::vector<Event> deferred;  // while paused
};

// --- the bus -------------------------------------------------------------------------------------------------------

// What one member knows of another, and what is on its way from it to the other.
struct Link {
  bool up = false;
  std::uint32_t session = 0;
  std::deque<Message> queue;
  std::uint32_t due = 0;  // of the queue: could have arrived, had anything not kept it back
  std::uint32_t sent = 0;
  Micros last_arrival = 0;
  bool kept_back = false;  // by command
};

// --- clients -------------------------------------------------------------------------------------------------------

struct ClientHost {
  std::map<Address, StackId> neighbours;  // ARP: who has the DVIPA; may be stale
};

struct ClientConnection {
  enum class State : std::uint8_t { closed, syn_sent, established, closing } state = State::closed;
  enum class End : std::uint8_t { none, closed, refused, reset, timed_out } end = End::none;
  Connection tuple;
  unsigned client = 0;
  std::uint32_t instance = 0;
  StackId peer;
  std::uint32_t wanted = 0;  // data to send
  std::uint32_t acknowledged = 0;
  std::uint32_t tries = 0;
  std::uint32_t clock = 0;
  std::uint32_t draws = 0;  // frames so far: the place in its own row of random numbers
  // Its SYN went to one target, and when the router had excluded that one although it lives, to another. Whichever the
  // client meets, the other half is lost with a target that has failed as far as the group knows (FLV-12). Or its SYN
  // was answered outside the distribution. Nothing is promised of such a connection.
  bool contested = false;
};

// --- the verdict -----------------------------------------------------------------------------------------------------

// The first thing that went wrong.
struct Violation {
  Micros at = 0;
  std::string property;  // with the requirements that it is of
  std::string what;
  bool operator==(const Violation&) const = default;
};

}  // namespace dvipa::world
