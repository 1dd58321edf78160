// Every include of the tree goes in an allowed direction, and the rule notices one that does not.
#include "tests/style/directions.hpp"

#include <gtest/gtest.h>

#include <array>

#include "tests/style/source_tree.hpp"

namespace dvipa::style {
namespace {

TEST(Directions, EveryIncludeOfTheTreeIsAllowed) {
  constexpr std::array<std::string_view, 4> sources = {".hpp", ".cpp", ".h", ".c"};
  const auto files = source_files(sources);
  ASSERT_FALSE(files.empty());
  for (const SourceFile& file : files)
    for (std::size_t i = 0; i < file.lines.size(); ++i)
      if (const auto wrong = wrong_include(file.path, file.lines[i]))
        ADD_FAILURE() << file.path << ":" << i + 1 << ": " << *wrong;
}

TEST(Directions, TheTwoOpinionsNeverMeet) {
  EXPECT_EQ(wrong_include("impl/stack/stack.cpp", "#include \"spec/model/state.hpp\""),
            "impl/stack may not include spec/model/state.hpp");
  EXPECT_EQ(wrong_include("spec/model/actions.cpp", "#include \"impl/tables/routing_table.hpp\""),
            "spec/model may not include impl/tables/routing_table.hpp");
  EXPECT_EQ(wrong_include("harness/refine/refine.cpp", "#include \"spec/model/state.hpp\""), std::nullopt);
  EXPECT_EQ(wrong_include("tests/unit/stack/stack_test.cpp", "#include \"impl/stack/stack.hpp\""), std::nullopt);
}

TEST(Directions, NoArrowGoesUp) {
  for (const auto& [path, line] : std::array<std::pair<std::string_view, std::string_view>, 8>{{
           {"spec/vocabulary/address.hpp", "#include \"spec/model/state.hpp\""},
           {"spec/checker/check.hpp", "#include \"spec/vocabulary/address.hpp\""},
           {"impl/tables/table.hpp", "#include \"impl/stack/stack.hpp\""},
           {"impl/stack/stack.hpp", "#include \"impl/live/shell/shell.hpp\""},
           {"pcap/packet/tcp.hpp", "#include \"impl/stack/stack.hpp\""},
           {"impl/live/shell/shell.cpp", "  # \tinclude\t\"harness/lab/lab.hpp\" // why"},
           {"harness/world/world.cpp", "#include \"harness/conform/suite.hpp\""},
           {"impl/roles/target.cpp", "#include \"tests/unit/roles/help.hpp\""},
       }})
    EXPECT_TRUE(wrong_include(path, line)) << path << " " << line;
}

TEST(Directions, AnIncludeIsWrittenFromTheRoot) {
  EXPECT_EQ(wrong_include("impl/stack/stack.cpp", "#include \"stack.hpp\""),
            "\"stack.hpp\" is not written from the root of the repository");
  EXPECT_TRUE(wrong_include("impl/stack/stack.cpp", "#include \"../roles/target.hpp\""));
}

TEST(Directions, ANewRoomHasToBeEnteredInTheTable) {
  EXPECT_EQ(wrong_include("impl/novelty/new.cpp", "#include \"spec/vocabulary/address.hpp\""),
            "impl/novelty/new.cpp is in no room of the table of directions");
}

TEST(Directions, WhatIsNoIncludeIsNotLookedAt) {
  for (const char* line :
       {"#include <vector>", "// #include \"spec/model/state.hpp\"", "#define X \"spec/model/state.hpp\"", ""})
    EXPECT_EQ(wrong_include("impl/stack/stack.cpp", line), std::nullopt) << line;
}

}  // namespace
}  // namespace dvipa::style
