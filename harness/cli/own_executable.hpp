#pragma once
// The program that runs now; stacks are started from it.
#include <filesystem>
#include <string>

namespace dvipa::cli {

inline std::string own_executable() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

}  // namespace dvipa::cli
