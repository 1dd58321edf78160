// port_bench [rounds]: the ways from a client to a server in a table, each also as a ratio to the way without a
// forwarder. Needs root (namespaces, packet sockets) and nft.
#include <fmt/core.h>

#include <cstdlib>

#include "tests/bench/port/port_paths.hpp"

int main(int count, char** arguments) {
  using dvipa::test::PathFigures;
  dvipa::test::PathOptions options;
  if (count > 1) options.rounds = std::atoi(arguments[1]);
  if (options.rounds < 1) {
    fmt::print(stderr, "usage: port_bench [rounds, at least 1]\n");
    return 2;
  }
  const auto results = dvipa::test::measure_paths(options);
  const PathFigures direct = results.front().median();
  fmt::print("median of {} rounds; in brackets the ratio to direct\n", options.rounds);
  fmt::print("{:<10} {:>18} {:>22} {:>20}\n", "way", "small frames", "TCP", "one request");
  for (const auto& result : results) {
    const PathFigures figures = result.median();
    fmt::print("{:<10} {:>7.3f} Mpps ({:.2f}) {:>8.2f} Gbit/s ({:.2f}) {:>8.1f} us ({:.2f})\n", result.name,
               figures.frames_per_second / 1e6, figures.frames_per_second / direct.frames_per_second,
               figures.tcp_bits_per_second / 1e9, figures.tcp_bits_per_second / direct.tcp_bits_per_second,
               figures.round_trip_us, figures.round_trip_us / direct.round_trip_us);
  }
  return 0;
}
