// The entry point for libFuzzer: fuzz_profile [corpus folder]
#include <cstddef>
#include <cstdint>

#include "tests/fuzz/profile/try_profile.hpp"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer names it
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dvipa::profile::try_profile({reinterpret_cast<const char*>(data), size});
  return 0;
}
