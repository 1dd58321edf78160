#pragma once
// From the text of a scenario to the scenario, line by line.
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "harness/world/scenario.hpp"
#include "harness/world/words.hpp"

namespace dvipa::world {

inline constexpr std::string_view scenario_heading = "dvipa-scenario 1";

struct MethodName {
  std::string_view word;
  DistMethod method;
};
inline constexpr std::array method_names{
    MethodName{"round-robin", DistMethod::round_robin}, MethodName{"weighted", DistMethod::weighted},
    MethodName{"base-wlm", DistMethod::base_wlm}, MethodName{"weighted-active", DistMethod::weighted_active},
    MethodName{"hot-standby", DistMethod::hot_standby}};

struct MoveableName {
  std::string_view word;
  Moveable moveable;
};
inline constexpr std::array moveable_names{
    MoveableName{"immediate", Moveable::immediate}, MoveableName{"whenidle", Moveable::when_idle},
    MoveableName{"nondisruptive", Moveable::nondisruptive}, MoveableName{"disruptive", Moveable::disruptive}};

inline constexpr std::size_t of_definition = 0;  // the first two of them
inline constexpr std::size_t of_range = 2;       // the others

class ScenarioReader {
 public:
  explicit ScenarioReader(std::string name) { scenario_.name = std::move(name); }

  tl::expected<Scenario, ScenarioError> read(std::string_view text);

 private:
  bool heading(Words& words);
  void line(Words& words, unsigned number);
  // reader.cpp: who is in the cluster
  bool setup(Words& words, std::string_view verb);
  void cluster(Words& words);
  void network(Words& words);
  void dvipa(Words& words);
  void distribution(Words& words);
  void range(Words& words);
  void moveable(Words& words, Moveable& moveable, std::size_t first);
  void mutant(Words& words);
  Distribution distribution_of(Words& words);
  void method(Words& words, Distribution& distribution);
  void ports(Words& words, Distribution& distribution);
  Address dvipa_named(Words& words);
  DvipaDefinition& definition(StackId stack, const Address& address);

  // read_command.cpp: what is done
  Command command(Words& words, std::string_view verb);
  void weight(Words& words, Command& command);
  void listener(Words& words, Command& command);
  void close(Words& words, Command& command);
  void connect(Words& words, Command& command);
  void partition(Words& words, Command& command);
  void isolate(Words& words, Command& command);
  void define(Words& words, Command& command);
  void pair(Words& words, Command& command);

  // read_expectation.cpp: what is expected
  Expectation expectation(Words& words);
  void of_connection(Words& words, Expectation& expectation);

  Scenario scenario_;
  bool has_cluster_ = false;
};

}  // namespace dvipa::world
