#pragma once
// The judge's side of the load: servers and client as processes in the lab's hosts.
#include <chrono>
#include <csignal>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/conform/load/account.hpp"
#include "harness/conform/load/client.hpp"
#include "harness/conform/load/server.hpp"
#include "harness/lab/lab.hpp"

namespace dvipa::conform {

// An application on a host, named as the host is.
class Server {
 public:
  // It listens when this returns. `options` without its name and its descriptors.
  static lab::Result<Server> start(lab::Lab& lab, const std::string& host, load::ServerOptions options);

  struct Accepted {
    std::uint64_t connection = 0;  // 0: it never sent a request
    std::int64_t accepted_ns = 0;
    std::uint64_t damaged = 0;
  };
  struct Account {
    std::string name;
    std::uint64_t requests = 0;
    std::map<std::string, std::uint64_t> damage;                         // kind -> count
    std::map<std::pair<Address, Port>, std::vector<Accepted>> accepted;  // by the client's end
  };
  // Ends the server in good order. Empty when it had been killed.
  std::optional<Account> finish();
  void end_listener() { process_.signal(SIGUSR1); }
  void listen_again() { process_.signal(SIGUSR2); }
  lab::Process& process() { return process_; }

 private:
  lab::Process process_;
  lab::FileDescriptor account_;
};

class Load {
 public:
  // `options` without its descriptors.
  static lab::Result<Load> start(lab::Lab& lab, const std::string& host, load::ClientOptions options);

  struct Progress {
    std::string phase = "opening";
    std::uint32_t open = 0;
    std::uint32_t of = 0;
    std::uint64_t lost = 0;
    std::int64_t waiting_ms = 0;
  };
  // The newest; waits for one up to `limit`.
  const Progress& progress(std::chrono::milliseconds limit);
  void mark();
  // Lets the load exchange once more and close. Empty when it died.
  std::optional<load::Account> finish();
  bool running() { return process_.running(); }

 private:
  void tell(const char* word);
  lab::Process process_;
  lab::FileDescriptor control_;
  lab::FileDescriptor account_;
  Progress progress_;
  std::chrono::milliseconds finish_limit_{0};
};

}  // namespace dvipa::conform
