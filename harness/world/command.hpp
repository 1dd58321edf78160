#pragma once
// What can be asked of a world from outside: what operators, applications and clients do, and the faults.
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/world/state.hpp"

namespace dvipa::world {

enum class Verb : std::uint8_t {
  // Hosts.
  start,         // a host that is down, with a new incarnation
  kill,          // at once, with all that it knew
  stop,          // in good order: hands over first (MOV-7)
  pause,         // the whole host stands still
  resume,        // and goes on, believing what it believed
  slow,          // from now on each job of its kernel takes `amount` more
  jump,          // its clock jumps ahead by `amount`: its timers fire that much sooner
  kill_process,  // only the stack's process, at once: its kernel and the applications go on
  capacity,      // it measures that it can do `amount` more (RTE-8)
  weight,        // its operator gives `other` the weight `amount` for the DVIPA; -1: that of its distribution (RTE-8)
  activate,  // an application there is about to bind to the DVIPA, or, with `amount` 1, its operator asks for it (MOV)
  define,    // its profile says `definition` from now on (CFG-7); with Part::none it says nothing of the DVIPA any more
  // Applications.
  listen,
  close_listener,
  abort_application,  // dies: its listener and all its connections on the port
  // Clients.
  connect,
  send,
  close,
  abort,  // the client's host dies and starts again: nothing is left of the connection there
  stale,  // the client takes `stack` for the one that has the DVIPA
  // The network.
  partition,  // into `sides`
  one_way,    // nothing of `stack` reaches `other`
  heal,
  // Artificial order.
  keep_back,  // messages of `stack` to `other`
  deliver,    // `amount` of those that are kept back; 0: all, and keep back no more
  drop,       // every frame that is under way
  // Time.
  run,    // for `amount`
  settle  // until nothing more happens: faults end first
};

struct Sides {
  std::vector<std::uint64_t> members;  // each a set of nodes: bit n is stack n, bit n of `clients` is client n
  std::vector<std::uint64_t> clients;
  bool operator==(const Sides&) const = default;
};

struct Command {
  Verb verb = Verb::run;
  StackId stack;
  StackId other;
  std::uint32_t connection = 0;
  std::uint32_t client = 0;  // from 0
  Address address;           // a DVIPA; of a listener: what it is bound to, a wildcard or the DVIPA
  Port port = 0;
  std::int64_t amount = 0;  // microseconds, data segments, messages, or as the verb says
  Sides sides;
  std::optional<DvipaDefinition> definition;
  bool operator==(const Command&) const = default;
};

}  // namespace dvipa::world
