#pragma once
// Notices that this process did not run for longer than its peers wait for it (FLV-9).
#include <optional>

#include "impl/live/bus/boot_clock.hpp"

namespace dvipa::bus {

class PauseWatch {
 public:
  // `limit`: what the peers wait.
  PauseWatch(BootClock::duration limit, BootClock::time_point now) : limit_(limit), last_(now) {}

  // The heartbeats have just been sent: what is to come is measured from here.
  void beat(BootClock::time_point now) { last_ = now; }

  // How long there was no heartbeat, when that was longer than the limit; each pause is told once.
  std::optional<BootClock::duration> look(BootClock::time_point now) {
    const BootClock::duration gap = now - last_;
    if (gap <= limit_) return std::nullopt;
    last_ = now;
    return gap;
  }

 private:
  BootClock::duration limit_;
  BootClock::time_point last_;
};

}  // namespace dvipa::bus
