// The entry point of libFuzzer for capture files.
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/file/try_capture.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dvipa::try_capture({data, size});
  return 0;
}
