// Finds requirement identifiers without a regular expression: every byte of the tree goes through here.
#include "tests/style/identifiers.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace dvipa::style {
namespace {

bool is_word(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; }

// Takes a number off the front of `text`.
std::optional<unsigned> take_number(std::string_view& text) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

void add_identifiers(std::string_view section, std::string_view rest, std::vector<std::string>& found) {
  const auto first = take_number(rest);
  if (!first) return;
  found.push_back(fmt::format("{}-{}", section, *first));
  if (!rest.starts_with("..")) return;
  rest.remove_prefix(2);
  const auto last = take_number(rest);
  if (!last) return;
  constexpr unsigned range_max = 100;  // more than any section has; bounds the work on a slip
  if (*last > *first && *last - *first < range_max)
    for (unsigned number = *first + 1; number < *last; ++number) found.push_back(fmt::format("{}-{}", section, number));
  found.push_back(fmt::format("{}-{}", section, *last));
}

}  // namespace

std::vector<std::string> identifiers_in(std::string_view line, const requirements::Catalogue& catalogue) {
  std::vector<std::string> found;
  for (std::size_t hyphen = line.find('-'); hyphen != std::string_view::npos; hyphen = line.find('-', hyphen + 1)) {
    std::size_t start = hyphen;
    while (start > 0 && is_word(line[start - 1])) --start;
    const std::string_view word = line.substr(start, hyphen - start);
    const bool is_section =
        std::ranges::any_of(catalogue.sections, [&](const requirements::Section& each) { return each.name == word; });
    if (is_section) add_identifiers(word, line.substr(hyphen + 1), found);
  }
  return found;
}

}  // namespace dvipa::style
