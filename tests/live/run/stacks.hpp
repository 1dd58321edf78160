#pragma once
// Live stacks (`dvipa run`) on the hosts of a lab, and what they logged.
#include <filesystem>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "harness/lab/lab.hpp"

namespace dvipa::test {

using Json = nlohmann::json;

// True as soon as `condition` is; false when it is not within `limit`.
bool wait_for(const std::function<bool()>& condition, std::chrono::milliseconds limit = std::chrono::seconds(15));

// A folder of its own, gone with the object.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The failover example on a lab of `count` hosts MVS1..; members that are not started simply are not there.
class Stacks {
 public:
  explicit Stacks(unsigned count);

  lab::Lab& lab() { return *lab_; }
  // Starts stack n; `more` goes to its command line.
  void start(unsigned n, const std::vector<std::string>& more = {});
  lab::Process& process(unsigned n) { return processes_.at(n); }
  // Runs `dvipa run` on host n to its end and gives what it printed on standard error, with its exit code.
  std::pair<int, std::string> try_run(unsigned n, const std::vector<std::string>& words);
  std::vector<std::string> words(unsigned n) const;

  std::vector<Json> events(unsigned n) const;
  // The last event of stack n that says which state it has in ownership of `dvipa`; "" if none.
  std::string ownership(unsigned n, const std::string& dvipa) const;
  // Everything that `dvipa run` may change on host n, as text.
  std::string host_state(unsigned n);
  Folder& folder() { return folder_; }

 private:
  Folder folder_;
  std::optional<lab::Lab> lab_;
  std::map<unsigned, lab::Process> processes_;
};

}  // namespace dvipa::test
