#pragma once
// One live stack: the core with its bus, its kernel, its packet port and its clock, in one thread.
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <tl/expected.hpp>

#include "impl/live/cluster.hpp"
#include "impl/live/shell/event_log.hpp"
#include "impl/stack/mutant.hpp"
#include "spec/vocabulary/definitions.hpp"

namespace dvipa {

struct ShellOptions {
  std::string interface;  // of the segment that the DVIPAs and the members live on
  bool use_pcap = false;  // the libpcap port instead of the raw one
  bool allow_bpf = true;  // to watch sockets
  Mutant mutant = Mutant::none;
  std::string tun_name = "dvipa0";
  std::filesystem::path journal_directory = "/run/dvipa";
};

// Why a stack could not start, or had to stop.
struct ShellError {
  std::string what;
  std::string remedy;
  bool environment = true;  // the host lacks something; otherwise the input was wrong
};

// Runs member `self` of `cluster` until SIGTERM or SIGINT (hands over, undoes every change to the host) or an error.
// SIGUSR1 logs the counters. A second SIGTERM stops without handing over.
tl::expected<void, ShellError> run_stack(const Cluster& cluster, const ClusterMember& self,
                                         const Definitions& definitions, EventLog& log, const ShellOptions& options);

}  // namespace dvipa
