// Every keyword: its shortest form is accepted, one letter less is not, nor one letter more. covers: CFG-1
#include <algorithm>
#include <cctype>

#include "tests/unit/profile/definition_text.hpp"

namespace dvipa::profile {
namespace {

struct Form {
  std::string_view keyword;
  std::string_view shortest;
  std::string_view before;  // a profile is `before` the word `after`
  std::string_view after;
};

constexpr std::string_view v = "VIPADYNAMIC VIPABACKUP 10.1.1.1 ";

const Form forms[] = {
    {"VIPADYNAMIC", "VIPADYN", "", " ENDVIPADYNAMIC"},
    {"ENDVIPADYNAMIC", "ENDVIPADYN", "VIPADYNAMIC ", ""},
    {"VIPADEFINE", "VIPADEF", "VIPADYNAMIC ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"VIPABACKUP", "VIPAB", "VIPADYNAMIC ", " 9 10.1.1.1 ENDVIPADYNAMIC"},
    {"VIPADISTRIBUTE", "VIPADIST", v, " 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC"},
    {"VIPARANGE", "VIPAR", "VIPADYNAMIC ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"VIPADELETE", "VIPADEL", v, " 10.1.1.1 ENDVIPADYNAMIC"},
    {"MOVEABLE", "MOVE", "VIPADYNAMIC VIPADEFINE ", " IMMEDIATE /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"MOVEABLE", "MOVE", "VIPADYNAMIC VIPARANGE ", " DISRUPTIVE /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"IMMEDIATE", "IMMED", "VIPADYNAMIC VIPADEFINE MOVEABLE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"WHENIDLE", "WHENIDLE", "VIPADYNAMIC VIPADEFINE MOVEABLE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"NONDISRUPTIVE", "NONDISRUPT", "VIPADYNAMIC VIPARANGE MOVEABLE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"DISRUPTIVE", "DISRUPT", "VIPADYNAMIC VIPARANGE MOVEABLE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"CLUSTERPORTS", "CLUSTERPORTS", "VIPADYNAMIC VIPADEFINE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"DEFINE", "DEFINE", "VIPADYNAMIC VIPARANGE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"DELETE", "DELETE", "VIPADYNAMIC VIPARANGE /24 10.1.1.1 VIPARANGE ", " /24 10.1.1.1 ENDVIPADYNAMIC"},
    {"SYSPLEXPORTS", "SYSPLEXPORTS", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE ",
     " 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC"},
    {"CONTENTROUTED", "CONTENTROUTED", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE ",
     " 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC"},
    {"DISTMETHOD", "DISTMETHOD", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE ",
     " BASEWLM 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC"},
    {"HOTSTANDBY", "HOTSTANDBY", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE DISTMETHOD ",
     " 10.1.1.1 DESTIP ALL ENDVIPADYNAMIC"},
    {"PORT", "PORT", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 ", " 80 DESTIP ALL ENDVIPADYNAMIC"},
    {"DESTIP", "DESTIP", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 ", " ALL ENDVIPADYNAMIC"},
    {"ALL", "ALL", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE 10.1.1.1 DESTIP ", " ENDVIPADYNAMIC"},
    {"WEIGHT", "WEIGHT", "VIPADYNAMIC VIPABACKUP 10.1.1.1 VIPADISTRIBUTE DISTMETHOD WEIGHTED 10.1.1.1 DESTIP 10.0.0.1 ",
     " 3 ENDVIPADYNAMIC"},
};

std::string with(const Form& form, std::string_view word) {
  return std::string(form.before) + std::string(word) + std::string(form.after);
}

TEST(ProfileKeyword, EveryPrefixDownToTheShortestIsTheKeyword) {
  for (const Form& form : forms) {
    const Definitions whole = read(with(form, form.keyword));
    for (std::size_t length = form.shortest.size(); length <= form.keyword.size(); ++length) {
      std::string word(form.keyword.substr(0, length));
      EXPECT_EQ(read(with(form, word)), whole) << word;
      std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
      EXPECT_EQ(read(with(form, word)), whole) << word;
    }
  }
}

TEST(ProfileKeyword, OneLetterLessOrMoreIsNotTheKeyword) {
  for (const Form& form : forms) {
    const std::string_view shorter = form.shortest.substr(0, form.shortest.size() - 1);
    for (const std::string& word :
         {std::string(shorter), std::string(form.keyword) + "S", std::string(form.shortest) + "9"}) {
      const auto definitions = parse_profile(with(form, word), "test.profile");
      ASSERT_FALSE(definitions) << with(form, word);
      EXPECT_EQ(definitions.error().found, word);
      EXPECT_EQ(definitions.error().column, form.before.size() + 1);
    }
  }
}

}  // namespace
}  // namespace dvipa::profile
