#pragma once
// A member, or somebody who would like to be one, that does exactly what a test tells it, down to the byte.
#include <string>
#include <vector>

#include "impl/wire/seal.hpp"
#include "tests/live/bus/group.hpp"

namespace dvipa::bus::test {

using Bytes = std::vector<std::uint8_t>;

// Plays the member with the lower StackId, which connects.
class ScriptedPeer {
 public:
  ScriptedPeer(Group& group, std::uint8_t from, std::uint8_t to, Incarnation incarnation = 1);

  // From another address than that of member `from`; before connect().
  void come_from(const Address& address) { source_ = address; }
  bool connect();
  // Sends the hello and awaits the other's; sends the proof.
  bool say_hello();
  bool prove();
  // connect, say_hello, prove, and a heartbeat: then it is up.
  bool join();

  void send_raw(const Bytes& bytes);
  // Seals `plaintext` as the next frame, without sending it.
  Bytes sealed(const Bytes& plaintext);
  Bytes sealed(const Message& message);
  // True when the other side has closed; takes and forgets what it has sent.
  bool closed();
  void close();

  const Bytes& sent() const { return sent_; }

 private:
  bool await(std::size_t bytes);

  Group& group_;
  const ClusterMember& from_;
  const ClusterMember& to_;
  Address source_;
  boost::asio::ip::tcp::socket socket_;
  wire::Handshake handshake_;
  std::optional<wire::Sealer> sealer_;
  Bytes proof_;
  Bytes received_;
  Bytes sent_;
};

}  // namespace dvipa::bus::test
