#pragma once
// What the load's client knows at its end: every connection with its outcome, the probes, and the longest waits around
// each fault.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "harness/conform/load/record.hpp"
#include "spec/vocabulary/connection.hpp"

namespace dvipa::load {

enum class Use : std::uint8_t {
  steady,  // open from the beginning to the end
  churn,   // opens, exchanges for a while, closes in good order
  probe,   // carries probes of the forwarding path
};

enum class Outcome : std::uint8_t {
  kept,        // it did all that it was to do, and was closed in good order by both sides
  reset,       // the network or the target ended it by a reset
  timed_out,   // the kernel or, at the end, the load gave up waiting for the target
  closed,      // the target closed it though it was in use
  refused,     // it did not open: its SYN was answered by a reset
  not_opened,  // it did not open: no answer
  damaged,     // closed by the load because its bytes no longer made sense
};
std::string_view name_of(Outcome outcome);
std::string_view name_of(Use use);

struct ConnectionAccount {
  std::uint64_t id = 0;
  Use use = Use::steady;
  std::uint16_t target = 0;  // index in the targets of the run
  Address local;
  Port local_port = 0;
  std::string server;  // that answered; empty when none has
  std::int64_t begun_ns = 0;
  std::int64_t opened_ns = 0;  // 0: never
  std::int64_t ended_ns = 0;
  std::uint64_t exchanges = 0;
  std::int64_t longest_wait_ns = 0;  // for a reply
  Outcome outcome = Outcome::kept;
  DamageCounts damages{};
};

struct Probe {
  std::int64_t sent_ns = 0;
  std::int64_t wait_ns = -1;     // until its answer; -1: none
  bool sent_again = false;       // TCP had to retransmit it
  std::uint32_t connection = 0;  // index in Account::probe_servers
};

// The time from one mark (or the beginning) to the next (or the end), and for each steady connection its longest wait
// for a reply.
struct Window {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
  struct Wait {
    std::uint16_t target = 0;
    std::string server;
    std::int64_t longest_ns = 0;
  };
  std::vector<Wait> waits;
};

// The load itself did not run: what it missed then says nothing of the path.
struct Pause {
  std::int64_t from_ns = 0;
  std::int64_t to_ns = 0;
};
inline constexpr std::int64_t pause_ns_min = 2'000'000;  // shorter ones are not recorded

// All times CLOCK_MONOTONIC.
struct Account {
  std::vector<ConnectionAccount> connections;
  std::vector<std::vector<Probe>> probes;  // a target each, in the order of sending
  std::vector<std::string> probe_servers;  // of each probe connection, at its end
  std::vector<Window> windows;
  std::vector<Pause> pauses;  // in the order of time
};

std::vector<std::uint8_t> to_bytes(const Account& account);
// Empty when the bytes are not an account.
std::optional<Account> account_from(const std::vector<std::uint8_t>& bytes);

}  // namespace dvipa::load
