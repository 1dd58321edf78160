// A killed stack may leave half a line; the next one of its name then goes on behind it.
#include "harness/conform/stack_log.hpp"

#include <fstream>
#include <iterator>

namespace dvipa::conform {

std::vector<LogEvent> StackLog::read_new() {
  std::vector<LogEvent> events;
  std::ifstream file(path_, std::ios::binary);
  if (!file.seekg(offset_)) return events;
  const std::string fresh(std::istreambuf_iterator<char>(file), {});
  offset_ += static_cast<std::int64_t>(fresh.size());
  partial_ += fresh;
  std::size_t begin = 0;
  for (auto end = partial_.find('\n'); end != std::string::npos; begin = end + 1, end = partial_.find('\n', begin)) {
    auto line = nlohmann::json::parse(partial_.begin() + static_cast<std::ptrdiff_t>(begin),
                                      partial_.begin() + static_cast<std::ptrdiff_t>(end), nullptr, false);
    try {
      LogEvent event{line.at("time_ns"), line.at("stack"), line.at("event"), {}};
      event.fields = std::move(line);
      events.push_back(std::move(event));
    } catch (const nlohmann::json::exception&) {
      ++lines_unknown_;
    }
  }
  partial_.erase(0, begin);
  return events;
}

}  // namespace dvipa::conform
