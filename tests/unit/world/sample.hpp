#pragma once
// A small cluster for tests of the world: one DVIPA, S1 primary, S2 and S3 backups with ranks 20 and 10, all
// candidates.
#include "harness/world/world.hpp"

namespace dvipa::world::sample {

inline const Address dvipa_a = *parse_address("10.77.1.1");
inline constexpr Port port = 60;

inline StackId stack(unsigned n) { return {static_cast<std::uint8_t>(n)}; }

inline std::vector<Definitions> profiles(unsigned stacks) {
  std::vector<Definitions> all(stacks);
  for (unsigned n = 1; n <= 3 && n <= stacks; ++n) {
    DvipaDefinition definition;
    definition.dvipa = dvipa_a;
    definition.part = n == 1 ? Part::primary : Part::backup;
    definition.rank = static_cast<std::uint8_t>(n == 1 ? 0 : 40 - 10 * n);
    if (n == 1) {
      definition.distribution.emplace();
      definition.distribution->ports.ranges = {{port, port}};
    }
    all[n - 1].dvipas.push_back(definition);
  }
  return all;
}

inline Command of(Verb verb, unsigned n = 0) {
  Command command;
  command.verb = verb;
  command.stack = stack(n);
  return command;
}

inline Command listening(unsigned n) {
  Command command = of(Verb::listen, n);
  command.address = wildcard_of(dvipa_a);
  command.port = port;
  return command;
}

inline Command connecting(std::uint32_t connection, unsigned client = 0) {
  Command command = of(Verb::connect);
  command.connection = connection;
  command.client = client;
  command.address = dvipa_a;
  command.port = port;
  return command;
}

inline Command running(Micros time) {
  Command command = of(Verb::run);
  command.amount = time;
  return command;
}

inline Command sending(std::uint32_t connection, std::int64_t count) {
  Command command = of(Verb::send);
  command.connection = connection;
  command.amount = count;
  return command;
}

// All hosts are up and listen, and S1 owns the DVIPA.
inline World running_world(Settings settings) {
  World world(settings, profiles(settings.stacks));
  for (unsigned n = 1; n <= settings.stacks; ++n) {
    world.perform(listening(n));
    world.perform(of(Verb::start, n));
  }
  world.perform(running(3000 * ms));
  return world;
}

}  // namespace dvipa::world::sample
