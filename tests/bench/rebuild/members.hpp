#pragma once
// Processes that are targets: each joins the group over the loopback interface, and when the new owner has sent it a
// list, reports the connections that it holds, as after a takeover.
#include <sys/types.h>

#include <cstddef>
#include <vector>

#include "impl/live/cluster.hpp"
#include "spec/vocabulary/message.hpp"

namespace dvipa::bench {

inline constexpr std::size_t targets = 4;
inline constexpr StackId owner{5};  // connected to by all targets

Address dvipa_of_bench();
Cluster bench_cluster();
// The connections that `target` holds: clients all over IPv4, no two alike.
std::vector<Remote> connections_of(StackId target, std::size_t count);

// One process a target; they end when `stop` is called, or this process ends.
class Targets {
 public:
  explicit Targets(std::size_t connections_each);
  ~Targets();
  Targets(const Targets&) = delete;
  Targets& operator=(const Targets&) = delete;

 private:
  std::vector<pid_t> processes_;
};

}  // namespace dvipa::bench
