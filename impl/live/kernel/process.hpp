#pragma once

#include <cstdint>
#include <string>

namespace dvipa::kernel {

// A process as /proc shows it: numbers of another PID namespace than ours must not be mixed in.
struct ProcessSeen {
  long pid = 0;             // 0 when there is no such process
  std::uint64_t start = 0;  // clock ticks after boot
  bool dying = false;       // it runs no more instruction of its program, but may still have its sockets
};

// `which`: a number, or "self".
ProcessSeen look_at_process(const std::string& which);

// Whether the process, told by its number and its start, lives. One that is dying is waited for, 10 s at most: the
// kernel takes its time to close packet sockets, and until then nobody else can have the process's ports.
bool is_alive(long pid, std::uint64_t start);

}  // namespace dvipa::kernel
