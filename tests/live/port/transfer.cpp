// The transfer.
#include "tests/live/port/transfer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <vector>

namespace dvipa::test {
namespace {

constexpr std::uint16_t server_port = 8080;
constexpr timeval stall_max{10, 0};

// FNV-1a over 8-byte words: fast enough not to be what is measured.
class Digest {
 public:
  void add(const std::uint8_t* bytes, std::size_t size) {
    for (; size > 0 && filled_ != 0; --size) add_byte(*bytes++);
    for (; size >= 8; size -= 8, bytes += 8) {
      std::memcpy(&word_, bytes, 8);
      mix();
    }
    for (; size > 0; --size) add_byte(*bytes++);
  }
  std::uint64_t value() const { return value_ ^ word_ ^ filled_; }

 private:
  void add_byte(std::uint8_t byte) {
    if (filled_ == 0) word_ = 0;
    word_ |= std::uint64_t{byte} << (8 * filled_);
    filled_ = (filled_ + 1) % 8;
    if (filled_ == 0) mix();
  }
  void mix() {
    value_ = (value_ ^ word_) * 0x100000001b3U;
    value_ ^= value_ >> 29;
    word_ = 0;
  }
  std::uint64_t value_ = 0xcbf29ce484222325U;
  std::uint64_t word_ = 0;
  unsigned filled_ = 0;
};

std::string said(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

Descriptor open_tcp() {
  Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &stall_max, sizeof stall_max);
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &stall_max, sizeof stall_max);
  return socket;
}
sockaddr_in server_name() {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(server_port);
  ::inet_pton(AF_INET, virtual_address, &name.sin_addr);
  return name;
}

// A stream that never repeats within a transfer: words of a counter, stirred by the seed.
std::size_t send_stream(int fd, std::size_t bytes, std::uint64_t seed, std::uint64_t& digest_sent, std::string& error) {
  Digest digest;
  std::vector<std::uint64_t> words(32 * 1024);
  std::size_t sent = 0;
  for (std::uint64_t number = seed; sent < bytes;) {
    for (auto& word : words) word = ++number * 0x9e3779b97f4a7c15U;
    const auto* data = reinterpret_cast<const std::uint8_t*>(words.data());
    const std::size_t part = std::min(words.size() * 8, bytes - sent);
    for (std::size_t done = 0; done < part;) {
      const ssize_t taken = ::send(fd, data + done, part - done, MSG_NOSIGNAL);
      if (taken <= 0) {
        error = said("send");
        return sent + done;
      }
      done += static_cast<std::size_t>(taken);
    }
    digest.add(data, part);
    sent += part;
  }
  digest_sent = digest.value();
  return sent;
}

std::size_t receive_stream(int fd, std::size_t bytes, std::uint64_t& digest_received, std::string& error) {
  Digest digest;
  std::vector<std::uint8_t> buffer(512 * 1024);
  std::size_t received = 0;
  while (received < bytes) {
    const ssize_t taken = ::recv(fd, buffer.data(), std::min(buffer.size(), bytes - received), 0);
    if (taken <= 0) {
      error = said("recv");
      break;
    }
    digest.add(buffer.data(), static_cast<std::size_t>(taken));
    received += static_cast<std::size_t>(taken);
  }
  digest_received = digest.value();
  return received;
}

Transfer run(const Namespace& client_host, const Namespace& server_host, std::size_t bytes, bool down) {
  Transfer transfer;
  std::string server_error;
  const sockaddr_in name = server_name();
  Descriptor listener;
  {
    const Namespace::Stay stay(server_host);
    listener = open_tcp();
    const int on = 1;
    ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
        ::listen(listener.get(), 1) != 0) {
      transfer.error = said("listen");
      return transfer;
    }
  }
  std::chrono::steady_clock::time_point received_all;
  std::thread server([&] {
    const Descriptor connection(::accept(listener.get(), nullptr, nullptr));
    if (!connection) {
      server_error = said("accept");
      return;
    }
    transfer.received_up = receive_stream(connection.get(), bytes, transfer.digest_received_up, server_error);
    received_all = std::chrono::steady_clock::now();
    if (down) send_stream(connection.get(), bytes, 99, transfer.digest_sent_down, server_error);
  });
  {
    const Namespace::Stay stay(client_host);
    const Descriptor connection = open_tcp();
    const auto begin = std::chrono::steady_clock::now();
    if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
      transfer.error = said("connect");
    } else {
      transfer.sent_up = send_stream(connection.get(), bytes, 7, transfer.digest_sent_up, transfer.error);
      if (down) receive_stream(connection.get(), bytes, transfer.digest_received_down, transfer.error);
    }
    server.join();
    transfer.seconds_up = std::chrono::duration<double>(received_all - begin).count();
  }
  if (!server_error.empty()) transfer.error += " server: " + server_error;
  return transfer;
}

}  // namespace

Transfer transfer_both_ways(const Namespace& client, const Namespace& server, std::size_t bytes) {
  return run(client, server, bytes, true);
}
Transfer transfer_up(const Namespace& client, const Namespace& server, std::size_t bytes) {
  return run(client, server, bytes, false);
}

}  // namespace dvipa::test
