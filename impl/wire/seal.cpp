#include "impl/wire/seal.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstring>

#include "impl/wire/bytes.hpp"
#include "impl/wire/invariant.hpp"

namespace dvipa::wire {
namespace {

static_assert(crypto_aead_chacha20poly1305_IETF_KEYBYTES == key_bytes);
static_assert(crypto_aead_chacha20poly1305_IETF_ABYTES == frame_tag_bytes);
static_assert(crypto_aead_chacha20poly1305_IETF_NPUBBYTES == 12);

constexpr std::string_view magic = "DVIPABUS";
constexpr std::uint16_t handshake_version = 1;
// Magic (8), handshake version (2), length of the rest (2).
constexpr std::size_t hello_header_bytes = 12;
// Stack (1), XCF address (16), incarnation (8), MAC address (6), digest (32), nonce (32).
constexpr std::size_t hello_content_bytes = 95;

constexpr std::string_view label_of_proof(Side side) {
  return side == Side::initiator ? "dvipa bus proof of the initiator" : "dvipa bus proof of the responder";
}
constexpr std::string_view label_of_key(Side side) {
  return side == Side::initiator ? "dvipa bus key from the initiator" : "dvipa bus key from the responder";
}
constexpr Side other(Side side) { return side == Side::initiator ? Side::responder : Side::initiator; }

std::vector<std::uint8_t> hello_to_bytes(const Hello& hello) {
  std::vector<std::uint8_t> bytes;
  Writer writer(bytes);
  std::memcpy(writer.room(magic.size()), magic.data(), magic.size());
  writer.u16(handshake_version);
  writer.u16(hello_content_bytes);
  writer.u8(hello.stack.value);
  std::memcpy(writer.room(16), hello.xcf.bytes.data(), 16);
  store_u64(writer.room(8), hello.incarnation);
  std::memcpy(writer.room(6), hello.mac.data(), 6);
  std::memcpy(writer.room(32), hello.members.data(), 32);
  std::memcpy(writer.room(32), hello.nonce.data(), 32);
  return bytes;
}

// `bytes` are a whole hello; what a later version appends is skipped, but proven by both sides all the same.
Hello hello_from_bytes(std::span<const std::uint8_t> bytes) {
  const std::uint8_t* from = bytes.data() + hello_header_bytes;
  Hello hello;
  hello.stack.value = *from;
  std::memcpy(hello.xcf.bytes.data(), from + 1, 16);
  hello.incarnation = load_u64(from + 17);
  std::memcpy(hello.mac.data(), from + 25, 6);
  std::memcpy(hello.members.data(), from + 31, 32);
  std::memcpy(hello.nonce.data(), from + 63, 32);
  return hello;
}

// True when `bytes` can still become a hello that is known here, judged by as much of the header as is there.
bool may_be_hello(std::span<const std::uint8_t> bytes) {
  if (std::memcmp(bytes.data(), magic.data(), std::min(bytes.size(), magic.size())) != 0) return false;
  if (bytes.size() < hello_header_bytes) return true;
  const std::size_t length = load_u16(bytes.data() + 10);
  return load_u16(bytes.data() + 8) == handshake_version && length >= hello_content_bytes &&
         hello_header_bytes + length <= hello_bytes_max;
}

std::array<std::uint8_t, 12> counter_nonce(std::uint64_t counter) {
  std::array<std::uint8_t, 12> nonce{};
  store_u64(nonce.data() + 4, counter);
  return nonce;
}

}  // namespace

bool start_cryptography() { return sodium_init() >= 0; }

std::array<std::uint8_t, 32> random_bytes() {
  std::array<std::uint8_t, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  return bytes;
}

Digest digest(std::span<const std::uint8_t> bytes) {
  Digest result{};
  crypto_generichash(result.data(), result.size(), bytes.data(), bytes.size(), nullptr, 0);
  return result;
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::malformed:
      return "malformed hello";
    case Refusal::unknown_peer:
      return "unexpected peer";
    case Refusal::member_list:
      return "another list of members";
    case Refusal::wrong_key:
      return "wrong key";
  }
  return "";
}

Handshake::Handshake(Side side, const ClusterKey& key, const Hello& own, StackId expected_peer)
    : side_(side), key_(key), own_(own), expected_peer_(expected_peer), opening_(hello_to_bytes(own)) {}

Handshake::~Handshake() { sodium_memzero(key_.data(), key_.size()); }

std::size_t Handshake::bytes_wanted() const {
  if (!peer_hello_.empty()) return sizeof(Digest);
  if (waiting_.size() < hello_header_bytes) return hello_header_bytes;
  return hello_header_bytes + load_u16(waiting_.data() + 10);
}

