#pragma once
// A state of the abstract cluster: stacks, the bus between them, data frames on the network, clients. One DVIPA with
// one distributed port: DVIPAs share nothing but the bus, and all that one does to another is that the list which names
// both is sent again (Budget::lists), so one is enough. Sets of stacks are bit masks, a connection
// is the number of its 4-tuple, and every member is small, for a search holds hundreds of millions of these.
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "spec/checker/model.hpp"
#include "spec/vocabulary/message.hpp"

namespace dvipa::model {

// What plays scenarios only, and stores no states, is built with wide bounds. No program has both.
#ifdef DVIPA_WIDE_MODEL
inline constexpr unsigned kStacksMax = 8;
inline constexpr unsigned kConnectionsMax = 8;
inline constexpr unsigned kEpochBits = 8;
inline constexpr unsigned kChannelMax = 63;
inline constexpr unsigned kFramesMax = 127;
using PackedMessage = std::uint32_t;
#else
inline constexpr unsigned kStacksMax = 4;
inline constexpr unsigned kConnectionsMax = 2;
inline constexpr unsigned kEpochBits = 6;
inline constexpr unsigned kChannelMax = 19;
inline constexpr unsigned kFramesMax = 15;
using PackedMessage = std::uint16_t;
#endif
inline constexpr unsigned kNameBits = std::bit_width(kStacksMax);  // of a stack, or nobody
inline constexpr unsigned kConnectionBits = std::bit_width(kConnectionsMax - 1);
inline constexpr unsigned kOwnerBits = std::bit_width(kStacksMax - 1);  // of an epoch
inline constexpr unsigned kCounterMax = (1U << (kEpochBits - kOwnerBits)) - 1;

// A stack: its place in the ascending order of XCF addresses (1..kStacksMax); 0 is nobody.
using Stack = std::uint8_t;
inline constexpr Stack nobody = 0;
using Stacks = std::uint8_t;  // a set of stacks
constexpr Stacks only(Stack i) { return static_cast<Stacks>(1U << (i - 1U)); }
constexpr bool has(Stacks set, Stack i) { return i != nobody && (set & only(i)) != 0; }
constexpr void add(Stacks& set, Stack i) { set = static_cast<Stacks>(set | only(i)); }
constexpr void remove(Stacks& set, Stack i) { set = static_cast<Stacks>(set & ~only(i)); }

// One of them for each stack, counted from 1 as stacks are.
template <class Each>
struct ByStack {
  std::array<Each, kStacksMax> each{};
  Each& operator[](unsigned i) { return each[i - 1U]; }
  const Each& operator[](unsigned i) const { return each[i - 1U]; }
  bool operator==(const ByStack&) const = default;
};

// A period of ownership (FLV-10): counter and owner in one number that is ordered as the pair is. 0: never owned.
using Epoch = std::uint8_t;
constexpr Epoch epoch_of(unsigned counter, Stack owner) {
  return static_cast<Epoch>(counter << kOwnerBits | (owner - 1U));
}
constexpr Stack owner_of(Epoch epoch) {
  return epoch == 0 ? nobody : static_cast<Stack>((epoch & (kStacksMax - 1U)) + 1U);
}
constexpr unsigned counter_of(Epoch epoch) { return epoch >> kOwnerBits; }

enum class Life : std::uint8_t { up, paused, crashed };

// The end of a connection at a target, of one instance of its 4-tuple (0: none).
enum class End : std::uint8_t { none, half_open, open };
struct Endpoint {
  End end = End::none;
  std::uint8_t instance = 0;
  bool operator==(const Endpoint&) const = default;
};

// An entry of the CRT. `fresh`: a SYN made it or hit it less than the life of a frame ago, so that SYN, or one before
// it, may still open a connection at the target. `present`: it is of the target's present life. (Stacks tell lives
// apart by their numbers. Here it is enough to know which is over: nobody can tell one that is over from another.)
struct Entry {
  Stack target = nobody;
  bool fresh = false;
  bool present = false;
  bool operator==(const Entry&) const = default;
};

struct StackState {
  Life life = Life::up;
  bool ready = false;      // has the lists of all members that it met at its start
  bool listening = false;  // its application does
  bool asked = false;      // owner: the claimant wants it to let go, which it may not do yet
  Stacks view = 0;         // members that it is connected with
  Stacks outlived = 0;     // those of them whose life, as it has met them, is over
  Stacks listed = 0;       // those of them whose VIPA list it has
  Stacks primaries = 0;    // those, and perhaps itself, that say that they are the primary
  Stacks leaving = 0;      // those, and perhaps itself, that must not own (MOV-7)
  Epoch newest = 0;        // that it has heard of
  Epoch owning = 0;        // under which the owner that it knows owns; 0: it knows of none
  Epoch claiming = 0;      // under which somebody takes the DVIPA over from that owner
  Stacks waiting = 0;      // owner, claimant: members whose report is not complete
  Stacks dpt = 0;          // destination port table: the current actual targets
  std::array<Entry, kConnectionsMax> crt{};
  std::array<Endpoint, kConnectionsMax> endpoint{};
  ByStack<Epoch> said;  // under which each member's newest list says that it owns; 0: it does not
  bool operator==(const StackState&) const = default;
};

enum class MessageKind : std::uint8_t {
  list_none,
  list_claiming,
  list_owning,
  srv_stat,
  new_conn,
  term_conn,
  end_of_report,
  take_over,
  released,
  verify,
  not_held
};
struct Message {
  MessageKind kind = MessageKind::list_none;
  Epoch epoch = 0;
  std::uint8_t about = 0;  // a connection; srv_stat: listening; list_*: kPrimary | kLeaving
  Stack target = nobody;   // new_conn
  // One of several new_conn of the same report about different connections: these may come in any order.
  bool together = false;
  bool present = false;  // new_conn: of the target's present life
  bool operator==(const Message&) const = default;
};
inline constexpr std::uint8_t kPrimary = 1;
inline constexpr std::uint8_t kLeaving = 2;

// What one member has sent to another and the other has not yet received, in order. A state is copied at every step, so
// a message is kept as 16 bits (wide: 32): new_conn has a bit for `present` where lists have the second flag.
inline constexpr unsigned kEpochAt = 4;
inline constexpr unsigned kAboutAt = kEpochAt + kEpochBits;
inline constexpr unsigned kAboutBits = kConnectionBits + 1;
inline constexpr unsigned kTargetAt = kAboutAt + kAboutBits;
inline constexpr unsigned kTogetherAt = kTargetAt + kNameBits;
PackedMessage packed(const Message& message);
constexpr unsigned low(unsigned width) { return (1U << width) - 1U; }
constexpr Message unpacked(PackedMessage bits) {
  const auto kind = static_cast<MessageKind>(bits & 15U);
  const bool new_conn = kind == MessageKind::new_conn;
  return {kind,
          static_cast<Epoch>(bits >> kEpochAt & low(kEpochBits)),
          static_cast<std::uint8_t>(bits >> kAboutAt & low(new_conn ? kConnectionBits : kAboutBits)),
          static_cast<Stack>(bits >> kTargetAt & low(kNameBits)),
          bits >> kTogetherAt != 0,
          new_conn && (bits >> (kAboutAt + kConnectionBits) & 1U) != 0};
}
struct Channel {
  PackedMessage size = 0;  // as wide as they are: there is no gap behind it
  std::array<PackedMessage, kChannelMax> messages{};
  Message operator[](unsigned n) const { return unpacked(messages[n]); }
  void push(const Message& message);
  bool may_come(unsigned n) const;  // as the next
  Message take(unsigned n);
  bool ends_for(std::uint8_t connection, const Message& message) const;  // the last one about that connection is this
  void clear();
  void outlive(Stack target);  // its present life is over
};

// A SYN on its way from the owner to a target; it may arrive late, again, or never. Its sender is the epoch's owner.
struct Frame {
  std::uint8_t connection = 0;
  std::uint8_t instance = 0;
  Epoch epoch = 0;
  Stack to = nobody;
  auto operator<=>(const Frame&) const = default;
};
struct Frames {  // a set, ascending
  std::uint8_t size = 0;
  std::array<Frame, kFramesMax> frames{};
  void add(const Frame& frame);
  void remove_connection(std::uint8_t connection);
  void remove_between(Stack i, Stack j);
  void remove_of(Epoch epoch, Stack to);
  bool concerns(std::uint8_t connection) const;
};

// The client's side of a connection. `instance` counts the connections that its 4-tuple has had.
enum class ClientEnd : std::uint8_t { closed, syn_sent, established };
struct Client {
  ClientEnd end = ClientEnd::closed;
  std::uint8_t instance = 0;
  Stack peer = nobody;          // established: the target whose SYN-ACK it took, while that lives
  std::uint8_t syns_alive = 0;  // set of instances: a SYN may still arrive from the network
  // Its SYN was given to one target, and by an owner that did not see that one although it lives, to another. Whichever
  // the client meets, the other's packets are lost with a target that has failed as far as the group knows (FLV-12).
  bool contested = false;
  bool operator==(const Client&) const = default;
};

// What the environment may still do.
struct Budget {
  std::uint8_t crashes = 0;
  std::uint8_t restarts = 0;
  std::uint8_t pauses = 0;
  std::uint8_t partitions = 0;
  std::uint8_t listener_changes = 0;
  std::uint8_t moves = 0;
  std::uint8_t departures = 0;
  std::uint8_t lists = 0;  // that are sent again because of another DVIPA
  bool operator==(const Budget&) const = default;
};

// What is partitioned: nothing; the clients' network only, for the group heals first; both.
enum class Cut : std::uint8_t { none, clients, group };

// What must never happen, noted at the instant when it happens (see properties.cpp).
enum class Harm : std::uint8_t {
  reset = 1,             // of a connection whose target lives
  refusal = 2,           // of a SYN although the owner could know of a listener
  stray = 4,             // a packet of a connection accepted by a stack that is not its own
  loop = 8,              // a packet forwarded more than twice
  wrong_successor = 16,  // a claim although a better candidate lives
  to_non_listener = 32,  // a new connection forwarded to a stack whose end of listening the owner could know
  moved_in_use = 64,     // WHENIDLE: let go by an owner that routes a connection
  disrupted = 128,       // DISRUPTIVE: started by a bind although another stack has it
};

struct State {
  ByStack<ByStack<Channel>> bus{};                  // [from][to]; first, for nothing else has to be aligned
  std::array<StackState, kStacksMax + 1> stacks{};  // 0 is not used
  Frames frames;
  std::array<Client, kConnectionsMax> clients{};
  Stacks reach = 0;      // where frames from the network may arrive: whoever has ever advertised (stale ARP entries)
  Stacks reach_far = 0;  // the same for the clients on the far side
  Stacks far = 0;        // the far side of a partition
  Cut cut = Cut::none;
  std::uint8_t harm = 0;  // set of Harm
  Budget left;
  bool operator==(const State& other) const { return std::memcmp(this, &other, sizeof other) == 0; }
};
static_assert(std::has_unique_object_representations_v<State>);

// The model's own bounds do not hold what it is asked to do.
[[noreturn]] void broken(const char* what);

void encode(const State& state, unsigned stacks, unsigned connections, checker::Bytes& out);
State decode(unsigned stacks, unsigned connections, checker::ByteView in);

}  // namespace dvipa::model
