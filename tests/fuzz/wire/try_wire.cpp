#include "tests/fuzz/wire/try_wire.hpp"

#include <algorithm>
#include <vector>

#include "impl/wire/codec.hpp"
#include "impl/wire/invariant.hpp"
#include "impl/wire/seal.hpp"

namespace dvipa::wire::test {
namespace {

constexpr ClusterKey key{1, 2, 3};

Hello hello_of(std::uint8_t stack) {
  Hello hello;
  hello.stack = StackId{stack};
  return hello;
}

std::size_t remotes_in(const Message& message) {
  return std::visit(
      [](const auto& each) -> std::size_t {
        if constexpr (requires { each.remotes; }) return each.remotes.capacity();
        return 0;
      },
      message);
}

}  // namespace

void try_message(std::span<const std::uint8_t> bytes) {
  const auto decoded = decode(bytes);
  if (!decoded) {
    require(decoded.error().offset <= bytes.size(), "an error lies within the bytes");
    require(!decoded.error().reason.empty(), "an error has a reason");
    return;
  }
  if (!*decoded) return;
  require(remotes_in(**decoded) <= bytes.size() / 4, "no more is allocated than the bytes can fill");
  std::vector<std::uint8_t> again;
  encode(**decoded, again);
  require(again.size() <= bytes.size(), "no other encoding is shorter");
  const auto twice = decode(again);
  require(twice && *twice && **twice == **decoded, "what was accepted comes back from its own encoding");
}

void try_handshake(std::span<const std::uint8_t> bytes) {
  for (const std::size_t chunk : {bytes.size(), std::size_t{13}}) {
    Handshake handshake(Side::responder, key, hello_of(2), nobody);
    std::vector<std::uint8_t> out;
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
      const auto used = handshake.receive(bytes.subspan(at, std::min(chunk, bytes.size() - at)), out);
      require(!handshake.session(), "nobody without the key proves that he has it");
      require(out.size() <= sizeof(Digest), "a stranger gets no more than one proof");
      if (!used) break;
    }
  }
}

void try_frames(std::span<const std::uint8_t> bytes) {
  std::vector<std::uint8_t> copy(bytes.begin(), bytes.end());
  Opener opener(key);
  const auto length = Opener::frame_length(copy);
  if (!length || *length > copy.size()) return;
  require(!opener.open(std::span(copy).first(static_cast<std::size_t>(*length))), "nobody without the key seals");
}

}  // namespace dvipa::wire::test
