// The lexical rules of a profile.
#include "impl/profile/words.hpp"

namespace dvipa::profile {
namespace {

constexpr std::string_view blanks = " \t\n\r\f\v";
constexpr std::string_view word_ends = " \t\n\r\f\v,;";

constexpr char capital(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

bool abbreviates(std::string_view word, Keyword keyword) {
  const std::string_view text = keyword.text;
  std::size_t shortest = 0;
  while (shortest < text.size() && text[shortest] == capital(text[shortest])) ++shortest;
  if (word.size() < shortest || word.size() > text.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (capital(word[i]) != capital(text[i])) return false;
  return true;
}

std::size_t skip_blanks(std::string_view text, std::size_t from) {
  while (from < text.size()) {
    if (text[from] == ';') {
      const std::size_t line_end = text.find('\n', from);
      from = line_end == std::string_view::npos ? text.size() : line_end;
    } else if (blanks.find(text[from]) != std::string_view::npos) {
      ++from;
    } else {
      break;
    }
  }
  return from;
}

std::string_view word_at(std::string_view text, std::size_t from) {
  const std::string_view rest = text.substr(from);
  if (rest.starts_with(',')) return rest.substr(0, 1);
  return rest.substr(0, rest.find_first_of(word_ends));
}

}  // namespace dvipa::profile
