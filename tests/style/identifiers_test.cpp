// Every requirement identifier that is named anywhere is defined in the catalogue, once.
#include "tests/style/identifiers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>

#include "tests/style/source_tree.hpp"

namespace dvipa::style {
namespace {

using requirements::catalogue;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(Identifiers, AreUniqueInTheCatalogue) {
  std::set<std::string> seen;
  for (const auto& section : catalogue().sections)
    for (const auto& requirement : section.requirements)
      EXPECT_TRUE(seen.insert(requirement.id).second) << requirement.id;
}

TEST(Identifiers, EveryOneThatIsNamedExists) {
  constexpr std::array<std::string_view, 12> texts = {".hpp", ".cpp",   ".h",    ".c",       ".md",       ".toml",
                                                      ".txt", ".cmake", ".json", ".profile", ".scenario", ".sh"};
  std::size_t named = 0;
  for (const SourceFile& file : source_files(texts))
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      for (const std::string& id : identifiers_in(file.lines[i], catalogue())) {
        ++named;
        if (catalogue().find(id) == nullptr)
          ADD_FAILURE() << file.path << ":" << i + 1 << ": there is no requirement " << id;
      }
  EXPECT_GT(named, catalogue().sections.size());
}

// The text is put together here, so that this file itself names nothing that there is not.
std::vector<std::string> in(std::string_view section, std::string_view rest) {
  return identifiers_in(std::string(section) + "-" + std::string(rest), catalogue());
}

TEST(Identifiers, AreFoundInRunningText) {
  EXPECT_THAT(identifiers_in("// TGT-1, (FLV-5); RTE-12.", catalogue()), ElementsAre("TGT-1", "FLV-5", "RTE-12"));
  EXPECT_THAT(identifiers_in("// covers: LST-1..4", catalogue()), ElementsAre("LST-1", "LST-2", "LST-3", "LST-4"));
  EXPECT_THAT(identifiers_in("\"CFG-2...\"", catalogue()), ElementsAre("CFG-2"));
  EXPECT_THAT(in("CFG", "4..2"), ElementsAre("CFG-4", "CFG-2"));
}

TEST(Identifiers, OneThatDoesNotExistIsNoticed) {
  for (const char* number : {"0", "13", "99", "4294967295"}) {
    const auto found = in("FLV", number);
    ASSERT_EQ(found.size(), 1U) << number;
    EXPECT_EQ(catalogue().find(found[0]), nullptr) << number;
  }
  EXPECT_EQ(catalogue().find(in("CFG", "8..10").back()), nullptr);
  EXPECT_THAT(in("CFG", "1..4294967295"), testing::SizeIs(2));
}

TEST(Identifiers, OtherWordsAreLeftAlone) {
  for (const char* line : {"XCFG-1", "cfg-1", "_CFG-1", "CFG-x", "CFG", "UTF-8", "IPv4-mapped", "-", "--port", ""})
    EXPECT_THAT(identifiers_in(line, catalogue()), IsEmpty()) << line;
}

}  // namespace
}  // namespace dvipa::style
