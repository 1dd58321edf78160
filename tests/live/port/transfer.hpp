#pragma once
// A TCP transfer between the kernels of two hosts, with digests of what was sent and what arrived.
#include <cstdint>
#include <string>

#include "tests/live/port/switched_hosts.hpp"

namespace dvipa::test {

struct Transfer {
  std::size_t sent_up = 0;
  std::size_t received_up = 0;
  std::uint64_t digest_sent_up = 0;
  std::uint64_t digest_received_up = 0;
  std::uint64_t digest_sent_down = 0;
  std::uint64_t digest_received_down = 0;
  double seconds_up = 0;  // from the first byte sent until the server had the last
  std::string error;      // empty: none
};

// The client sends `bytes` to the virtual address; the server answers with as many of its own.
Transfer transfer_both_ways(const Namespace& client, const Namespace& server, std::size_t bytes);
// Only up.
Transfer transfer_up(const Namespace& client, const Namespace& server, std::size_t bytes);

}  // namespace dvipa::test
