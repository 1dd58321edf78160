#pragma once
// The words of one line of a scenario, taken one after the other; the first mistake is kept with its column.
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world/scenario.hpp"

namespace dvipa::world {

class Words {
 public:
  Words(std::string_view line, unsigned number);

  bool empty() const { return next_ == words_.size(); }
  bool failed() const { return error_.has_value(); }
  const ScenarioError& error() const { return *error_; }

  // The next word without taking it; empty when there is none.
  std::string_view peek() const { return empty() ? std::string_view() : words_[next_].text; }
  // Takes the next word; `expected` says what it should be if there is none.
  std::string_view take(std::string_view expected);
  // Takes the next word if it is this one.
  bool accept(std::string_view word);
  void require(std::string_view word);
  // About the word that was taken last.
  void fail(std::string what, std::string remedy);
  void finish();  // nothing more may follow

  StackId stack(unsigned stacks);  // S3
  std::optional<StackId> accept_stack(unsigned stacks);
  std::uint32_t connection();  // c12
  bool is_connection() const;
  std::uint32_t client(unsigned clients);  // client2: 1
  std::uint64_t number(std::uint64_t least, std::uint64_t most, std::string_view expected);
  bool is_number() const;
  Micros time();      // 250ms, 1.5s, 80us
  PerMillion rate();  // 2%, 0.5%

 private:
  struct Word {
    std::string_view text;
    unsigned column = 1;
  };
  std::optional<double> decimal(std::string_view text, std::string_view unit) const;

  unsigned number_;
  std::size_t length_;
  std::vector<Word> words_;
  std::size_t next_ = 0;
  std::optional<ScenarioError> error_;
};

}  // namespace dvipa::world