tl::expected<std::size_t, Refusal> Handshake::receive(std::span<const std::uint8_t> bytes,
                                                      std::vector<std::uint8_t>& out) {
  std::size_t used = 0;
  while (!session_ && used < bytes.size()) {
    const std::size_t missing = bytes_wanted() - waiting_.size();
    const std::size_t taken = std::min(missing, bytes.size() - used);
    waiting_.insert(waiting_.end(), bytes.begin() + static_cast<std::ptrdiff_t>(used),
                    bytes.begin() + static_cast<std::ptrdiff_t>(used + taken));
    used += taken;
    if (peer_hello_.empty() && !may_be_hello(waiting_)) return tl::unexpected(Refusal::malformed);
    if (waiting_.size() < bytes_wanted()) continue;
    const std::optional<Refusal> refusal = peer_hello_.empty() ? take_hello(out) : take_proof();
    if (refusal) return tl::unexpected(*refusal);
  }
  return used;
}

std::optional<Refusal> Handshake::take_hello(std::vector<std::uint8_t>& out) {
  peer_hello_.swap(waiting_);
  peer_ = hello_from_bytes(peer_hello_);
  if (!peer_.stack || peer_.stack.value > stack_id_max) return Refusal::malformed;
  const bool in_order = side_ == Side::initiator ? own_.stack < peer_.stack : peer_.stack < own_.stack;
  if (!in_order || (expected_peer_ && peer_.stack != expected_peer_)) return Refusal::unknown_peer;
  if (peer_.members != own_.members) return Refusal::member_list;
  const Digest proof = proof_of(side_);
  out.insert(out.end(), proof.begin(), proof.end());
  return std::nullopt;
}

std::optional<Refusal> Handshake::take_proof() {
  const Digest expected = proof_of(other(side_));
  if (sodium_memcmp(expected.data(), waiting_.data(), expected.size()) != 0) return Refusal::wrong_key;
  session_ = Session{peer_, key_from(side_), key_from(other(side_))};
  waiting_.clear();
  return std::nullopt;
}

// Over both hellos, so that nothing in them can be altered and nothing of another connection can be repeated; the
// label says whose it is, so that a proof cannot be given back to its maker.
Digest Handshake::keyed_digest(std::string_view label) const {
  const auto& initiators = side_ == Side::initiator ? opening_ : peer_hello_;
  const auto& responders = side_ == Side::initiator ? peer_hello_ : opening_;
  Digest result{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, key_.data(), key_.size(), result.size());
  crypto_generichash_update(&state, reinterpret_cast<const std::uint8_t*>(label.data()), label.size());
  crypto_generichash_update(&state, initiators.data(), initiators.size());
  crypto_generichash_update(&state, responders.data(), responders.size());
  crypto_generichash_final(&state, result.data(), result.size());
  return result;
}
Digest Handshake::proof_of(Side side) const { return keyed_digest(label_of_proof(side)); }
ClusterKey Handshake::key_from(Side side) const { return keyed_digest(label_of_key(side)); }

void Sealer::seal(std::span<std::uint8_t> frame) {
  require(frame.size() >= frame_overhead_bytes, "a frame has room for its length and tag");
  const std::size_t sealed_bytes = frame.size() - frame_length_bytes;
  const std::size_t plain_bytes = sealed_bytes - frame_tag_bytes;
  std::uint8_t* const content = frame.data() + frame_length_bytes;
  store_u32(frame.data(), static_cast<std::uint32_t>(sealed_bytes));
  const auto nonce = counter_nonce(frames_++);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached(content, content + plain_bytes, nullptr, content, plain_bytes,
                                                     frame.data(), frame_length_bytes, nullptr, nonce.data(),
                                                     key_.data());
}

std::optional<std::uint64_t> Opener::frame_length(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < frame_length_bytes) return std::nullopt;
  return std::uint64_t{frame_length_bytes} + load_u32(bytes.data());
}

std::optional<std::span<std::uint8_t>> Opener::open(std::span<std::uint8_t> frame) {
  if (broken_ || frame.size() < frame_overhead_bytes || frame_length(frame) != frame.size()) {
    broken_ = true;
    return std::nullopt;
  }
  const std::size_t plain_bytes = frame.size() - frame_overhead_bytes;
  std::uint8_t* const content = frame.data() + frame_length_bytes;
  const auto nonce = counter_nonce(frames_);
  broken_ = crypto_aead_chacha20poly1305_ietf_decrypt_detached(content, nullptr, content, plain_bytes,
                                                               content + plain_bytes, frame.data(), frame_length_bytes,
                                                               nonce.data(), key_.data()) != 0;
  if (broken_) return std::nullopt;
  ++frames_;
  return std::span(content, plain_bytes);
}

}  // namespace dvipa::wire
