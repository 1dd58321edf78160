#pragma once
// The log of a stack under test, read while it is written: one JSON object a line with time_ns (CLOCK_REALTIME), stack,
// event.
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace dvipa::conform {

struct LogEvent {
  std::int64_t time_ns = 0;
  std::string stack;
  std::string event;
  nlohmann::json fields;  // the whole line
  std::string text(const char* field) const { return fields.value(field, ""); }
};

class StackLog {
 public:
  explicit StackLog(std::string path) : path_(std::move(path)) {}
  // The whole lines that have come since the last call; a line that is no such object is skipped and counted.
  std::vector<LogEvent> read_new();
  std::uint64_t lines_unknown() const { return lines_unknown_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  std::int64_t offset_ = 0;
  std::string partial_;
  std::uint64_t lines_unknown_ = 0;
};

}  // namespace dvipa::conform
