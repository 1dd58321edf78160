#pragma once
// The bounds, delays and rates of a world. Every fault that the network or the hosts may have is one of these options
// or a command (command.hpp); a world does nothing else to its stacks.
#include <compare>
#include <cstdint>

#include "impl/stack/mutant.hpp"

namespace dvipa::world {

// Virtual time in microseconds since the world began.
using Micros = std::int64_t;
inline constexpr Micros ms = 1000;

// How long something takes: drawn between both ends, inclusive.
struct Span {
  Micros least = 0;
  Micros most = 0;
  bool operator==(const Span&) const = default;
};

// Of a million.
using PerMillion = std::uint32_t;
inline constexpr PerMillion percent = 10'000;

struct Settings {
  unsigned stacks = 3;   // configured members, 1-60
  unsigned clients = 2;  // hosts with clients, 1-60
  std::uint64_t seed = 1;

  // Data frames: each way takes `frame`, and with `frame_late` it takes `frame_tail`. Nothing is under way for longer.
  Span frame{50, 1500};
  PerMillion frame_late = 0;
  Span frame_tail{2 * ms, 90 * ms};
  PerMillion frame_loss = 0;
  PerMillion frame_twice = 0;

  // The bus keeps its promises: FIFO for each ordered pair, nothing of an excluded member after the view.
  Span bus{100, 2 * ms};
  Span silence{250 * ms, 320 * ms};      // until a member that says nothing is excluded
  Span closed{1 * ms, 15 * ms};          // until the other end of a closed connection is seen
  Span redial{150 * ms, 400 * ms};       // until two members that have parted meet again; longer than a frame lives
  PerMillion crash_is_silent = 500'000;  // crashes that are seen by silence only, not by a closed connection
  bool codec = false;                    // every message goes through its bytes
  bool lists_to_concerned = false;       // a stack that a DVIPA does not concern hears only who owns it (LST-7)

  Span worker{50, 2 * ms};  // a change of the fence or of addresses, or a look at the connections, in a host's kernel

  // Clients send again after `resend`, doubled each time up to 16 times that; targets probe idle clients.
  Micros resend = 60 * ms;
  Micros idle = 800 * ms;

  // StackSettings. Ageing is faster than live, so that a world comes to rest soon.
  std::uint32_t join_ms = 500;
  std::uint32_t list_limit_ms = 2000;
  std::uint32_t report_limit_ms = 2000;
  std::uint32_t leave_limit_ms = 3000;
  std::uint32_t ageing_ms = 10;
  std::uint16_t ageing_rounds = 2;
  std::uint32_t frame_life_ms = 300;
  Mutant mutant = Mutant::none;

  bool operator==(const Settings&) const = default;
};

// Long enough for everything that the protocol waits for: lists, reports, ageing, and what clients and kernels give up.
inline Micros settling_time(const Settings& settings) {
  const Micros ageing = Micros{settings.ageing_ms} * 64 * (settings.ageing_rounds + 2) * ms;
  return Micros{settings.join_ms + settings.list_limit_ms + settings.report_limit_ms} * ms + ageing + 5 * settings.idle;
}

}  // namespace dvipa::world
