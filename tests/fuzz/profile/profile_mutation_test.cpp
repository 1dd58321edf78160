// Mutated profiles from a fixed seed, and very large ones. covers: CFG-8
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <random>
#include <string>

#include "tests/fuzz/profile/try_profile.hpp"

namespace dvipa::profile {
namespace {

constexpr std::string_view original = R"(; every statement once
VIPADYNAMIC
  VIPADEFINE MOVEABLE WHENIDLE CLUSTERPORTS 255.255.255.0 10.1.1.1 10.1.1.2
  VIPADISTRIBUTE DEFINE DISTMETHOD WEIGHTED CLUSTERPORTS CONTENTROUTED 10.1.1.1
    PORT 80 443 8000-8099 DESTIP 10.0.0.1 WEIGHT 3, 10.0.0.2, 10.0.0.3 WEIGHT 0
  VIPABACKUP 30 10.2.2.2 10.2.2.3
  VIPADISTRIBUTE DISTMETHOD HOTSTANDBY 10.2.2.2 DESTIP ALL
  VIPADEFINE /64 2001:db8::1 2001:db8::2
  VIPARANGE MOVEABLE DISRUPTIVE 255.255.0.0 10.9.0.0
  VIPADELETE 10.1.1.2 2001:db8::2
  VIPADISTRIBUTE DELETE 10.2.2.2
  VIPARANGE DELETE /16 10.9.0.0
ENDVIPADYNAMIC
)";

constexpr std::array<std::string_view, 26> pieces = {" VIPADEFINE ",
                                                     " VIPAB ",
                                                     " VIPADIST ",
                                                     " VIPAR ",
                                                     " VIPADEL ",
                                                     " ENDVIPADYNAMIC ",
                                                     " VIPADYN ",
                                                     " DESTIP ",
                                                     " ALL ",
                                                     " PORT ",
                                                     " WEIGHT ",
                                                     " DELETE ",
                                                     " 10.1.1.1 ",
                                                     " 10.1.2.1 ",
                                                     " 2001:db8::1 ",
                                                     " 255.255.255.0 ",
                                                     " /64 ",
                                                     "0",
                                                     "-",
                                                     ",",
                                                     ";",
                                                     "\n",
                                                     "99999999999999999999",
                                                     "::",
                                                     "\xff",
                                                     std::string_view("\0", 1)};

class Mutation {
 public:
  explicit Mutation(std::uint64_t seed) : random_(seed) {}

  std::string of(std::string text) {
    for (std::size_t left = 1 + below(6); left > 0; --left) change(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }

  void change(std::string& text) {
    const std::size_t at = below(text.size());
    const std::size_t length = below(30);
    switch (below(6)) {
      case 0:
        text.insert(at, pieces[below(pieces.size())]);
        break;
      case 1:
        text.erase(at, length);
        break;
      case 2:
        if (!text.empty()) text[at] = static_cast<char>(below(256));
        break;
      case 3:
        text.insert(below(text.size()), text.substr(at, length));
        break;
      case 4:
        text.resize(at);
        break;
      default:
        text.replace(at, length, pieces[below(pieces.size())]);
        break;
    }
  }

  std::mt19937_64 random_;
};

// DVIPA_FUZZ_SEED repeats another run.
TEST(ProfileFuzz, NoMutationOfAProfileDoesHarm) {
  const char* chosen = std::getenv("DVIPA_FUZZ_SEED");
  const std::uint64_t seed = chosen == nullptr ? 20040117 : std::strtoull(chosen, nullptr, 10);
  RecordProperty("seed", std::to_string(seed));
  std::printf("seed %s\n", std::to_string(seed).c_str());
  Mutation mutation(seed);
  for (unsigned i = 0; i < 30'000; ++i) try_profile(mutation.of(std::string(original)));
}

TEST(ProfileFuzz, NoPrefixOfAProfileDoesHarm) {
  for (std::size_t length = 0; length <= original.size(); ++length) try_profile(original.substr(0, length));
}

std::string repeated(std::string_view piece, std::size_t size) {
  std::string text;
  text.reserve(size + piece.size());
  while (text.size() < size) text += piece;
  return text;
}

// The time limit of the test is the bound: work that grows faster than the text would take hours here.
TEST(ProfileFuzz, AMegabyteOfAnythingIsReadInReasonableTime) {
  constexpr std::size_t megabyte = 1'000'000;
  for (const std::string_view piece : {"(", "((VIPADYNAMIC", "VIPADYNAMIC ", "x", " ", "\n", ",", ";", "; x\n",
                                       "10.1.1.1 ", "VIPADEFINE ", "9", "\xff"}) {
    const std::string many = repeated(piece, megabyte);
    try_profile(many);
    for (const char* start : {"", "VIPADEFINE /24 ", "VIPABACKUP ", "VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 PORT ",
                              "VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP ", "VIPARANGE ", "VIPADELETE "})
      try_profile("VIPADYNAMIC " + std::string(start) + many + " ENDVIPADYNAMIC");
  }
}

TEST(ProfileFuzz, AMegabyteOfGoodStatementsIsReadInReasonableTime) {
  std::string text = "VIPADYNAMIC\n";
  for (unsigned i = 0; i < 20'000; ++i) {
    const std::string dvipa = "10." + std::to_string(i >> 8 & 255) + "." + std::to_string(i & 255) + ".1";
    text += "VIPABACKUP 7 " + dvipa + "\nVIPADISTRIBUTE " + dvipa + " PORT 80 443 8000-8099 DESTIP ALL\n";
    text += "VIPARANGE /24 " + dvipa + "\n";
  }
  try_profile(text + "ENDVIPADYNAMIC");
}

TEST(ProfileFuzz, GarbageIsRefused) {
  std::mt19937_64 random(7);
  std::string text(1'000'000, ' ');
  for (char& c : text) c = static_cast<char>(random() & 0xff);
  try_profile(text);
  try_profile("VIPADYNAMIC " + text);
}

}  // namespace
}  // namespace dvipa::profile
