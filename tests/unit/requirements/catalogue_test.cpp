// The built-in catalogue is good, and a bad one is refused with its place.
#include "spec/requirements/catalogue.hpp"

#include <gtest/gtest.h>

#include <map>

namespace dvipa::requirements {
namespace {

TEST(Catalogue, TheBuiltInOneIsGood) {
  const auto read = read_catalogue(embedded_files());
  ASSERT_TRUE(read) << read.error().file << ":" << read.error().line << ": " << read.error().what;
}

TEST(Catalogue, HasEverySectionWhole) {
  const std::map<std::string, std::size_t> expected = {{"FAULT", 6}, {"CFG", 9},  {"LST", 7}, {"TGT", 7},  {"RTE", 13},
                                                       {"FLV", 12},  {"TKB", 7},  {"MOV", 7}, {"CLP", 12}, {"CBR", 15},
                                                       {"SAFE", 8},  {"REST", 4}, {"LIVE", 4}};
  std::map<std::string, std::size_t> found;
  for (const Section& section : catalogue().sections) found[section.name] = section.requirements.size();
  EXPECT_EQ(found, expected);
}

TEST(Catalogue, FindsByIdentifierAndBySectionInAnyCase) {
  ASSERT_NE(catalogue().find("FLV-5"), nullptr);
  EXPECT_TRUE(catalogue().find("FLV-5")->decision);
  EXPECT_FALSE(catalogue().find("FLV-5")->why.empty());
  EXPECT_EQ(catalogue().find("flv-5"), catalogue().find("FLV-5"));
  EXPECT_FALSE(catalogue().find("FLV-4")->decision);
  EXPECT_EQ(catalogue().find("FLV-" + std::to_string(99)), nullptr);
  EXPECT_EQ(catalogue().find_section("tkb")->requirements.size(), 7U);
  EXPECT_EQ(catalogue().find_section("FLV-5"), nullptr);
}

constexpr CatalogueFile sources{"sources.toml",
                                "[[source]]\nid = \"F\"\ntitle = \"f\"\n[[source]]\nid = \"D\"\ntitle = \"d\""};

std::string refusal(std::string_view requirements) {
  const std::string text = "section = \"CFG\"\ntitle = \"t\"\n" + std::string(requirements);
  const CatalogueFile files[] = {sources, {"cfg.toml", text}};
  const auto read = read_catalogue(files);
  return read ? "none" : read.error().file + ":" + std::to_string(read.error().line) + ": " + read.error().what;
}

TEST(Catalogue, RefusesWhatIsNotGood) {
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsource = \"F\"\n"), "none");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-2\"\ntext = \"x\"\nsource = \"F\"\n"),
            "cfg.toml:3: found id 'CFG-2', expected CFG-1");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\nsource = \"F\"\n"), "cfg.toml:3: CFG-1 has no text");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsource = \"D\"\ndecision = true\n"),
            "cfg.toml:3: CFG-1: a decision, and only a decision, says why");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsource = \"D\"\n"),
            "CFG:0: CFG-1: the source of a decision, and only of one, begins with D");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsource = \"Q 1\"\n"),
            "CFG:0: CFG-1: there is no source 'Q'");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\n"),
            "CFG:0: CFG-1: a requirement has a source, or rests on others");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nrests_on = [\"CFG-7\"]\n"),
            "CFG:0: CFG-1: rests on CFG-7, which there is not");
  EXPECT_EQ(refusal("[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsauce = \"F\"\n"),
            "cfg.toml:6: unknown key 'sauce'");
  EXPECT_EQ(refusal("[[requirement]]\nid = CFG-1\n").substr(0, 11), "cfg.toml:4:");
  EXPECT_EQ(refusal(""), "cfg.toml:1: a section has a name, a title and requirements");
}

TEST(Catalogue, RefusesASectionThatIsDefinedTwice) {
  constexpr std::string_view text =
      "section = \"CFG\"\ntitle = \"t\"\n[[requirement]]\nid = \"CFG-1\"\ntext = \"x\"\nsource = \"F\"\n";
  const CatalogueFile files[] = {sources, {"cfg.toml", text}, {"again.toml", text}};
  const auto read = read_catalogue(files);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().file, "again.toml");
}

}  // namespace
}  // namespace dvipa::requirements
