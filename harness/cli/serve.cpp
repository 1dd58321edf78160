// dvipa serve: the application of the lab, for a cluster that is run by hand.
#include <fmt/core.h>

#include "harness/cli/command_line.hpp"
#include "harness/cli/verb.hpp"
#include "harness/cli/verbs.hpp"
#include "harness/conform/load/record.hpp"
#include "harness/conform/load/server.hpp"

namespace dvipa::cli {
namespace {

constexpr std::string_view description =
    "Answers the checked records of `dvipa conform` on a TCP port until SIGTERM. SIGUSR1 ends the listener and lets "
    "open\n"
    "connections go on; SIGUSR2 listens again.\n"
    "\n"
    "Example: dvipa lab exec MVS2 -- dvipa serve --listen 60 --name MVS2\n";

}  // namespace

int run_serve(std::span<const std::string> words) {
  CommandLine line("serve", description);
  TCLAP::ValueArg<unsigned> port("", "listen", "the port (60)", false, 60, "PORT", line.arguments());
  TCLAP::ValueArg<std::string> address("", "address", "to listen on (0.0.0.0, every IPv4 address)", false, "0.0.0.0",
                                       "ADDRESS", line.arguments());
  TCLAP::ValueArg<std::string> name("", "name", "that its answers bear (server)", false, "server", "NAME",
                                    line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  constexpr unsigned port_max = 65535;
  if (port.getValue() < 1 || port.getValue() > port_max) return line.bad_usage("--listen takes 1 to 65535");
  if (name.getValue().empty() || name.getValue().size() > load::server_name_max)
    return line.bad_usage(fmt::format("--name takes 1 to {} bytes", load::server_name_max));
  const auto where = parse_address(address.getValue());
  if (!where) return line.bad_usage("--address takes an IP address");
  load::ServerOptions options;
  options.name = name.getValue();
  options.port = static_cast<Port>(port.getValue());
  options.address = *where;
  return load::serve(options) == 0 ? exit_passed : exit_environment_lacking;
}

}  // namespace dvipa::cli
