#include "impl/live/kernel/failure.hpp"

#include <cerrno>
#include <system_error>

namespace dvipa::kernel {
namespace {

const char* usual_remedy(int error_number) {
  switch (error_number) {
    case EPERM:
    case EACCES:
      return "run as root, or with CAP_NET_ADMIN and CAP_NET_RAW in the network namespace";
    case EROFS:
      return "make the file system writable: a container needs /proc/sys mounted read-write";
    case ENODEV:
    case ENXIO:
      return "name an interface that exists, see `ip link`";
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
      return "use a kernel that has this function, or load its module";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    case ENOSPC:
      return "make room on that file system";
    case EBUSY:
      return "try again when the other user of it has ended";
    default:
      return "see the kernel's log";
  }
}

}  // namespace

Failure failure(std::string action, int error_number) {
  return Failure{std::move(action) + ": " + std::generic_category().message(error_number), usual_remedy(error_number),
                 error_number};
}

std::string to_string(const Failure& failure) {
  return failure.remedy.empty() ? failure.what : failure.what + " (" + failure.remedy + ")";
}

}  // namespace dvipa::kernel
