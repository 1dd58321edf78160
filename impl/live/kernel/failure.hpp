#pragma once
// Why something that was asked of the host's kernel was not done, and how it can be mended.
#include <string>
#include <tl/expected.hpp>

namespace dvipa::kernel {

struct Failure {
  std::string what;      // what was tried and what the kernel said: "add 10.0.0.1/32 to lo: Operation not permitted"
  std::string remedy;    // what the operator can do: "run as root, or with CAP_NET_ADMIN"
  int error_number = 0;  // errno; 0 when the refusal is not the kernel's
};

template <typename T>
using Result = tl::expected<T, Failure>;

// A failure of `action` with the text of `error_number` and the usual remedy for it.
Failure failure(std::string action, int error_number);
// "what (remedy)", as the start-up errors of the command read.
std::string to_string(const Failure& failure);

}  // namespace dvipa::kernel
