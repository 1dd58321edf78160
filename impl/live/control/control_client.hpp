#pragma once
// The asking end of a control socket.
#include "impl/live/control/control_place.hpp"

namespace dvipa::control {

// Sends one request and waits for its answer, at most `limit`. A refusal by the stack is an answer, no failure.
tl::expected<Json, ControlFailure> ask(const std::filesystem::path& path, const Json& request,
                                       std::chrono::milliseconds limit);

}  // namespace dvipa::control
