// The `dvipa` command: the table of its verbs.
#include <string>
#include <vector>

#include "harness/cli/dispatch.hpp"
#include "harness/cli/verbs.hpp"

int main(int argc, char** argv) {
  using namespace dvipa::cli;
  const std::vector<Verb> verbs = {
      {"run", "run one live stack of a cluster on this host", run_run},
      {"netstat", "show what a running stack defines, owns, distributes and routes", run_netstat},
      {"vary", "change a running stack: its profile, its part in the group, its listeners", run_vary},
      {"profile", "check the definitions of a host, and show how they are understood", run_profile},
      {"check", "prove the protocol in a bounded configuration, or show how it fails", run_check},
      {"bench", "measure how fast a part is, beside a peer", run_bench},
      {"conform", "judge the failover of an implementation on live hosts under load", run_conform},
      {"keygen", "make the key that the members of a cluster share", run_keygen},
      {"lab", "make hosts on this machine to try a cluster in, and remove them", run_lab},
      {"requirements", "list what must hold, and where it comes from", run_requirements},
      {"serve", "answer checked records on a port, as the applications of a lab do", run_serve},
      {"simulate", "play scenarios, or random schedules of faults, in a deterministic cluster", run_simulate},
  };
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return dispatch(verbs, arguments);
}
