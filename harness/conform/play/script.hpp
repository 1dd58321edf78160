#pragma once
// A scenario as far as a lab is told of it: what it asks for that cannot be had live, and the files of its cluster.
#include <optional>
#include <string>

#include "harness/conform/cluster.hpp"
#include "harness/world/view.hpp"

namespace dvipa::conform {

// Empty: nothing that is said of it alone rules it out.
std::optional<world::NotPlayable> outside_the_lab(const world::Scenario& scenario);

// `run` and `settle`.
bool passes_time(const world::ScenarioLine& line);
// Of the world beside the lab: a seeded fault is in the lab only.
world::Settings settings_of(const world::Scenario& scenario);

// The name of its seeded fault, or nothing.
std::string fault_of(const world::Scenario& scenario);

// S3 of a scenario is the host MVS3, client2 is client2.
std::string host_of(StackId stack);
std::string client_host(std::uint32_t client);  // from 0
// nobody: it is no stack's host
StackId stack_of(const std::string& host);

ClusterPlan plan_of(const world::Scenario& scenario);
ClusterFile profile_of(StackId stack, const Definitions& definitions);
// What a running stack has to obey so that `definition` is all that it says of the DVIPA (CFG-7).
std::string amendment(const DvipaDefinition& definition, bool is_defined);

}  // namespace dvipa::conform
