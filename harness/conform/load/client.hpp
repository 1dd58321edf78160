#pragma once
// The load: one process of a client host that holds thousands of connections through the DVIPAs, each exchanging
// checked records all the time, and probes the forwarding path every millisecond.
#include <cstdint>
#include <string>
#include <vector>

#include "spec/vocabulary/connection.hpp"

namespace dvipa::load {

struct Target {
  Address address;
  Port port = 60;
};

struct ClientOptions {
  std::vector<Target> targets;
  std::vector<Address> sources;  // taken in turn, those of the target's family; none = as the kernel likes
  unsigned steady_per_target = 1000;
  std::uint32_t interval_ms = 100;         // between a reply and the next request, on average (jitter +-50 %); 2-1000
  std::uint32_t payload_bytes_max = 256;   // of a request; each draws its size
  unsigned churn_per_second = 0;           // connections that open each second, a target
  std::uint32_t churn_exchanges_max = 10;  // of each of these; each draws its number
  unsigned probes_per_target = 400;        // probe connections; longer outages than this in ms are measured coarsely
  std::vector<std::string>
      probe_avoids;                      // servers whose connections carry no probes: those that are going to be killed
  std::uint32_t open_limit_ms = 30'000;  // to open all that is steady
  std::uint32_t finish_limit_ms = 10'000;  // for the last exchange and the close of all
  std::uint64_t seed = 1;
  int control_fd = -1;  // SOCK_SEQPACKET, see below
  int account_fd = -1;  // where the Account is written at the end
};

// Runs until it is told to finish, or control_fd is closed by its other end. Returns 0, or 1 when it could not work at
// all (says why on standard error).
//
// It hears "mark" (begin a new Window) and "finish" (open nothing more, exchange once more, close all in good order,
// write the account). It tells its progress four times a second and when the phase changes, as JSON: {"phase":
// "opening" | "running" | "finishing", "open", "of": steady and probe connections, "lost": of all uses, "waiting_ms":
// the longest present wait for a reply}.
int run_client(const ClientOptions& options);

}  // namespace dvipa::load
