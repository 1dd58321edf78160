#pragma once
// The cluster under test in its lab: hosts, applications, stacks, and what the stacks' logs say of them.
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/conform/example.hpp"
#include "harness/conform/implementation.hpp"
#include "harness/conform/stack_log.hpp"
#include "harness/conform/workload.hpp"
#include "harness/lab/lab.hpp"

namespace dvipa::conform {

// A stack is dead from `at_ns` on; CLOCK_MONOTONIC.
struct Death {
  std::string host;
  std::int64_t at_ns = 0;
  std::vector<Address> for_clients = {};  // only they have lost it; none: everybody has
  bool ends_remain = false;               // its host lives on with its ends of the connections, if only in TIME_WAIT
};

struct ClusterFile {
  std::string name;
  std::string text;
};

// Who is there, and what they are told: cluster.toml, and mvsN.profile of each stack.
struct ClusterPlan {
  unsigned stacks = example_stacks;
  unsigned clients = lab::clients_max;
  std::vector<ClusterFile> files;
};

class Cluster {
 public:
  // Builds the lab and writes the cluster's files, with a new key, into `folder`. Nothing runs yet.
  static lab::Result<std::unique_ptr<Cluster>> build(const Implementation& implementation, const std::string& folder,
                                                     const ClusterPlan& plan);
  // The example, with an application and a stack on every host.
  static lab::Result<std::unique_ptr<Cluster>> start(const Implementation& implementation, const std::string& folder,
                                                     Family family);

  lab::Lab& lab() { return lab_; }
  const std::vector<ExampleDvipa>& dvipas() const { return dvipas_; }
  Server& server(const std::string& host) { return servers_.at(host); }
  lab::Process& stack(const std::string& host) { return stacks_.at(host).process; }
  std::map<std::string, Server>& servers() { return servers_; }
  const std::string& folder() const { return folder_; }
  // Into the folder; a stack reads its profile when it starts.
  lab::Result<void> write(const ClusterFile& file) const;

  // Waits until the cluster rests: every running stack knows the others, each DVIPA has one owner, and this one knows
  // every listener that it can use. Empty when it does; else what is missing after `limit`. An implementation without a
  // log is asked from outside: connections through each DVIPA must reach every target.
  std::optional<std::string> await_settled(std::chrono::milliseconds limit);
  // Who owns the DVIPA by the logs; empty when nobody does, or several.
  std::string owner(const ExampleDvipa& dvipa);

  Death kill_stack(const std::string& host);
  // SIGTERM; the exit status, or empty when it has not ended within `limit`.
  Death begin_stop(const std::string& host);
  // The first one of the host, or the next one when the one before has ended.
  lab::Result<void> start_stack(const std::string& host);
  Death pull_cable(const std::string& host);
  // Has the operator of the host's stack do what `dvipa vary WORDS` does, and gives the answer; empty when the
  // implementation knows no such command.
  lab::Result<std::optional<std::string>> operate(const std::string& host, const std::vector<std::string>& words);
  // SIGSTOP: the stack stands still, and for the others it is dead. Its host and its application go on.
  Death pause_stack(const std::string& host);
  void continue_stack(const std::string& host);
  // Cuts the host off the bus, or ends that: what stacks say to each other is lost, and everything else on the segment
  // arrives as before.
  lab::Result<void> cut_bus(const std::string& host);
  lab::Result<void> mend_bus(const std::string& host);
  void plug_cable(const std::string& host);
  // Parts the segment: these hosts are beyond, and count no more; with none it is whole, and all count again.
  lab::Result<void> part(const std::set<std::string>& beyond);
  // Dead or cut off; await_settled expects nothing of it.
  void count_out(const std::string& host) { stacks_.at(host).counts = false; }
  void count_in(const std::string& host) { stacks_.at(host).counts = true; }
  // The state that the stack has in ownership of the DVIPA, by its log; "" when that does not tell.
  std::string state(const std::string& host, const ExampleDvipa& dvipa);

  // Every event so far, of all stacks, in the order of time.
  const std::vector<LogEvent>& events();
  // A stack that has ended though nobody ended it: which, and its last words.
  std::optional<std::string> unexpected_end();
  // Set when a stack ended because the host lacks something (exit code 3 of `dvipa run`), which is no verdict about the
  // stack.
  std::optional<lab::Failure> lacking();
  // What the stack has printed, at most its last lines.
  std::string last_words(const std::string& host) const;

 private:
  struct Stack {
    StackFiles files;
    lab::Process process;
    std::unique_ptr<StackLog> log;
    bool counts = true;
    // By its log, since it last started:
    bool ready = false;
    std::set<std::string> members;
    std::map<std::string, std::string> ownership;            // DVIPA -> state
    std::map<std::string, std::set<std::string>> listening;  // DVIPA -> targets
  };
  Cluster(const Implementation& implementation, lab::Lab lab, std::string folder)
      : implementation_(implementation), lab_(std::move(lab)), folder_(std::move(folder)) {}
  lab::Result<void> write_files(const std::vector<ClusterFile>& files) const;
  void learn(const LogEvent& event);
  // What is known of the stack by its log, until it tells anew.
  static void forget(Stack& stack);
  std::string missing_by_log();
  std::string missing_of(const ExampleDvipa& dvipa);
  std::string missing_from_outside();

  const Implementation& implementation_;
  lab::Lab lab_;
  std::string folder_;
  std::vector<ExampleDvipa> dvipas_;
  std::map<std::string, Server> servers_;
  std::map<std::string, Stack> stacks_;
  std::vector<LogEvent> events_;
};

}  // namespace dvipa::conform
