#pragma once
// Random schedules: a seed makes a cluster, what its clients and applications do, and the faults that befall it.
#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string_view>

#include "harness/world/scenario.hpp"

namespace dvipa::world {

enum class Fault : std::uint8_t {
  loss,
  twice,
  late,
  crash,
  pause,
  partition,
  one_way,
  slow,
  application,
  clock,
  stale,
  reuse,
  profile,
  leave,
  process,
  move
};
inline constexpr std::size_t fault_count = 16;
using Faults = std::bitset<fault_count>;

struct FaultText {
  Fault fault;
  std::string_view name;
  std::string_view meaning;
};
inline constexpr std::array<FaultText, fault_count> fault_texts{{
    {Fault::loss, "loss", "data frames are lost"},
    {Fault::twice, "twice", "data frames arrive twice"},
    {Fault::late, "late", "data frames arrive late and out of order, also when their sender is dead"},
    {Fault::crash, "crash", "hosts crash and start again with a new incarnation"},
    {Fault::pause, "pause", "hosts stand still, some for longer than it takes to be excluded, and go on"},
    {Fault::partition, "partition", "the network falls into two parts, or one host is cut off, and heals"},
    {Fault::one_way, "one-way", "nothing of one host reaches another"},
    {Fault::slow, "slow", "a kernel takes its time: late reports, late changes of the fence"},
    {Fault::application, "application", "applications close their listeners, or die, and listen again"},
    {Fault::clock, "clock", "the clock of a host jumps ahead"},
    {Fault::stale, "stale", "clients send to a host that does not own the DVIPA (any more)"},
    {Fault::reuse, "reuse", "clients use the 4-tuple of a connection that has ended again"},
    {Fault::profile, "profile", "ranks and parts change while the stacks run"},
    {Fault::leave, "leave", "stacks leave in good order, and start again"},
    {Fault::process, "process", "the process of a stack dies; its kernel goes on with applications and connections"},
    {Fault::move, "move", "a DVIPA goes from stack to stack, by binds of applications and by operators"},
}};

struct ScheduleLimits {
  unsigned commands = 60;  // about
  Faults faults = Faults{}.set();
  Mutant mutant = Mutant::none;
};

// The same seed and limits give the same scenario. It ends by healing everything, coming to rest, sending on every
// connection, opening new ones, and coming to rest again.
Scenario make_schedule(std::uint64_t seed, const ScheduleLimits& limits);

}  // namespace dvipa::world
