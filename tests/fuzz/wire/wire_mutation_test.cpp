// Golden messages, a hello and a frame, changed at random. Another seed: DVIPA_FUZZ_SEED=number test_wire_fuzz
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <random>

#include "impl/wire/bytes.hpp"
#include "impl/wire/seal.hpp"
#include "tests/fuzz/wire/try_wire.hpp"
#include "tests/unit/wire/samples.hpp"

namespace dvipa::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr int rounds = 300'000;

unsigned long seed() {
  const char* given = std::getenv("DVIPA_FUZZ_SEED");
  return given == nullptr ? 20040117 : std::strtoul(given, nullptr, 10);
}

class Mutator {
 public:
  Mutator() : random_(seed()) { std::cout << "DVIPA_FUZZ_SEED=" << seed() << '\n'; }

  std::size_t below(std::size_t limit) { return std::uniform_int_distribution<std::size_t>(0, limit - 1)(random_); }

  Bytes mutated(Bytes bytes, const Bytes& other) {
    for (std::size_t i = 1 + below(6); i > 0; --i) mutate(bytes, other);
    return bytes;
  }

 private:
  void mutate(Bytes& bytes, const Bytes& other) {
    if (bytes.empty()) return bytes.push_back(static_cast<std::uint8_t>(below(256)));
    const std::size_t at = below(bytes.size());
    const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
    const std::size_t rest = bytes.size() - at;
    switch (below(6)) {
      case 0:
        *place = static_cast<std::uint8_t>(*place ^ 1U << below(8));
        break;
      case 1:
        *place = static_cast<std::uint8_t>(below(256));
        break;
      case 2:
        bytes.erase(place, place + static_cast<std::ptrdiff_t>(1 + below(std::min<std::size_t>(rest, 12))));
        break;
      case 3:
        bytes.insert(place, 1 + below(8), static_cast<std::uint8_t>(below(256)));
        break;
      case 4: {
        const auto from = other.begin() + static_cast<std::ptrdiff_t>(below(other.size()));
        bytes.insert(place, from, other.end());
        break;
      }
      default:
        if (rest >= 4) store_u32(&*place, lengths_[below(std::size(lengths_))]);
    }
  }

  static constexpr std::uint32_t lengths_[] = {0, 1, 7, 255, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff};
  std::mt19937_64 random_;
};

TEST(WireFuzz, NoMutatedMessageDoesHarm) {
  Mutator mutator;
  std::vector<Bytes> corpus;
  for (const test::Sample& sample : test::samples()) corpus.push_back(test::golden_bytes(sample.name));
  for (int i = 0; i < rounds; ++i)
    test::try_message(mutator.mutated(corpus[mutator.below(corpus.size())], corpus[mutator.below(corpus.size())]));
}

TEST(WireFuzz, NoMutatedHelloIsAProofAndNoMutatedFrameOpens) {
  ASSERT_TRUE(start_cryptography());
  Mutator mutator;
  Hello hello;
  hello.stack = StackId{1};
  const Bytes opening = Handshake(Side::initiator, ClusterKey{9}, hello, StackId{2}).opening();
  Bytes frame(40 + frame_overhead_bytes);
  Sealer(ClusterKey{9}).seal(frame);
  for (int i = 0; i < rounds; ++i) {
    test::try_handshake(mutator.mutated(opening, frame));
    test::try_frames(mutator.mutated(frame, opening));
  }
}

}  // namespace
}  // namespace dvipa::wire
