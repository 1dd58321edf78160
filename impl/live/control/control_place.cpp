#include "impl/live/control/control_place.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <system_error>

namespace dvipa::control {

namespace fs = std::filesystem;

namespace {

// A directory that everybody may write to may hold what others have put there.
bool is_trusted_socket(const fs::path& path) {
  struct stat seen {};
  return ::lstat(path.c_str(), &seen) == 0 && S_ISSOCK(seen.st_mode) &&
         (seen.st_uid == 0 || seen.st_uid == ::geteuid());
}

}  // namespace

std::vector<fs::path> runtime_directories() {
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  return {"/run/dvipa", fs::path(runtime != nullptr ? runtime : "/tmp") / "dvipa"};
}

fs::path socket_path(const fs::path& directory, std::string_view stack) {
  return directory / (std::string(stack) + ".sock");
}

tl::expected<fs::path, ControlFailure> find_socket(const std::vector<fs::path>& directories, std::string_view stack) {
  std::vector<fs::path> found;
  for (const fs::path& directory : directories) {
    std::error_code error;
    for (fs::directory_iterator each(directory, error), end; !error && each != end; each.increment(error))
      if (each->path().extension() == ".sock" && (stack.empty() || each->path().stem() == stack) &&
          is_trusted_socket(each->path()))
        found.push_back(each->path());
  }
  std::ranges::sort(found);
  if (found.size() == 1) return found.front();
  if (found.empty())
    return tl::unexpected(ControlFailure{
        stack.empty() ? std::string("no stack runs on this host") : fmt::format("no stack {} runs on this host", stack),
        "start one with dvipa run, or name its socket with --control if it has one of its own"});
  std::vector<std::string> names;
  for (const fs::path& path : found) names.push_back(path.string());
  return tl::unexpected(ControlFailure{fmt::format("several stacks run on this host: {}", fmt::join(names, ", ")),
                                       "say which with --name or --control"});
}

}  // namespace dvipa::control
