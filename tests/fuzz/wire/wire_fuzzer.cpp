// libFuzzer's entry: `fuzz_wire -max_total_time=60`.
#include <cstddef>
#include <cstdint>

#include "impl/wire/seal.hpp"
#include "tests/fuzz/wire/try_wire.hpp"

extern "C" int LLVMFuzzerInitialize(int*, char***) { return dvipa::wire::start_cryptography() ? 0 : 1; }

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::span<const std::uint8_t> bytes(data + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      dvipa::wire::test::try_message(bytes);
      break;
    case 1:
      dvipa::wire::test::try_handshake(bytes);
      break;
    default:
      dvipa::wire::test::try_frames(bytes);
  }
  return 0;
}
