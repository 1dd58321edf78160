#pragma once
// The implementation under test, behind the few things that a suite needs of it.
#include <memory>
#include <string>
#include <vector>

#include "harness/lab/lab.hpp"

namespace dvipa::conform {

// One stack to run: member `name` of the cluster, on the host of that name.
struct StackFiles {
  std::string name;
  std::string interface = "e0";
  std::string cluster;  // path of cluster.toml
  std::string profile;
  std::string log;     // where it logs its events, if it does
  std::string output;  // its standard output and error go there
};

class Implementation {
 public:
  virtual ~Implementation() = default;
  virtual std::string description() const = 0;
  // What to run on the host. SIGTERM must stop it in good order, SIGKILL is its death.
  virtual std::vector<std::string> command(const StackFiles& files) const = 0;
  // Whether it writes the events of `dvipa run` to StackFiles::log. If not, it is judged from outside only.
  virtual bool tells_events() const = 0;
  // What an operator runs on the host of a stack to have it do what `dvipa vary WORDS` does; empty when there is no
  // such command.
  virtual std::vector<std::string> operate(const std::vector<std::string>& words) const = 0;

  lab::Result<lab::Process> start(lab::Lab& lab, const StackFiles& files) const;
};

// `dvipa run` of the program `executable`. `mutant`: a seeded fault, or empty.
std::unique_ptr<Implementation> dvipa_implementation(std::string executable, std::string port, std::string mutant);

// Any command of the shell, with {name} {interface} {cluster} {profile} {log} in it replaced.
std::unique_ptr<Implementation> command_implementation(std::string command);

}  // namespace dvipa::conform
