#pragma once
// TCP sockets of applications and clients, for the tests of the watch.
#include <unistd.h>

#include <utility>

#include "spec/vocabulary/connection.hpp"

namespace dvipa::kernel::test {

// A socket that closes itself.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int number) : number_(number) {}
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { close(); }
  void close() {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }
  // With a reset instead of a FIN.
  void abort();
  int number() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }

 private:
  int number_ = -1;
};

struct ListenOptions {
  bool v6_socket = false;  // for an IPv4-mapped address
  bool v6_only = false;
  bool reuse_port = false;
};

Socket listen_on(const Address& address, Port port, ListenOptions options = {});

// From `from` (port 0: chosen by the kernel at connect) to `to`.
Socket connect_from(const Address& from, Port from_port, const Address& to, Port to_port, bool wait = true);
Socket accept_from(const Socket& listener);
Port local_port(const Socket& socket);

}  // namespace dvipa::kernel::test
