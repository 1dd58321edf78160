#pragma once
// What must hold whatever bytes a capture file has; shared by the mutation test and libFuzzer.
#include <cstdint>
#include <span>

namespace dvipa {

// Reads the bytes as a capture, to its end or first error, within bounds of time and memory; parses each packet. The
// process aborts with a message when a promise of the reader is broken.
void try_capture(std::span<const std::uint8_t> bytes);

}  // namespace dvipa
