#pragma once
// The cluster that the failover suite runs: the files of docs/examples/failover, built in, and what they say.
#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spec/vocabulary/connection.hpp"

namespace dvipa::conform {

struct ExampleFile {
  std::string_view name;
  std::string_view text;
};
std::span<const ExampleFile> example_files();

// A DVIPA of the example, as a judge from outside expects it to behave.
struct ExampleDvipa {
  std::string label;
  Address address;
  Port port = 0;
  std::string primary;
  std::string backup;
  // The candidate targets of each possible owner.
  std::map<std::string, std::vector<std::string>> candidates;
};

// The families of the DVIPAs; the bus is IPv4 in any case.
enum class Family : std::uint8_t {
  v4,     // as in the files
  v6,     // both DVIPAs in IPv6
  mixed,  // DVA1 in IPv4, DVB1 in IPv6
};

inline constexpr unsigned example_stacks = 5;
inline constexpr std::chrono::milliseconds example_detection{250};  // heartbeat interval times misses
std::vector<ExampleDvipa> example_dvipas(Family family);            // DVA1, DVB1
// The text of a file with the DVIPAs in this family.
std::string in_family(std::string_view text, Family family);

}  // namespace dvipa::conform
