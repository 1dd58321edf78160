#pragma once
// The arguments of one verb: TCLAP underneath, without its habit of ending the process.
#include <tclap/CmdLine.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dvipa::cli {

// A verb declares its arguments against `arguments()` and then parses:
//
//   CommandLine line("profile", "Reads a profile ...\n");
//   TCLAP::UnlabeledValueArg<std::string> file("FILE", "the profile", true, "", "FILE", line.arguments());
//   TCLAP::SwitchArg json("", "json", "print JSON", line.arguments());
//   if (const auto exit_code = line.parse(words)) return *exit_code;
//
// -h and --help are answered here.
class CommandLine {
 public:
  // `description` is what `dvipa VERB --help` teaches, in whole lines.
  CommandLine(std::string_view verb, std::string_view description);

  TCLAP::CmdLine& arguments() { return arguments_; }

  // Empty when the verb may go on. Otherwise the exit code to return: help was asked for and printed, or the usage
  // was bad and one line on standard error says how. Options are `--name VALUE` or `--name=VALUE`; `--` ends them.
  std::optional<int> parse(std::span<const std::string> words);

  // Reports bad usage that only the verb itself can see; returns the exit code.
  int bad_usage(std::string_view what) const;

  std::string help();

 private:
  std::vector<TCLAP::Arg*> in_order_of_declaration();
  TCLAP::Arg* find_option(std::string_view name);
  int unknown_option(std::string_view name);
  std::optional<int> check_options(std::span<const std::string> words, std::vector<std::string>& checked);

  std::string verb_;
  std::string description_;
  TCLAP::CmdLine arguments_;
};

}  // namespace dvipa::cli
