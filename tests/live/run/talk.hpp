#pragma once
// A client and an application that say a word to each other now and then, over connections that stay open.
#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <vector>

#include "harness/lab/lab.hpp"

namespace dvipa::test {

inline constexpr std::uint16_t answering_port = 60;

sockaddr_in place(const char* address);
inline const sockaddr* generic(const sockaddr_in& place) {
  return static_cast<const sockaddr*>(static_cast<const void*>(&place));
}

// A connection from the lab's client that stays open; asks who serves it.
class Client {
 public:
  Client(lab::Lab& lab, const char* address);
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;
  ~Client();
  // The host's name, of four letters; what is wrong when there is no answer within 5 s.
  std::string served_by();

 private:
  int socket_ = -1;
};

// A program that binds to the address, a wildcard or one of the host, and answers every byte with the name of its host;
// `before` goes in front of its command line.
lab::Result<lab::Process> start_answering(lab::Lab& lab, const std::string& host, const std::string& address,
                                          const std::vector<std::string>& before = {});

}  // namespace dvipa::test
