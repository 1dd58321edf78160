// The diagrams of docs/protocol.md are those that the model gives. DVIPA_UPDATE=1 in the environment draws them anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "spec/model/diagrams.hpp"

namespace dvipa::model {
namespace {

constexpr std::string_view mark = "<!-- diagram: ";

// The document with every marked diagram drawn: a mark stands alone in its line, and its block, if it has one, follows.
std::string drawn(std::istream& document, unsigned& count) {
  std::string text;
  bool after_mark = false;
  for (std::string line; std::getline(document, line);) {
    if (after_mark && line == "```mermaid")
      while (std::getline(document, line) && line != "```") continue;
    else
      text += line + "\n";
    after_mark = line.starts_with(mark);
    if (!after_mark) continue;
    const std::string name = line.substr(mark.size(), line.find(" -->") - mark.size());
    const std::string picture = diagram(name);
    EXPECT_FALSE(picture.empty()) << "there is no diagram '" << name << "'";
    text += "```mermaid\n" + picture + "```\n";
    ++count;
  }
  return text;
}

// covers: FLV-5, FLV-6, TGT-5, TGT-6, TGT-7, TKB-2, TKB-4, TKB-5
TEST(ProtocolDocument, HasTheDiagramsOfTheModel) {
  const std::string path = std::string(DVIPA_SOURCE_DIR) + "/docs/protocol.md";
  std::ostringstream recorded;
  recorded << std::ifstream(path).rdbuf();
  std::istringstream lines(recorded.str());
  unsigned count = 0;
  const std::string text = drawn(lines, count);
  EXPECT_GE(count, 10U);
  if (std::getenv("DVIPA_UPDATE") != nullptr) {
    std::ofstream(path) << text;
    return;
  }
  EXPECT_EQ(recorded.str(), text) << path << " differs: run this test with DVIPA_UPDATE=1, or ./check --fix";
}

}  // namespace
}  // namespace dvipa::model
