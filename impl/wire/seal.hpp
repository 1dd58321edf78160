#pragma once
// The security of one connection between two members: a handshake in which both prove that they hold the key of the
// cluster, and frames that nobody without it can make, alter, repeat or reorder. Bytes in, bytes out; no sockets.
// docs/wire.md describes the bytes. Before the handshake is complete nothing that was received has any effect.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "spec/vocabulary/address.hpp"
#include "spec/vocabulary/identity.hpp"

namespace dvipa::wire {

inline constexpr std::size_t key_bytes = 32;
using ClusterKey = std::array<std::uint8_t, key_bytes>;
using Digest = std::array<std::uint8_t, 32>;
using Nonce = std::array<std::uint8_t, 32>;
using MacAddress = std::array<std::uint8_t, 6>;

// Makes libsodium ready; false when it has no source of randomness. Before anything else here; again is harmless.
bool start_cryptography();
// 32 bytes from the system's generator: a nonce, or a new key.
std::array<std::uint8_t, 32> random_bytes();
// BLAKE2b-256.
Digest digest(std::span<const std::uint8_t> bytes);

// What a member says of itself when a connection opens.
struct Hello {
  StackId stack;
  Address xcf;
  Incarnation incarnation = 0;
  MacAddress mac{};  // of its interface on the segment that the DVIPAs live on
  Digest members{};  // of the member list; StackIds mean the same only when the lists are the same
  Nonce nonce{};     // fresh for each connection
  bool operator==(const Hello&) const = default;
};

// The side that opened the connection is the initiator.
enum class Side : std::uint8_t { initiator, responder };

enum class Refusal : std::uint8_t {
  malformed,     // not a hello of ours, or of a format that is not known here
  unknown_peer,  // it says that it is somebody who is not expected on this connection
  member_list,   // its member list is not ours
  wrong_key,     // its proof is not made with our key
};
std::string_view to_string(Refusal refusal);

// The keys of an established connection, and who is at its other end.
struct Session {
  Hello peer;
  ClusterKey send_key{};
  ClusterKey receive_key{};
};

// One side of a handshake. Send `opening()`; give all that comes to `receive`; send what it puts out; it is over when
// `session` has a value or `receive` has refused.
class Handshake {
 public:
  // `own.nonce` must be fresh. `expected_peer` is who must be at the other end; nobody = any member with the right
  // StackId order (the initiator's is the lower).
  Handshake(Side side, const ClusterKey& key, const Hello& own, StackId expected_peer);
  ~Handshake();
  Handshake(Handshake&&) = default;
  Handshake& operator=(Handshake&&) = default;
  Handshake(const Handshake&) = delete;
  Handshake& operator=(const Handshake&) = delete;

  const std::vector<std::uint8_t>& opening() const { return opening_; }

  // Appends what is to be sent to `out` and says how many of `bytes` it has used; the rest belongs to the frames.
  // Holds at most hello_bytes_max of what it has not understood yet.
  tl::expected<std::size_t, Refusal> receive(std::span<const std::uint8_t> bytes, std::vector<std::uint8_t>& out);
  const std::optional<Session>& session() const { return session_; }

 private:
  std::optional<Refusal> take_hello(std::vector<std::uint8_t>& out);
  std::optional<Refusal> take_proof();
  Digest proof_of(Side side) const;
  ClusterKey key_from(Side side) const;
  Digest keyed_digest(std::string_view label) const;
  std::size_t bytes_wanted() const;

  Side side_;
  ClusterKey key_;
  Hello own_;
  StackId expected_peer_;
  std::vector<std::uint8_t> opening_;
  std::vector<std::uint8_t> waiting_;     // received, and not a whole hello or proof yet
  std::vector<std::uint8_t> peer_hello_;  // its bytes, once it is whole
  Hello peer_;
  std::optional<Session> session_;
};

inline constexpr std::size_t hello_bytes_max = 1024;

// A frame is 4 bytes of length (of the ciphertext, with its tag) and the ciphertext.
inline constexpr std::size_t frame_length_bytes = 4;
inline constexpr std::size_t frame_tag_bytes = 16;
inline constexpr std::size_t frame_overhead_bytes = frame_length_bytes + frame_tag_bytes;

// The sealing side of one direction. The n-th frame of a key has nonce n, so that a frame opens in its place only.
class Sealer {
 public:
  explicit Sealer(const ClusterKey& key) : key_(key) {}
  // `frame` holds room for the length, the plaintext, and room for the tag; all of it is filled in place.
  void seal(std::span<std::uint8_t> frame);

 private:
  ClusterKey key_;
  std::uint64_t frames_ = 0;
};

// The opening side of one direction.
class Opener {
 public:
  explicit Opener(const ClusterKey& key) : key_(key) {}

  // The whole length of the frame at the start of `bytes`, its length field included; empty while that is not there.
  // It may be anything up to 4 GiB; the caller has its limit.
  static std::optional<std::uint64_t> frame_length(std::span<const std::uint8_t> bytes);

  // Opens one whole frame in place. The plaintext (empty for a heartbeat), or nothing when the frame was not sealed as
  // the next frame of this direction: altered, repeated, out of order or foreign. Then nothing more can be opened.
  std::optional<std::span<std::uint8_t>> open(std::span<std::uint8_t> frame);

 private:
  ClusterKey key_;
  std::uint64_t frames_ = 0;
  bool broken_ = false;
};

}  // namespace dvipa::wire
