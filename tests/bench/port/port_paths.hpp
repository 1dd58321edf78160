#pragma once
// How fast frames get from a client to a server by different ways, measured side by side on one machine: figures mean
// something only as ratios within one run.
#include <string>
#include <vector>

#include "tests/live/port/switched_hosts.hpp"

namespace dvipa::test {

struct PathFigures {
  double frames_per_second = 0;    // 60-byte UDP frames of 256 flows that reach the server
  double tcp_bits_per_second = 0;  // one connection, all offloads on
  double round_trip_us = 0;        // median of one-byte requests on a connection
};

struct PathResult {
  std::string name;
  std::vector<PathFigures> rounds;
  PathFigures median() const;
};

struct PathOptions {
  int rounds = 3;
  double blast_seconds = 1.0;
  std::size_t transfer_bytes = 256U * 1024 * 1024;
  int round_trips = 1000;
};

// By nobody (the bridge alone), by a raw port, by a raw port whose slots hold any frame, by a libpcap port, and by
// nftables rules in the forwarder's kernel. Every round measures each of them in turn.
std::vector<PathResult> measure_paths(const PathOptions& options);

}  // namespace dvipa::test
