#pragma once
// Where the control socket of a stack is, and what both of its ends agree on: one JSON object a line, a request and
// then its answer, as many as the asker likes on one connection. docs/control.md describes the requests.
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace dvipa::control {

using Json = nlohmann::ordered_json;

// Why there is no control socket, or no answer, and how that can be mended.
struct ControlFailure {
  std::string what;
  std::string remedy;
};

inline constexpr std::size_t request_bytes_max = std::size_t{1} << 20;
inline constexpr std::size_t answer_bytes_max = std::size_t{256} << 20;
inline constexpr std::size_t askers_max = 16;                    // at the same time
inline constexpr std::chrono::seconds silence_max{10};           // of an asker that has not finished its request
inline constexpr std::chrono::seconds undrained_answer_max{30};  // of an asker that does not read its answer

// Directories for what a running stack keeps outside of itself, the usual one first; the second is of the user who may
// not write to it.
std::vector<std::filesystem::path> runtime_directories();

// DIRECTORY/NAME.sock
std::filesystem::path socket_path(const std::filesystem::path& directory, std::string_view stack);

// The control socket of `stack`; of the only stack of this host when `stack` is empty. Only sockets of root and of this
// process's user count. The failure says which there are when there are several, or none.
tl::expected<std::filesystem::path, ControlFailure> find_socket(const std::vector<std::filesystem::path>& directories,
                                                                std::string_view stack);

}  // namespace dvipa::control
