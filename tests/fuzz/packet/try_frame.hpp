#pragma once
// What must hold whatever bytes arrive on a wire; shared by the mutation test and libFuzzer.
#include <cstdint>
#include <span>

namespace dvipa {

// Takes the bytes (a vnet header of 10, then a frame) through everything that the packet path does to a frame. What
// is parsed must lie inside the frame and survive being forwarded; otherwise the process aborts with a message.
void try_frame(std::span<const std::uint8_t> bytes);

}  // namespace dvipa
