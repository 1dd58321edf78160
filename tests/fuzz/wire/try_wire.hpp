#pragma once
// What hostile bytes meet on the bus, for the mutation test and for libFuzzer. Each aborts when something that must
// hold does not.
#include <cstdint>
#include <span>

namespace dvipa::wire::test {

// As a message: refused, ignored, or a value that comes back from its own encoding.
void try_message(std::span<const std::uint8_t> bytes);
// As what a stranger sends: it is never a proof.
void try_handshake(std::span<const std::uint8_t> bytes);
// As what comes on an established connection: it is never a frame.
void try_frames(std::span<const std::uint8_t> bytes);

}  // namespace dvipa::wire::test
