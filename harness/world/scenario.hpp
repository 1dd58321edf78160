#pragma once
// A story for a world: who is in the cluster, what is done to it and when, and what is expected of it. As text it is a
// scenario file (docs/simulate.md); a random schedule is the same thing, made from a seed.
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <variant>
#include <vector>

#include "harness/world/command.hpp"
#include "harness/world/world.hpp"

namespace dvipa::world {

struct Expectation {
  enum class Kind : std::uint8_t {
    owner,        // of the DVIPA is `stack`, and everybody up takes it for that; nobody: nobody owns it
    advertiser,   // `stack` advertises the DVIPA and nobody else does
    state,        // `stack` is in the role `word` for the DVIPA
    routes,       // `stack` has `count` entries in its CRT of the DVIPA
    listeners,    // `stack` has `count` entries in its DPT of the DVIPA
    hidden,       // `stack` holds the address of the DVIPA
    not_hidden,   // or does not
    answer,       // `stack` has answered `word` when it was last asked for an address
    connection,   // the connection is in the state, or came to the end, `word`
    target,       // the connection is with `stack`
    acknowledged  // the client's first `count` data segments have been acknowledged
  } kind = Kind::owner;
  Address dvipa;
  StackId stack;
  std::uint32_t connection = 0;
  std::uint64_t count = 0;
  std::string word;
  bool operator==(const Expectation&) const = default;
};

struct ScenarioLine {
  std::optional<Micros> at;  // since the world began; none: when the line before is done
  std::variant<Command, Expectation> what;
  unsigned number = 0;  // in the file, from 1; 0 when there is none
  bool is_same_as(const ScenarioLine& other) const { return at == other.at && what == other.what; }
};

struct Scenario {
  std::string name;
  std::vector<std::string> covers;  // requirements
  Settings settings;
  std::map<std::string, Address> dvipas;  // by name: A, B, ...
  std::vector<Definitions> profiles;      // of stack n at n - 1
  std::vector<ScenarioLine> lines;
};

struct ScenarioError {
  unsigned line = 0;    // from 1
  unsigned column = 0;  // from 1
  std::string what;     // what was found
  std::string remedy;   // what to write instead
};

tl::expected<Scenario, ScenarioError> read_scenario(std::string_view text, std::string name);
std::string write_scenario(const Scenario& scenario);

// Empty when the world is as expected; else how it is.
std::string unmet(const Expectation& expected, const World& world);

struct Unmet {
  unsigned line = 0;
  std::string what;
};

struct Outcome {
  std::optional<Violation> violation;
  std::vector<Unmet> unmet;
  std::uint64_t steps = 0;
  std::uint64_t digest = 0;  // of all that has happened, and of the world at the end
  Micros ended_at = 0;
  bool passed() const { return !violation && unmet.empty(); }
};

// As `expect` says it: opening, established, closing, or how it has ended.
const char* word_of(const ClientConnection& connection);

// Plays the lines in order; stops at the first violation. `observer` may be null.
Outcome play(const Scenario& scenario, Observer* observer = nullptr);

}  // namespace dvipa::world
