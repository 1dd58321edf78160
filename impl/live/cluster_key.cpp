// The file with the key of the cluster.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <cstring>
#include <optional>

#include "impl/live/cluster.hpp"

namespace dvipa {
namespace {

constexpr std::size_t key_digits = 2 * wire::key_bytes;
constexpr std::string_view how_to_make = "make a key with `dvipa keygen FILE` and give every member a copy";

tl::unexpected<ClusterError> refuse(const std::filesystem::path& file, std::string what, std::string remedy) {
  return tl::unexpected(ClusterError{file, 0, 0, std::move(what), std::move(remedy)});
}

// An open file that is closed in any case.
class OpenFile {
 public:
  OpenFile(const std::filesystem::path& file, int flags, mode_t mode = 0) : fd_(::open(file.c_str(), flags, mode)) {}
  ~OpenFile() {
    if (fd_ >= 0) ::close(fd_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::optional<unsigned> digit_value(char digit) {
  if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
  if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
  if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A' + 10);
  return std::nullopt;
}

tl::expected<wire::ClusterKey, ClusterError> key_of_text(const std::filesystem::path& file, std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  if (text.size() != key_digits)
    return refuse(file, fmt::format("{} characters where {} hexadecimal digits must be", text.size(), key_digits),
                  std::string(how_to_make));
  wire::ClusterKey key{};
  for (std::size_t i = 0; i < key_digits; ++i) {
    const auto value = digit_value(text[i]);
    if (!value) {
      ClusterError error{file, 1, static_cast<unsigned>(i + 1), "not a hexadecimal digit", std::string(how_to_make)};
      return tl::unexpected(std::move(error));
    }
    key[i / 2] = static_cast<std::uint8_t>(key[i / 2] << 4 | *value);
  }
  return key;
}

}  // namespace

tl::expected<wire::ClusterKey, ClusterError> read_key(const std::filesystem::path& file) {
  const OpenFile open_file(file, O_RDONLY | O_CLOEXEC);
  if (open_file.fd() < 0)
    return refuse(file, fmt::format("cannot read the key: {}", std::strerror(errno)), std::string(how_to_make));
  struct stat status {};
  if (::fstat(open_file.fd(), &status) != 0 || !S_ISREG(status.st_mode))
    return refuse(file, "the key is not a plain file", std::string(how_to_make));
  if ((status.st_mode & 0077U) != 0)
    return refuse(file, fmt::format("others can read the key (mode {:04o})", status.st_mode & 07777U),
                  "chmod 600 " + file.string());
  // Longer than any right content, so that a longer file is seen to be one.
  std::array<char, 4 * key_digits> text{};
  const ssize_t length = ::read(open_file.fd(), text.data(), text.size());
  if (length < 0) return refuse(file, fmt::format("cannot read the key: {}", std::strerror(errno)), "");
  return key_of_text(file, {text.data(), static_cast<std::size_t>(length)});
}

tl::expected<void, ClusterError> write_new_key(const std::filesystem::path& file) {
  if (!wire::start_cryptography()) return refuse(file, "no source of random bytes", "give the host /dev/urandom");
  const OpenFile open_file(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (open_file.fd() < 0) {
    const bool exists = errno == EEXIST;
    return refuse(file, fmt::format("cannot make the key: {}", std::strerror(errno)),
                  exists ? "name a new file; an old key is never overwritten" : "name a folder that can be written");
  }
  std::string text;
  for (const std::uint8_t byte : wire::random_bytes()) text += fmt::format("{:02x}", byte);
  text += '\n';
  const ssize_t written = ::write(open_file.fd(), text.data(), text.size());
  if (written != static_cast<ssize_t>(text.size()) || ::fsync(open_file.fd()) != 0) {
    const std::string why = std::strerror(errno);
    ::unlink(file.c_str());
    return refuse(file, fmt::format("cannot write the key: {}", why), "make room on the device");
  }
  return {};
}

}  // namespace dvipa
