// What goes wrong while hosts are made has few causes; each has its remedy here.
#include "harness/lab/failure.hpp"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>

namespace dvipa::lab {

tl::unexpected<Failure> failure(std::string action, int error_number) {
  std::string remedy = "see the message of the kernel";
  if (error_number == EPERM || error_number == EACCES)
    remedy =
        "run as root, or allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 "
        "kernel.apparmor_restrict_unprivileged_userns=0";
  if (error_number == ENOSPC || error_number == EUSERS) remedy = "raise the sysctls user.max_*_namespaces";
  if (error_number == ENOENT) remedy = "install it: apt-get install iproute2";
  if (error_number == EMFILE || error_number == ENFILE) remedy = "raise the limit of open files: ulimit -n";
  if (error_number == EAGAIN || error_number == ENOMEM) remedy = "free memory or processes";
  return tl::unexpected(Failure{fmt::format("{}: {}", action, std::strerror(error_number)), std::move(remedy)});
}

}  // namespace dvipa::lab
