#include "tests/live/bus/scripted_peer.hpp"

#include <array>
#include <boost/asio/write.hpp>

#include "impl/wire/codec.hpp"

namespace dvipa::bus::test {

namespace asio = boost::asio;

namespace {

wire::Hello hello_of(const Cluster& cluster, const ClusterMember& member, Incarnation incarnation) {
  return {member.stack,        member.xcf, incarnation, mac_of(member.stack), digest_of_members(cluster),
          wire::random_bytes()};
}

}  // namespace

ScriptedPeer::ScriptedPeer(Group& group, std::uint8_t from, std::uint8_t to, Incarnation incarnation)
    : group_(group),
      from_(*group.cluster.find(StackId{from})),
      to_(*group.cluster.find(StackId{to})),
      source_(from_.xcf),
      socket_(group.io),
      handshake_(wire::Side::initiator, group.cluster.key, hello_of(group.cluster, from_, incarnation), StackId{to}) {}

bool ScriptedPeer::connect() {
  boost::system::error_code error;
  socket_.open(asio::ip::tcp::v4(), error);
  socket_.bind({asio::ip::address_v4(source_.v4_value()), 0}, error);
  socket_.connect(endpoint_of(to_), error);
  if (error) return false;
  socket_.non_blocking(true, error);
  return !error;
}

bool ScriptedPeer::await(std::size_t bytes) {
  return group_.run_until([&] { return closed() || received_.size() >= bytes; }) && received_.size() >= bytes;
}

bool ScriptedPeer::say_hello() {
  send_raw(handshake_.opening());
  return await(handshake_.opening().size()) && handshake_.receive(received_, proof_).has_value();
}

bool ScriptedPeer::prove() {
  received_.clear();
  send_raw(proof_);
  if (!await(proof_.size())) return false;
  Bytes nothing;
  if (!handshake_.receive(received_, nothing) || !handshake_.session()) return false;
  sealer_.emplace(handshake_.session()->send_key);
  return true;
}

bool ScriptedPeer::join() {
  if (!connect() || !say_hello() || !prove()) return false;
  send_raw(sealed(Bytes{}));
  return group_.run_until([&] { return group_.recorder(to_.stack.value).is_up(from_.stack.value); });
}

void ScriptedPeer::send_raw(const Bytes& bytes) {
  boost::system::error_code error;
  asio::write(socket_, asio::buffer(bytes), error);
  sent_.insert(sent_.end(), bytes.begin(), bytes.end());
}

Bytes ScriptedPeer::sealed(const Bytes& plaintext) {
  Bytes frame(wire::frame_length_bytes);
  frame.insert(frame.end(), plaintext.begin(), plaintext.end());
  frame.resize(frame.size() + wire::frame_tag_bytes);
  sealer_->seal(frame);
  return frame;
}

Bytes ScriptedPeer::sealed(const Message& message) {
  Bytes plaintext;
  wire::encode(message, plaintext);
  return sealed(plaintext);
}

bool ScriptedPeer::closed() {
  std::array<std::uint8_t, 4096> buffer{};
  boost::system::error_code error;
  while (!error) {
    const std::size_t count = socket_.read_some(asio::buffer(buffer), error);
    received_.insert(received_.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(count));
  }
  return error != asio::error::would_block;
}

void ScriptedPeer::close() {
  boost::system::error_code error;
  socket_.close(error);
}

}  // namespace dvipa::bus::test
