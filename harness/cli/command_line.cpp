// TCLAP tamed: it neither prints nor exits by itself, and an unknown option is never taken for a file name.
#include "harness/cli/command_line.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "harness/cli/complain.hpp"
#include "harness/cli/nearest.hpp"

namespace dvipa::cli {
namespace {

bool is_option(const TCLAP::Arg& argument) { return argument.longID("").starts_with('-'); }

std::string long_name(const TCLAP::Arg& option) { return "--" + option.getName(); }

// TCLAP writes `Argument: -n <N>` and capitals; a line of ours goes on in small letters.
std::string in_one_line(const TCLAP::ArgException& error) {
  constexpr std::string_view label = "Argument: ";
  std::string where = error.argId();
  where = where.starts_with(label) ? where.substr(label.size()) : "";
  std::string what = error.error();
  if (!what.empty() && what.front() >= 'A' && what.front() <= 'Z')
    what.front() = static_cast<char>(what.front() + 'a' - 'A');
  if (what.ends_with('!')) what.pop_back();
  return where.empty() ? what : where + ": " + what;
}

std::string entry(std::string_view what, std::string_view description) {
  return fmt::format("  {:<26} {}\n", what, description);
}

}  // namespace

CommandLine::CommandLine(std::string_view verb, std::string_view description)
    : verb_(verb), description_(description), arguments_("", ' ', "", false) {
  arguments_.setExceptionHandling(false);
}

std::optional<int> CommandLine::parse(std::span<const std::string> words) {
  std::vector<std::string> checked{verb_};
  if (const auto exit_code = check_options(words, checked)) return exit_code;
  try {
    arguments_.parse(checked);
  } catch (const TCLAP::ArgException& error) {
    return bad_usage(in_one_line(error));
  }
  return std::nullopt;
}

// TCLAP lets a positional argument swallow any word, so options are looked at first.
std::optional<int> CommandLine::check_options(std::span<const std::string> words, std::vector<std::string>& checked) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      checked.insert(checked.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      return std::nullopt;
    }
    if (word == "--help" || word == "-h") {
      fmt::print("{}", help());
      return exit_passed;
    }
    if (!word.starts_with('-') || word.size() == 1) {
      checked.push_back(word);
      continue;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const TCLAP::Arg* option = find_option(name);
    if (option == nullptr) return unknown_option(name);
    checked.push_back(name);
    if (equals != std::string::npos) {
      if (!option->isValueRequired()) return bad_usage(fmt::format("{} takes no value", name));
      checked.push_back(word.substr(equals + 1));
    } else if (option->isValueRequired() && i + 1 < words.size()) {
      checked.push_back(words[++i]);
    }
  }
  return std::nullopt;
}

TCLAP::Arg* CommandLine::find_option(std::string_view name) {
  for (TCLAP::Arg* argument : arguments_.getArgList()) {
    if (!is_option(*argument)) continue;
    if (name == long_name(*argument) || (name.size() == 2 && name.substr(1) == argument->getFlag())) return argument;
  }
  return nullptr;
}

int CommandLine::unknown_option(std::string_view name) {
  std::vector<std::string> names;
  for (const TCLAP::Arg* argument : in_order_of_declaration())
    if (is_option(*argument)) names.push_back(long_name(*argument));
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const auto meant = nearest(name, candidates);
  return bad_usage(
      fmt::format("there is no option {}{}", name, meant ? fmt::format("; did you mean {}?", *meant) : ""));
}

int CommandLine::bad_usage(std::string_view what) const {
  return complain(verb_, what, fmt::format("see dvipa {} --help", verb_));
}

// TCLAP keeps options in the reverse order, positional arguments after them, and its own `--` among them.
std::vector<TCLAP::Arg*> CommandLine::in_order_of_declaration() {
  std::vector<TCLAP::Arg*> options;
  std::vector<TCLAP::Arg*> positional;
  for (TCLAP::Arg* argument : arguments_.getArgList()) {
    if (argument->getName() == TCLAP::Arg::ignoreNameString()) continue;
    (is_option(*argument) ? options : positional).push_back(argument);
  }
  std::ranges::reverse(options);
  options.insert(options.end(), positional.begin(), positional.end());
  return options;
}

std::string CommandLine::help() {
  const auto arguments = in_order_of_declaration();
  std::string usage = "Usage: dvipa " + verb_;
  std::string list;
  for (TCLAP::Arg* argument : arguments) {
    const bool in_brackets = !argument->isRequired() && !is_option(*argument);
    usage += in_brackets ? fmt::format(" [{}]", argument->shortID()) : " " + argument->shortID();
    std::string what = argument->longID();
    if (const std::size_t remark = what.find("  ("); remark != std::string::npos) what.resize(remark);
    list += entry(what, argument->getDescription());
  }
  return fmt::format("{}\n\n{}\n{}{}", usage, description_, list, entry("-h,  --help", "show this text"));
}

}  // namespace dvipa::cli
