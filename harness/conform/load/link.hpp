#pragma once
// One connection of the load, from its connect() to its close, with its account.
#include <cstdint>
#include <optional>
#include <vector>

#include "harness/conform/load/account.hpp"
#include "harness/conform/load/client.hpp"
#include "harness/conform/load/record.hpp"

namespace dvipa::load {

class Link {
 public:
  enum class State : std::uint8_t { opening, open, closing, ended };

  Link(Use use, std::uint16_t target, std::uint64_t id);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  // Begins to connect, from this port or from any; false when the kernel refuses at once (the link has then ended).
  bool open(const Target& target, const Address& source, std::int64_t now_ns, Port source_port = 0);
  // Sends the next request; one is never sent while another waits.
  void request(std::size_t payload_bytes, std::int64_t now_ns);
  // No more requests: closes our side. The link ends when the other side has closed too.
  void close_in_order();
  void end(Outcome outcome, std::int64_t now_ns);

  struct Progress {
    bool opened = false;
    std::optional<std::int64_t> answered_after_ns;
  };
  // What the socket has to say: `events` of epoll.
  Progress advance(std::uint32_t events, std::int64_t now_ns);

  int fd() const { return fd_; }
  State state() const { return state_; }
  bool waiting() const { return sent_ns_ != 0; }
  std::int64_t waiting_since_ns() const { return sent_ns_; }
  std::int64_t answered_ns() const { return answered_ns_; }  // when the last reply came
  const ConnectionAccount& account() const { return account_; }
  bool lost() const { return state_ == State::ended && account_.outcome != Outcome::kept; }
  // Whether TCP has sent something again since the last call.
  bool has_retransmitted();
  // The longest wait since the last call.
  std::int64_t take_longest_wait_ns();

  std::uint32_t exchanges_left = 0;    // churn
  std::uint64_t probe = 0;             // probe: which one waits
  std::uint32_t probe_connection = 0;  // probe: its number

 private:
  void finish_opening(std::int64_t now_ns, Progress& progress);
  void read_replies(std::uint32_t events, std::int64_t now_ns, Progress& progress);
  void answered(const Record& reply, std::int64_t now_ns, Progress& progress);
  void fail(int error_number, std::int64_t now_ns);

  int fd_ = -1;
  State state_ = State::opening;
  StreamChecker checker_;
  std::uint64_t sequence_ = 0;
  std::int64_t sent_ns_ = 0;  // 0: waits for nothing
  std::int64_t answered_ns_ = 0;
  std::uint32_t retransmissions_ = 0;
  std::uint32_t expected_echo_ = 0;
  std::int64_t window_wait_ns_ = 0;
  ConnectionAccount account_;
};

}  // namespace dvipa::load
