#pragma once
// The log of a running stack: one JSON object a line, each with the time (CLOCK_REALTIME, ns), the stack and the event.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace dvipa {

class EventLog {
 public:
  // `path` is a file to append to, or "-" for standard output. The error says why it cannot be opened.
  static tl::expected<EventLog, std::string> open(const std::string& path, std::string stack);
  EventLog(EventLog&& other) noexcept;
  EventLog& operator=(EventLog&&) = delete;
  EventLog(const EventLog&) = delete;
  EventLog& operator=(const EventLog&) = delete;
  ~EventLog();

  // A line that cannot be written (disk full) is counted and otherwise ignored: the stack goes on.
  void write(std::string_view event, nlohmann::ordered_json fields = nlohmann::ordered_json::object());
  std::uint64_t lines_lost() const { return lines_lost_; }

 private:
  EventLog(std::FILE* file, std::string stack) : file_(file), stack_(std::move(stack)) {}
  std::FILE* file_ = nullptr;
  std::string stack_;
  std::uint64_t lines_lost_ = 0;
};

}  // namespace dvipa
