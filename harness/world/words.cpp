#include "harness/world/words.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace dvipa::world {
namespace {

std::optional<std::uint64_t> digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

Words::Words(std::string_view line, unsigned number) : number_(number), length_(line.size()) {
  line = line.substr(0, line.find('#'));
  for (std::size_t at = 0; at < line.size();) {
    const std::size_t begin = line.find_first_not_of(" \t\r", at);
    if (begin == std::string_view::npos) break;
    at = std::min(line.find_first_of(" \t\r", begin), line.size());
    words_.push_back({line.substr(begin, at - begin), static_cast<unsigned>(begin) + 1});
  }
}

std::string_view Words::take(std::string_view expected) {
  if (!empty()) return words_[next_++].text;
  if (!error_)
    error_ = {number_, static_cast<unsigned>(length_) + 1, "the line ends too soon", fmt::format("add {}", expected)};
  return {};
}

bool Words::accept(std::string_view word) {
  if (empty() || peek() != word) return false;
  ++next_;
  return true;
}

void Words::require(std::string_view word) {
  const std::string_view found = take(word);
  if (found != word) fail(fmt::format("\"{}\"", found), fmt::format("write \"{}\" here", word));
}

void Words::fail(std::string what, std::string remedy) {
  if (error_) return;
  const unsigned column = next_ == 0 ? 1 : words_[next_ - 1].column;
  error_ = {number_, column, std::move(what), std::move(remedy)};
}

void Words::finish() {
  if (empty() || error_) return;
  const std::string_view found = take("");
  fail(fmt::format("\"{}\" after the end of the command", found), "take it away, or begin a new line");
}

std::optional<StackId> Words::accept_stack(unsigned stacks) {
  const std::string_view word = peek();
  if (word.size() < 2 || word[0] != 'S') return std::nullopt;
  const auto value = digits(word.substr(1));
  if (!value || *value < 1 || *value > stacks) return std::nullopt;
  ++next_;
  return StackId{static_cast<std::uint8_t>(*value)};
}

StackId Words::stack(unsigned stacks) {
  if (const auto found = accept_stack(stacks)) return *found;
  const std::string_view word = take("a stack");
  fail(fmt::format("\"{}\" is no stack of this cluster", word), fmt::format("write S1 to S{}", stacks));
  return {};
}

bool Words::is_connection() const {
  return peek().size() > 1 && peek()[0] == 'c' && digits(peek().substr(1)).has_value();
}

std::uint32_t Words::connection() {
  const bool good = is_connection();
  const std::string_view word = take("a connection");
  if (good) return static_cast<std::uint32_t>(*digits(word.substr(1)));
  fail(fmt::format("\"{}\" is no connection", word), "write c and a number: c1");
  return 0;
}

std::uint32_t Words::client(unsigned clients) {
  const std::string_view word = take("a client");
  if (word.starts_with("client"))
    if (const auto value = digits(word.substr(6)); value && *value >= 1 && *value <= clients)
      return static_cast<std::uint32_t>(*value - 1);
  fail(fmt::format("\"{}\" is no client", word), fmt::format("write client1 to client{}", clients));
  return 0;
}

bool Words::is_number() const { return digits(peek()).has_value(); }

std::uint64_t Words::number(std::uint64_t least, std::uint64_t most, std::string_view expected) {
  const std::string_view word = take(expected);
  const auto value = digits(word);
  if (value && *value >= least && *value <= most) return *value;
  fail(fmt::format("\"{}\" is not {}", word, expected), fmt::format("write a number from {} to {}", least, most));
  return least;
}

std::optional<double> Words::decimal(std::string_view text, std::string_view unit) const {
  if (!text.ends_with(unit)) return std::nullopt;
  text.remove_suffix(unit.size());
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (text.empty() || !whole || !(value >= 0) || value > 1e9) return std::nullopt;
  return value;
}

Micros Words::time() {
  const std::string_view word = take("a time");
  if (const auto value = decimal(word, "us")) return std::llround(*value);
  if (const auto value = decimal(word, "ms")) return std::llround(*value * 1e3);
  if (const auto value = decimal(word, "s")) return std::llround(*value * 1e6);
  fail(fmt::format("\"{}\" is no time", word), "write a number with its unit: 250ms, 1.5s or 80us");
  return 0;
}

PerMillion Words::rate() {
  const std::string_view word = take("a rate");
  if (const auto value = decimal(word, "%"); value && *value <= 100)
    return static_cast<PerMillion>(std::lround(*value * percent));
  fail(fmt::format("\"{}\" is no rate", word), "write a percentage from 0% to 100%");
  return 0;
}

}  // namespace dvipa::world
