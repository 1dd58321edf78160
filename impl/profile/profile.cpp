// From text to definitions, and from a refusal to an error that a reader can act on (CFG-8).
#include "impl/profile/profile.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "impl/profile/meaning.hpp"
#include "impl/profile/statements.hpp"
#include "impl/profile/words.hpp"

namespace dvipa::profile {
namespace {

constexpr std::size_t quoted_max = 60;      // bytes of what was found
constexpr std::size_t statement_max = 200;  // bytes of the statement
constexpr std::size_t source_line_max = 160;

bool is_printable(char c) { return c >= ' ' && c != '\x7f'; }

// One line of plain text, whatever bytes `text` has (a profile may be anything at all).
std::string printable(std::string_view text) {
  std::string line(text);
  for (char& c : line)
    if (!is_printable(c) && static_cast<unsigned char>(c) < 0x80) c = c == '\t' ? ' ' : '?';
  return line;
}

std::string quotation(std::string_view text) {
  return text.size() > quoted_max ? printable(text.substr(0, quoted_max)) + "..." : printable(text);
}

bool begins_statement(std::string_view word) {
  return abbreviates(word, endvipadynamic) ||
         std::ranges::any_of(statement_keywords, [&](Keyword keyword) { return abbreviates(word, keyword); });
}

// The words from the keyword to the next statement.
std::string statement_text(std::string_view text, Place keyword) {
  std::string statement(text.substr(keyword.offset, keyword.length));
  for (std::size_t at = skip_blanks(text, keyword.offset + keyword.length); at < text.size();) {
    const std::string_view word = word_at(text, at);
    if (begins_statement(word)) break;
    if (word != ",") statement += ' ';
    if (statement.size() + word.size() > statement_max) return printable(statement) + "...";
    statement += word;
    at = skip_blanks(text, at + word.size());
  }
  return printable(statement);
}

ProfileError error_of(const Refusal& refusal, std::string_view text, std::string_view file_name) {
  const std::string_view before = text.substr(0, refusal.at.offset);
  ProfileError error;
  error.file = file_name;
  error.line = 1 + static_cast<std::size_t>(std::ranges::count(before, '\n'));
  error.column = 1 + before.size() - (before.rfind('\n') + 1);  // npos + 1 is 0: the first line
  if (refusal.statement) error.statement = statement_text(text, *refusal.statement);
  error.found = quotation(text.substr(refusal.at.offset, refusal.at.length));
  error.expected = refusal.expected;
  return error;
}

// The line with the given number (from 1); empty when there is no such line.
std::string_view line_of(std::string_view text, std::size_t number) {
  for (; number > 1; --number) {
    const std::size_t line_end = text.find('\n');
    if (line_end == std::string_view::npos) return {};
    text.remove_prefix(line_end + 1);
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

tl::expected<Definitions, ProfileError> amend_profile(const Definitions& present, std::string_view text,
                                                      std::string_view file_name) {
  const auto statements = read_statements(text);
  if (!statements) return tl::unexpected(error_of(statements.error(), text, file_name));
  Definitions definitions = present;
  if (const auto refused = obey(*statements, definitions)) return tl::unexpected(error_of(*refused, text, file_name));
  return definitions;
}

tl::expected<Definitions, ProfileError> parse_profile(std::string_view text, std::string_view file_name) {
  return amend_profile(Definitions{}, text, file_name);
}

std::string render(const ProfileError& error, std::string_view text) {
  std::string_view line = line_of(text, error.line);
  std::size_t column = std::min(error.column, line.size() + 1);
  std::string_view cut;
  if (column > source_line_max / 2) {
    line.remove_prefix(column - source_line_max / 2);
    column = source_line_max / 2;
    cut = "...";
  }
  line = line.substr(0, source_line_max);
  const std::string_view keyword = word_at(error.statement, 0);
  const std::string found = error.found.empty() ? "the end of the profile" : fmt::format("'{}'", error.found);
  return fmt::format("{}:{}:{}: {}{}found {}, expected {}\n  {}{}\n  {:>{}}\n", error.file, error.line, error.column,
                     keyword, keyword.empty() ? "" : ": ", found, error.expected, cut, printable(line), '^',
                     cut.size() + column);
}

}  // namespace dvipa::profile
