#pragma once
// The connections of a scenario, by their numbers, from the clients' hosts: opened, used and closed one by one.
#include <chrono>
#include <map>
#include <memory>
#include <string>

#include "harness/conform/load/link.hpp"
#include "harness/lab/lab.hpp"
#include "harness/world/command.hpp"

namespace dvipa::conform {

class Callers {
 public:
  struct Caller {
    std::unique_ptr<load::Link> link;
    Connection tuple;
    std::uint64_t wanted = 0;  // requests
    bool closing = false;
    StackId peer;  // whose kernel has had the other end when it was looked at first

    std::string state() const;  // in the words of a scenario
    std::uint64_t acknowledged() const { return link->account().exchanges; }
    bool is_open() const { return link->state() != load::Link::State::ended; }
  };

  explicit Callers(lab::Lab& lab) : lab_(lab) {}

  // The same 4-tuple for the same number.
  lab::Result<void> connect(const world::Command& command);
  void send(std::uint32_t number, std::int64_t count);
  void close(std::uint32_t number);

  // Hears what the sockets have to say, and sends what comes next, for so long.
  void tend(std::chrono::milliseconds time);

  std::map<std::uint32_t, Caller>& all() { return all_; }

 private:
  void go_on(Caller& caller);
  void hear(std::chrono::milliseconds limit);

  lab::Lab& lab_;
  std::map<std::uint32_t, Caller> all_;
};

}  // namespace dvipa::conform
