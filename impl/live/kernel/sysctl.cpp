#include "impl/live/kernel/sysctl.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <string_view>

namespace dvipa::kernel {
namespace {

class File {
 public:
  File(const std::string& path, int flags) : descriptor_(::open(path.c_str(), flags | O_CLOEXEC)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  explicit operator bool() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

std::string full_path(const std::string& path) { return "/proc/sys/" + path; }

Result<std::string> read_setting(const std::string& path) {
  const File file(full_path(path), O_RDONLY);
  if (!file) return tl::unexpected(failure("read " + full_path(path), errno));
  std::array<char, 64> bytes{};
  const ssize_t count = ::read(file.descriptor(), bytes.data(), bytes.size());
  if (count < 0) return tl::unexpected(failure("read " + full_path(path), errno));
  std::string text(bytes.data(), static_cast<std::size_t>(count));
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

Result<void> write_setting(const std::string& path, const std::string& value) {
  const File file(full_path(path), O_WRONLY);
  if (file && ::write(file.descriptor(), value.data(), value.size()) == static_cast<ssize_t>(value.size())) return {};
  Failure refused = failure("set " + full_path(path) + " to " + value, errno);
  if (refused.error_number == EROFS || refused.error_number == EACCES || refused.error_number == EPERM)
    refused.remedy =
        "run as root with /proc/sys mounted read-write, or set it beforehand: sysctl -w " + path + "=" + value;
  return tl::unexpected(std::move(refused));
}

bool serves(const std::string& present, const Sysctl& wanted) {
  long value = 0;
  const auto parsed = std::from_chars(present.data(), present.data() + present.size(), value);
  if (parsed.ec != std::errc{}) return false;
  return value == wanted.value || (wanted.or_greater && value > wanted.value);
}

}  // namespace

std::vector<Sysctl> sysctls_of_interface(const std::string& interface) {
  const std::string conf = "net/ipv4/conf/";
  return {{conf + "all/arp_ignore", 1, true},
          {conf + "all/arp_announce", 2, true},
          // The greater of "all" and the interface's own is in force.
          {conf + "all/rp_filter", 0},
          {conf + interface + "/rp_filter", 0}};
}

std::vector<Sysctl> sysctls_of_delivery(const std::string& tun) {
  return {{"net/ipv4/conf/all/rp_filter", 0}, {"net/ipv4/conf/" + tun + "/rp_filter", 0}};
}

Result<void> set_sysctls(Journal& journal, const std::vector<Sysctl>& sysctls) {
  for (const Sysctl& sysctl : sysctls) {
    const auto present = read_setting(sysctl.path);
    if (!present) return tl::unexpected(present.error());
    if (serves(*present, sysctl)) continue;
    const SysctlSet change{sysctl.path, *present, std::to_string(sysctl.value)};
    if (auto noted = journal.about_to(change); !noted) return noted;
    if (auto written = write_setting(sysctl.path, change.after); !written) {
      if (auto noted = journal.undone(change); !noted) return noted;
      return written;
    }
  }
  return {};
}

Result<void> restore_sysctl(const SysctlSet& change) {
  // The path was read from a file: it must not lead elsewhere.
  if (!change.path.starts_with("net/") || change.path.find("..") != std::string::npos)
    return tl::unexpected(Failure{"restore " + change.path + ": not a setting of the network", "", EINVAL});
  const auto present = read_setting(change.path);
  if (!present) {
    if (present.error().error_number == ENOENT) return {};  // with its interface
    return tl::unexpected(present.error());
  }
  if (*present != change.after) return {};
  return write_setting(change.path, change.before);
}

}  // namespace dvipa::kernel
