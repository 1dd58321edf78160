// What a scenario expects.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "harness/world/reader.hpp"

namespace dvipa::world {
namespace {

constexpr std::array<std::string_view, 6> states{"bystander", "backup",      "rebuilding",
                                                 "active",    "taking_back", "handing_over"};
constexpr std::array<std::string_view, 4> answers{"active", "moving", "not_configured", "disruptive"};
constexpr std::array<std::string_view, 7> ends{"opening", "established", "closing",  "closed",
                                               "refused", "reset",       "timed-out"};
constexpr std::uint64_t count_max = 1'000'000;

}  // namespace

// expect owner A S5 | advertiser A S5 | state A S1 rebuilding | routes A S5 3 | listeners A S5 2 | hidden A S2 |
// not hidden A S4 | answer A S2 moving | c1 established | c1 at S2 | c1 acknowledged 5
Expectation ScenarioReader::expectation(Words& words) {
  using Kind = Expectation::Kind;
  Expectation made;
  if (words.is_connection()) {
    of_connection(words, made);
    return made;
  }
  const unsigned stacks = scenario_.settings.stacks;
  const bool negated = words.accept("not");
  const std::string_view what = words.take("what is expected");
  made.dvipa = dvipa_named(words);
  const bool may_be_nobody = what == "owner" || what == "advertiser";
  if (!may_be_nobody || !words.accept("nobody")) made.stack = words.stack(stacks);
  if (what == "hidden") {
    made.kind = negated ? Kind::not_hidden : Kind::hidden;
  } else if (negated) {
    words.fail("\"not\" before something else than hidden", "take it away");
  } else if (what == "owner") {
    made.kind = Kind::owner;
  } else if (what == "advertiser") {
    made.kind = Kind::advertiser;
  } else if (what == "state") {
    made.kind = Kind::state;
    made.word = words.take("a state");
    if (std::ranges::find(states, made.word) == states.end())
      words.fail(fmt::format("\"{}\" is no state", made.word), "docs/roles.md has the states");
  } else if (what == "answer") {
    made.kind = Kind::answer;
    made.word = words.take("an answer");
    if (std::ranges::find(answers, made.word) == answers.end())
      words.fail(fmt::format("\"{}\" is no answer", made.word), "write active, moving, not_configured or disruptive");
  } else if (what == "routes" || what == "listeners") {
    made.kind = what == "routes" ? Kind::routes : Kind::listeners;
    made.count = words.number(0, count_max, "a count");
  } else {
    words.fail(fmt::format("\"{}\" cannot be expected", what), "docs/simulate.md has the list of expectations");
  }
  return made;
}

void ScenarioReader::of_connection(Words& words, Expectation& expectation) {
  using Kind = Expectation::Kind;
  expectation.connection = words.connection();
  if (words.accept("at")) {
    expectation.kind = Kind::target;
    expectation.stack = words.stack(scenario_.settings.stacks);
  } else if (words.accept("acknowledged")) {
    expectation.kind = Kind::acknowledged;
    expectation.count = words.number(0, count_max, "a count");
  } else {
    expectation.kind = Kind::connection;
    expectation.word = words.take("a state of the connection");
    if (std::ranges::find(ends, expectation.word) == ends.end())
      words.fail(fmt::format("\"{}\" is no state of a connection", expectation.word),
                 "write opening, established, closing, closed, refused, reset or timed-out; or at, or acknowledged");
  }
}

}  // namespace dvipa::world
