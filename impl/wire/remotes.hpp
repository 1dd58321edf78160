#pragma once
// Remotes as dense arrays: runs of one family, 8 bytes an IPv4 remote and 20 an IPv6 one. This is the part of the codec
// whose speed matters: a takeover reads one of these for every connection of the DVIPA.
#include <span>
#include <vector>

#include "impl/wire/bytes.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::wire {

inline constexpr std::size_t remote_v4_bytes = 8;   // client (4), client port (2), DVIPA port (2)
inline constexpr std::size_t remote_v6_bytes = 20;  // client (16), client port (2), DVIPA port (2)

void write_remotes(Writer& writer, std::span<const Remote> remotes);

// All up to the end of the reader; each run is as long as it can be, so that equal remotes have equal bytes.
void read_remotes(Reader& reader, std::vector<Remote>& remotes);

}  // namespace dvipa::wire
