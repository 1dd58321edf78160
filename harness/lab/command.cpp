// Input and outputs go through memory files: nothing can block on a full pipe.
#include "harness/lab/command.hpp"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace dvipa::lab {
namespace {

constexpr auto limit = std::chrono::seconds(60);

bool fill(const FileDescriptor& file, const std::string& text) {
  return ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
         ::lseek(file.get(), 0, SEEK_SET) == 0;
}

std::string content(const FileDescriptor& file) {
  std::string text;
  std::array<char, 4096> part{};
  off_t at = 0;
  for (;;) {
    const ssize_t got = ::pread(file.get(), part.data(), part.size(), at);
    if (got <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(got));
    at += got;
  }
}

}  // namespace

Result<std::string> run_command(const StartChild& start, const std::vector<std::string>& words,
                                const std::string& input) {
  std::array<FileDescriptor, 3> files;
  for (FileDescriptor& file : files) file = FileDescriptor(::memfd_create("command", MFD_CLOEXEC));
  if (!files[0] || !files[1] || !files[2] || !fill(files[0], input)) return failure("memfd_create", errno);
  auto child = start([&] {
    for (int fd = 0; fd < 3; ++fd)
      if (::dup2(files[static_cast<std::size_t>(fd)].get(), fd) < 0) return 127;
    return execute(words);
  });
  if (!child) return tl::unexpected(child.error());
  const auto status = child->wait(limit);
  if (status && status->passed()) return content(files[1]);
  if (status && status->code == 127) return failure(words.front(), ENOENT);
  const std::string ending = status ? to_string(*status) : "no end after 60 s";
  return tl::unexpected(
      Failure{fmt::format("{}: {}: {}", fmt::join(words, " "), ending, content(files[2])), "see its message"});
}

}  // namespace dvipa::lab
