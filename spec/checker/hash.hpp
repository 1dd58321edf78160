#pragma once
// A 64-bit hash of bytes by folded multiplication (the manner of wyhash), inlined for states of a size known to the
// compiler.
#include <cstdint>
#include <cstring>

namespace dvipa::checker {

__extension__ using Wide = unsigned __int128;

inline std::uint64_t fold(std::uint64_t a, std::uint64_t b) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

inline std::uint64_t word_at(const std::uint8_t* bytes) {
  std::uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Always inlined: with a constant size no loop is left.
[[gnu::always_inline]] inline std::uint64_t hash_bytes(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::uint64_t k0 = 0x9e3779b97f4a7c15U;
  constexpr std::uint64_t k1 = 0xd6e8feb86659fd93U;
  constexpr std::uint64_t k2 = 0xe7037ed1a0b428dbU;
  std::uint64_t hash = k0 ^ size;
  std::size_t left = size;
  for (; left >= 16; left -= 16, bytes += 16) hash = fold(word_at(bytes) ^ k1, word_at(bytes + 8) ^ hash);
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  if (left >= 8) {
    a = word_at(bytes);
    std::memcpy(&b, bytes + 8, left - 8);
  } else if (left > 0) {
    std::memcpy(&a, bytes, left);
  }
  return fold(a ^ k2 ^ hash, b ^ k1 ^ (hash >> 32 | hash << 32));
}

}  // namespace dvipa::checker
