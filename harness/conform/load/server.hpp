#pragma once
// The application of the lab: accepts connections, checks every request, answers each with a record of its own that
// names it.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "spec/vocabulary/connection.hpp"

namespace dvipa::load {

struct ServerOptions {
  std::string name;  // that its replies bear; at most server_name_max bytes
  Port port = 60;
  Address address = Address::v4(0);  // to listen on; 0.0.0.0 = every IPv4 address, none (::) = every address
  bool ends_by_reset = false;        // when the process dies, so do its connections: without a FIN
  int ready_fd = -1;                 // a byte is written there when it listens; -1 = nowhere
  int account_fd = -1;               // where the account is written at the end, as CBOR; -1 = nowhere
};

// Serves until SIGTERM or SIGINT; SIGUSR1 ends the listener only, what is open goes on (RTE-6); SIGUSR2 makes it listen
// again. Returns 0, or 1 when it cannot listen (says why on standard error).
//
// The account: {"name", "life", "requests", "damage": {kind: count}, "connections": [[peer address, peer port, accepted
// at (ns, CLOCK_MONOTONIC), connection id or 0, damaged requests]]}.
int serve(const ServerOptions& options);

}  // namespace dvipa::load
