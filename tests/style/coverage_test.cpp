// Every requirement of the protocol is covered by the model, by code and by a check, or says why not.
#include "tests/style/coverage.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace dvipa::style {
namespace {

using requirements::catalogue;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string root = DVIPA_SOURCE_DIR;

Citations citations_of_the_tree() {
  constexpr std::array<std::string_view, 4> texts = {".hpp", ".cpp", ".pml", ".scn"};
  return citations_in(source_files(texts), catalogue());
}

Exceptions exceptions_of_the_tree() {
  auto exceptions = read_exceptions(root + "/tests/style/coverage_exceptions.toml");
  EXPECT_TRUE(exceptions) << exceptions.error();
  return exceptions ? *exceptions : Exceptions{};
}

TEST(Coverage, HasNoHoleWithoutAReason) {
  EXPECT_THAT(holes(citations_of_the_tree(), exceptions_of_the_tree(), catalogue()), IsEmpty());
}

TEST(Coverage, TheMatrixIsThatOfTheTree) {
  const std::string path = root + "/docs/coverage.md";
  const std::string table = coverage_table(citations_of_the_tree(), exceptions_of_the_tree(), catalogue());
  if (std::getenv("DVIPA_UPDATE") != nullptr) std::ofstream(path) << table;
  std::ostringstream recorded;
  recorded << std::ifstream(path).rdbuf();
  EXPECT_EQ(recorded.str(), table) << path << " differs: run this test with DVIPA_UPDATE=1, or ./check --fix";
}

TEST(Coverage, AHoleIsNoticed) {
  auto citations = citations_of_the_tree();
  auto exceptions = exceptions_of_the_tree();
  citations["FLV-5"] = {};
  const auto found = holes(citations, exceptions, catalogue());
  EXPECT_THAT(found, Contains("FLV-5: no code names it"));
  EXPECT_THAT(found, Contains("FLV-5: no check names it"));
  EXPECT_THAT(found, Contains("FLV-5: no model names it"));
}

TEST(Coverage, AnExceptionThatNothingNeedsIsNoticed) {
  auto exceptions = exceptions_of_the_tree();
  exceptions["FLV-5"] = {{"code"}, "because"};
  EXPECT_THAT(holes(citations_of_the_tree(), exceptions, catalogue()),
              Contains("FLV-5: the exception for code is not needed"));
}

TEST(Coverage, AnExceptionGivesItsReason) {
  const std::string path = testing::TempDir() + "/exceptions.toml";
  std::ofstream(path) << "[FLV-5]\nmissing = [\"code\"]\n";
  EXPECT_THAT(read_exceptions(path).error(), HasSubstr("FLV-5 needs"));
  EXPECT_FALSE(read_exceptions(path + ".none"));
}

}  // namespace
}  // namespace dvipa::style
