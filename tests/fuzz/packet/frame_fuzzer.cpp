// The entry point of libFuzzer for frames.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/packet/try_frame.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dvipa::try_frame({data, size});
  return 0;
}
