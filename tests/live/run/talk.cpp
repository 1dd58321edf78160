#include "tests/live/run/talk.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace dvipa::test {

sockaddr_in place(const char* address) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(answering_port);
  ::inet_pton(AF_INET, address, &made.sin_addr);
  return made;
}

Client::Client(lab::Lab& lab, const char* address) {
  const auto within = lab.within("client", [&] { socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0); });
  EXPECT_TRUE(within);
  const timeval limit{5, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  const sockaddr_in to = place(address);
  EXPECT_EQ(::connect(socket_, generic(to), sizeof to), 0) << std::strerror(errno);
}

Client::Client(Client&& other) noexcept : socket_(std::exchange(other.socket_, -1)) {}

Client::~Client() {
  if (socket_ >= 0) ::close(socket_);
}

std::string Client::served_by() {
  std::string answer(4, ' ');
  if (::send(socket_, "x", 1, MSG_NOSIGNAL) != 1) return "cannot send";
  return ::recv(socket_, answer.data(), answer.size(), MSG_WAITALL) == 4 ? answer : "no answer";
}

lab::Result<lab::Process> start_answering(lab::Lab& lab, const std::string& host, const std::string& address,
                                          const std::vector<std::string>& before) {
  const std::string program = fmt::format(
      "$s = IO::Socket::INET->new(LocalAddr => '{}', LocalPort => {}, Listen => 9, Proto => 'tcp') or die $!; "
      "$m = IO::Select->new($s); while (1) {{ for $h ($m->can_read) {{ if ($h == $s) {{ $m->add($s->accept) }} "
      "elsif (sysread($h, $b, 1)) {{ syswrite($h, '{}') }} else {{ $m->remove($h); close $h }} }} }}",
      address, answering_port, host);
  std::vector<std::string> command = before;
  command.insert(command.end(), {"perl", "-MIO::Socket::INET", "-MIO::Select", "-e", program});
  return lab.start(host, command);
}

}  // namespace dvipa::test
