#include "impl/live/shell/event_log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <chrono>
#include <cstring>

namespace dvipa {

tl::expected<EventLog, std::string> EventLog::open(const std::string& path, std::string stack) {
  if (path == "-") return EventLog(stdout, std::move(stack));
  std::FILE* file = std::fopen(path.c_str(), "ae");
  if (file == nullptr) return tl::unexpected(fmt::format("open the log {}: {}", path, std::strerror(errno)));
  return EventLog(file, std::move(stack));
}

EventLog::EventLog(EventLog&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)), stack_(std::move(other.stack_)), lines_lost_(other.lines_lost_) {}

EventLog::~EventLog() {
  if (file_ != nullptr && file_ != stdout) std::fclose(file_);
}

void EventLog::write(std::string_view event, nlohmann::ordered_json fields) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  nlohmann::ordered_json line = {{"time_ns", std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()},
                                 {"stack", stack_},
                                 {"event", event}};
  line.update(fields);
  const std::string text = line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
  if (std::fwrite(text.data(), 1, text.size(), file_) != text.size() || std::fflush(file_) != 0) ++lines_lost_;
}

}  // namespace dvipa
