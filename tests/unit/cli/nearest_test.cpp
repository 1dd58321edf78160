// Suggestions for mistyped words.
#include "harness/cli/nearest.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace dvipa::cli {
namespace {

constexpr std::array<std::string_view, 4> verbs = {"run", "lab", "conform", "profile"};

TEST(Nearest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(nearest("profil", verbs), "profile");
  EXPECT_EQ(nearest("conrofm", verbs), "conform");
  EXPECT_EQ(nearest("rum", verbs), "run");
  EXPECT_EQ(nearest("run", verbs), "run");
}

TEST(Nearest, SuggestsNothingFarFetched) {
  EXPECT_EQ(nearest("x", verbs), std::nullopt);
  EXPECT_EQ(nearest("", verbs), std::nullopt);
  EXPECT_EQ(nearest("teleport", verbs), std::nullopt);
  EXPECT_EQ(nearest(std::string(1'000'000, 'r'), verbs), std::nullopt);
}

}  // namespace
}  // namespace dvipa::cli
