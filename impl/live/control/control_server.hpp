#pragma once
// The answering end of a control socket: a Unix stream socket that only root and the stack's own user may use.
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "impl/live/control/control_place.hpp"

namespace dvipa::control {

// To be called once, in the io_context's thread, at once or later.
using Answer = std::function<void(Json)>;
// Takes a request, which is an object.
using TakeRequest = std::function<void(const Json& request, Answer answer)>;

class ControlServer {
 public:
  // Listens at `path`; makes its directory. The socket of a process that has ended is replaced; one that a process
  // still listens at is a failure, and so is anything else there. `take` is called in `io`'s thread.
  static tl::expected<std::unique_ptr<ControlServer>, ControlFailure> open(boost::asio::io_context& io,
                                                                           const std::filesystem::path& path,
                                                                           TakeRequest take);
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;
  ~ControlServer();  // ends every conversation and removes the socket

 private:
  class Listener;
  explicit ControlServer(std::shared_ptr<Listener> listener);
  std::shared_ptr<Listener> listener_;
};

// {"ok": false, "error": what, "remedy": remedy}
Json refusal(std::string_view what, std::string_view remedy);

}  // namespace dvipa::control
