#pragma once
// Words, blanks and comments of a profile, and the abbreviation of keywords (CFG-1).
#include <array>
#include <cstddef>
#include <string_view>

namespace dvipa::profile {

// A keyword is written with its shortest form in capitals: `VIPADEFine` stands for every prefix of at least VIPADEF.
struct Keyword {
  std::string_view text;
};

inline constexpr Keyword vipadynamic{"VIPADYNamic"};
inline constexpr Keyword endvipadynamic{"ENDVIPADYNamic"};
inline constexpr Keyword vipadefine{"VIPADEFine"};
inline constexpr Keyword vipabackup{"VIPABackup"};
inline constexpr Keyword vipadistribute{"VIPADISTribute"};
inline constexpr Keyword viparange{"VIPARange"};
inline constexpr Keyword vipadelete{"VIPADELete"};
inline constexpr Keyword sourcevipa{"SOURCEVipa"};
inline constexpr std::array<Keyword, 6> statement_keywords = {vipadefine, vipabackup, vipadistribute,
                                                              viparange,  vipadelete, sourcevipa};

// True when `word`, in whatever case, is a prefix of the keyword and at least as long as its capitals.
bool abbreviates(std::string_view word, Keyword keyword);

// The place of the first byte at or after `from` that is neither blank nor part of a comment.
std::size_t skip_blanks(std::string_view text, std::size_t from);
// The word that begins at `from`: up to a blank, comma, comment or the end; a comma is a word by itself.
std::string_view word_at(std::string_view text, std::size_t from);

}  // namespace dvipa::profile
