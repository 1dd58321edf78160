#pragma once
// Who of a scenario plays which part in the model: one of its DVIPAs with one port, and as many connections with that
// as the model has. DVIPAs share nothing but the bus, ports nothing but the owner, and connections nothing but the
// owner's knowledge of stacks, so a scenario is played on the model once for each such group.
#include <map>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "harness/world/view.hpp"
#include "spec/model/rules.hpp"

namespace dvipa::refine {

struct Cast {
  Address dvipa;
  std::string name;  // of the DVIPA
  Port port = 0;
  model::Rules rules;
  std::map<StackId, model::Stack> stacks;  // those that start; the primary is the model's S1
  std::vector<std::uint32_t> connections;  // by their numbers in commands, each at its place in the model
  std::vector<std::uint32_t> clients;      // of each connection: the client's number, from 0

  model::Stack part_of(StackId stack) const;  // nobody: it never starts
  StackId player_of(model::Stack part) const;
  // A sentence of the model, in the names of the scenario.
  std::string in_names_of_scenario(const std::string& sentence) const;
};

tl::expected<std::vector<Cast>, world::NotPlayable> cast(const world::Scenario& scenario);

}  // namespace dvipa::refine
