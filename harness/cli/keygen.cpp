// dvipa keygen: the key that the members of a cluster share.
#include <fmt/core.h>

#include "harness/cli/command_line.hpp"
#include "harness/cli/complain.hpp"
#include "harness/cli/verbs.hpp"
#include "impl/live/cluster.hpp"

namespace dvipa::cli {

int run_keygen(std::span<const std::string> words) {
  CommandLine line(
      "keygen",
      "Makes a new random key for a cluster: 64 hexadecimal digits in FILE, which must not exist and\n"
      "which only its owner can read. Copy it to every member, and name it as key_file in cluster.toml.\n");
  TCLAP::UnlabeledValueArg<std::string> file("FILE", "where to write the key", true, "", "FILE", line.arguments());
  if (const auto exit_code = line.parse(words)) return *exit_code;
  if (const auto written = write_new_key(file.getValue()); !written)
    return complain("keygen", fmt::format("{}: {}", written.error().file.string(), written.error().what),
                    written.error().remedy);
  fmt::print("{}: a new key; copy it to every member of the cluster\n", file.getValue());
  return exit_passed;
}

}  // namespace dvipa::cli
