#include "impl/live/kernel/journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "impl/live/kernel/process.hpp"

namespace dvipa::kernel {
namespace {

using Json = nlohmann::json;

struct ToJson {
  Json operator()(const LoopbackRaised&) const { return {{"loopback", "up"}}; }
  Json operator()(const AddressAdded& change) const { return {{"address", dvipa::to_string(change.address)}}; }
  Json operator()(const SysctlSet& change) const {
    return {{"sysctl", change.path}, {"before", change.before}, {"after", change.after}};
  }
  Json operator()(const FenceTableMade& change) const { return {{"fence", change.table}}; }
  Json operator()(const TunDeviceMade& change) const { return {{"tun", change.name}}; }
};

std::optional<std::string> text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<HostChange> change_of(const Json& object) {
  if (!object.is_object()) return std::nullopt;
  if (object.contains("loopback")) return LoopbackRaised{};
  if (const auto text = text_of(object, "address")) {
    const auto address = parse_address(*text);
    if (!address) return std::nullopt;
    return AddressAdded{*address};
  }
  if (const auto path = text_of(object, "sysctl")) {
    const auto before = text_of(object, "before");
    const auto after = text_of(object, "after");
    if (!before || !after) return std::nullopt;
    return SysctlSet{*path, *before, *after};
  }
  if (const auto table = text_of(object, "fence")) return FenceTableMade{*table};
  if (const auto name = text_of(object, "tun")) return TunDeviceMade{*name};
  return std::nullopt;
}

std::string line_of(const char* verb, const HostChange& change) {
  return Json{{verb, std::visit(ToJson{}, change)}}.dump() + "\n";
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

std::string boot_id() { return first_line("/proc/sys/kernel/random/boot_id"); }

Json header() {
  const ProcessSeen self = look_at_process("self");
  return {{"journal", 1},
          {"pid", self.pid},
          {"started", self.start},
          {"boot", boot_id()},
          {"namespace", network_namespace_inode()}};
}

struct Leftover {
  long living_pid = 0;  // of its writer, when that is alive
  std::vector<HostChange> standing;
};

// A line that does not parse is one that its writer was killed in: what it announces was not done.
Leftover read_leftover(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  Leftover leftover;
  if (!std::getline(file, line)) return leftover;
  const Json head = Json::parse(line, nullptr, false);
  if (!head.is_object() || text_of(head, "boot") != boot_id()) return leftover;
  const long pid = head.value("pid", 0L);
  const std::uint64_t started = head.value("started", std::uint64_t{0});
  if (pid > 0 && pid != look_at_process("self").pid && is_alive(pid, started)) {
    leftover.living_pid = pid;
    return leftover;
  }
  while (std::getline(file, line)) {
    const Json entry = Json::parse(line, nullptr, false);
    if (!entry.is_object()) continue;
    if (const auto made = entry.find("do"); made != entry.end()) {
      if (auto change = change_of(*made)) leftover.standing.push_back(std::move(*change));
    } else if (const auto undone = entry.find("undone"); undone != entry.end()) {
      if (const auto change = change_of(*undone)) std::erase(leftover.standing, *change);
    }
  }
  return leftover;
}

// Held while a journal is looked at and taken over, so that of two that start at once one sees the other.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::filesystem::path& directory)
      : file_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (file_ >= 0) flock(file_, LOCK_EX);
  }
  ~DirectoryLock() {
    if (file_ >= 0) ::close(file_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int file_;
};

// 0, or why no file can be made there.
int prepare(const std::filesystem::path& directory) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return error.value();
  return access(directory.c_str(), W_OK | X_OK) == 0 ? 0 : errno;
}

Result<std::filesystem::path> usable_directory(const JournalPlace& place) {
  const int error = prepare(place.directory);
  if (error == 0) return place.directory;
  if (!place.fallback_directory.empty() && prepare(place.fallback_directory) == 0) return place.fallback_directory;
  Failure refused = failure("make the journal in " + place.directory.string(), error);
  refused.remedy = "run as root, or name a directory for the journal that can be written";
  return tl::unexpected(std::move(refused));
}

bool write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

std::uint64_t network_namespace_inode() {
  struct stat status {};
  return ::stat("/proc/thread-self/ns/net", &status) == 0 ? status.st_ino : 0;
}

std::string describe(const HostChange& change) { return std::visit(ToJson{}, change).dump(); }

Result<Journal> Journal::open(const JournalPlace& place) {
  const auto directory = usable_directory(place);
  if (!directory) return tl::unexpected(directory.error());
  Journal journal;
  journal.path_ = *directory / fmt::format("{}-{}.journal", network_namespace_inode(), place.name);
  const DirectoryLock lock(*directory);
  Leftover leftover = read_leftover(journal.path_);
  if (leftover.living_pid != 0)
    return tl::unexpected(Failure{fmt::format("already running (pid {})", leftover.living_pid),
                                  fmt::format("stop that process first; its journal is {}", journal.path_.string()),
                                  EBUSY});
  journal.standing_ = std::move(leftover.standing);
  if (auto taken = journal.rewrite(); !taken) return tl::unexpected(taken.error());
  return journal;
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      standing_(std::move(other.standing_)),
      lines_(other.lines_),
      file_(std::exchange(other.file_, -1)) {}

Journal& Journal::operator=(Journal&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(standing_, other.standing_);
  std::swap(lines_, other.lines_);
  std::swap(file_, other.file_);
  return *this;
}

Journal::~Journal() {
  if (file_ >= 0) ::close(file_);
}

// Replaces the file at once by one that holds only who writes it and what stands.
Result<void> Journal::rewrite() {
  const std::string next = path_.string() + ".new";
  std::string text = header().dump() + "\n";
  for (const HostChange& change : standing_) text += line_of("do", change);
  ::unlink(next.c_str());
  const int file = ::open(next.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);
  if (file < 0) return tl::unexpected(failure("write the journal " + next, errno));
  if (!write_all(file, text) || ::rename(next.c_str(), path_.c_str()) != 0) {
    const int error = errno;
    ::close(file);
    return tl::unexpected(failure("write the journal " + path_.string(), error));
  }
  if (file_ >= 0) ::close(file_);
  file_ = file;
  lines_ = standing_.size();
  return {};
}

Result<void> Journal::append(std::string_view line) {
  if (!write_all(file_, line)) return tl::unexpected(failure("write the journal " + path_.string(), errno));
  ++lines_;
  constexpr std::size_t slack_lines = 256;
  if (lines_ > slack_lines + 4 * standing_.size()) return rewrite();
  return {};
}

Result<void> Journal::about_to(const HostChange& change) {
  if (std::find(standing_.begin(), standing_.end(), change) != standing_.end()) return {};
  standing_.push_back(change);
  auto written = append(line_of("do", change));
  if (!written) standing_.pop_back();
  return written;
}

Result<void> Journal::undone(const HostChange& change) {
  if (std::erase(standing_, change) == 0) return {};
  return append(line_of("undone", change));
}

void Journal::close() {
  if (file_ < 0) return;
  if (standing_.empty()) ::unlink(path_.c_str());
  ::close(std::exchange(file_, -1));
}

}  // namespace dvipa::kernel
