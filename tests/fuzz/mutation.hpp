#pragma once
// Deterministic mutations of byte strings, for fuzz tests that run the same everywhere.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

namespace dvipa {

// The seed of a fuzz test: DVIPA_FUZZ_SEED, or a fixed one. It is printed.
inline std::uint64_t fuzz_seed() {
  const char* chosen = std::getenv("DVIPA_FUZZ_SEED");
  const std::uint64_t seed = chosen == nullptr ? 20040117 : std::strtoull(chosen, nullptr, 10);
  std::printf("DVIPA_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  return seed;
}

class ByteMutation {
 public:
  explicit ByteMutation(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : static_cast<std::size_t>(random_() % bound); }

  std::vector<std::uint8_t> of(std::vector<std::uint8_t> bytes) {
    for (std::size_t left = 1 + below(4); left > 0; --left) change(bytes);
    return bytes;
  }

 private:
  void change(std::vector<std::uint8_t>& bytes) {
    static constexpr std::uint8_t edges[] = {0, 1, 4, 5, 0x0f, 0x3f, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff};
    if (bytes.empty()) return;
    const std::size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    switch (below(6)) {
      case 0:
        bytes[at] = static_cast<std::uint8_t>(random_());
        break;
      case 1:
        bytes[at] = edges[below(sizeof edges)];
        break;
      case 2:
        bytes[at] ^= static_cast<std::uint8_t>(1U << below(8));
        break;
      case 3:
        bytes.resize(at);
        break;
      case 4:
        bytes.insert(place, 1 + below(40), edges[below(sizeof edges)]);
        break;
      default:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(below(bytes.size() - at) % 40));
        break;
    }
  }
  std::mt19937_64 random_;
};

}  // namespace dvipa
