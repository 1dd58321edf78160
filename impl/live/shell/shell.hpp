#pragma once
// One live stack: the core with its bus, its kernel, its packet port and its clock, in one thread.
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "impl/live/cluster.hpp"
#include "impl/live/shell/event_log.hpp"
#include "impl/stack/mutant.hpp"
#include "spec/vocabulary/definitions.hpp"

namespace dvipa {

// What a profile obeyed on top of present definitions comes to (CFG-7).
struct Obeyed {
  Definitions definitions;
  std::vector<std::string> changes;  // in words, one line each
};
// `file` names the text in errors; the error is the whole message of CFG-8: place, source line and caret.
using ObeyProfile = std::function<tl::expected<Obeyed, std::string>(const Definitions& present, const std::string& text,
                                                                    const std::string& file)>;

struct ShellOptions {
  std::string interface;  // of the segment that the DVIPAs and the members live on
  bool use_pcap = false;  // the libpcap port instead of the raw one
  bool allow_bpf = true;  // to watch sockets
  Mutant mutant = Mutant::none;
  std::string tun_name = "dvipa0";
  std::filesystem::path state_directory = "/run/dvipa";  // of journal and control socket
  std::filesystem::path control_path;                    // empty: NAME.sock in the state directory
  std::string advertise_command;                         // see Advertiser; empty: none
  ObeyProfile obey;                                      // none: a profile cannot be changed while running
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
