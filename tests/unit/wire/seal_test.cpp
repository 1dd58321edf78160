// The handshake and the sealed frames, without sockets.
#include "impl/wire/seal.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace dvipa::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

class Sealed : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(start_cryptography()); }
};
using HandshakeTest = Sealed;
using FrameTest = Sealed;

Hello hello_of(std::uint8_t stack, std::uint8_t nonce = 0) {
  Hello hello;
  hello.stack = StackId{stack};
  hello.xcf = Address::v4(0x0a4d0000U + stack);
  hello.incarnation = 1000U + stack;
  hello.mac = {2, 0, 0, 0, 0, stack};
  hello.members.fill(7);
  hello.nonce.fill(static_cast<std::uint8_t>(nonce == 0 ? stack : nonce));
  return hello;
}

ClusterKey key_of(std::uint8_t fill) {
  ClusterKey key{};
  key.fill(fill);
  return key;
}

struct Outcome {
  std::optional<Refusal> initiators;  // why the initiator refused
  std::optional<Refusal> responders;
};

// Lets both sides talk, `chunk` bytes at a time, until neither has anything to say.
Outcome run(Handshake& initiator, Handshake& responder, std::size_t chunk = 1000) {
  Outcome outcome;
  Bytes to_responder = initiator.opening();
  Bytes to_initiator = responder.opening();
  const auto deliver = [chunk](Handshake& to, Bytes& pending, Bytes& answer, std::optional<Refusal>& refusal) {
    const std::size_t length = std::min(chunk, pending.size());
    const Bytes now(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(length));
    pending.erase(pending.begin(), pending.begin() + static_cast<std::ptrdiff_t>(length));
    if (refusal || to.session()) return;
    const auto used = to.receive(now, answer);
    if (!used) refusal = used.error();
  };
  while (!to_responder.empty() || !to_initiator.empty()) {
    deliver(responder, to_responder, to_initiator, outcome.responders);
    deliver(initiator, to_initiator, to_responder, outcome.initiators);
  }
  return outcome;
}

TEST_F(HandshakeTest, GivesBothSidesTheSameKeysAndEachTheOthersHello) {
  for (const std::size_t chunk : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
    Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
    Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
    const Outcome outcome = run(low, high, chunk);
    EXPECT_FALSE(outcome.initiators);
    EXPECT_FALSE(outcome.responders);
    ASSERT_TRUE(low.session() && high.session());
    EXPECT_EQ(low.session()->peer, hello_of(2));
    EXPECT_EQ(high.session()->peer, hello_of(1));
    EXPECT_EQ(low.session()->send_key, high.session()->receive_key);
    EXPECT_EQ(low.session()->receive_key, high.session()->send_key);
    EXPECT_NE(low.session()->send_key, low.session()->receive_key);
  }
}

TEST_F(HandshakeTest, GivesEveryConnectionItsOwnKeys) {
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Handshake low_again(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high_again(Side::responder, key_of(1), hello_of(2, 99), nobody);
  run(low, high);
  run(low_again, high_again);
  EXPECT_NE(low.session()->send_key, low_again.session()->send_key);
  EXPECT_NE(low.session()->receive_key, low_again.session()->receive_key);
}

TEST_F(HandshakeTest, RefusesWhoHasAnotherKey) {
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high(Side::responder, key_of(2), hello_of(2), nobody);
  const Outcome outcome = run(low, high);
  EXPECT_EQ(outcome.initiators, Refusal::wrong_key);
  EXPECT_EQ(outcome.responders, Refusal::wrong_key);
  EXPECT_FALSE(low.session());
  EXPECT_FALSE(high.session());
}

TEST_F(HandshakeTest, RefusesAnotherListOfMembers) {
  Hello other = hello_of(2);
  other.members.fill(8);
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high(Side::responder, key_of(1), other, nobody);
  const Outcome outcome = run(low, high);
  EXPECT_EQ(outcome.initiators, Refusal::member_list);
  EXPECT_EQ(outcome.responders, Refusal::member_list);
}

TEST_F(HandshakeTest, RefusesTheWrongMember) {
  Handshake expecting_three(Side::initiator, key_of(1), hello_of(1), StackId{3});
  Handshake two(Side::responder, key_of(1), hello_of(2), nobody);
  EXPECT_EQ(run(expecting_three, two).initiators, Refusal::unknown_peer);
  Handshake high_calls(Side::initiator, key_of(1), hello_of(2), StackId{1});
  Handshake low_answers(Side::responder, key_of(1), hello_of(1), nobody);
  EXPECT_EQ(run(high_calls, low_answers).responders, Refusal::unknown_peer);
}

// Whoever sends a member's own bytes back is not taken for a member.
TEST_F(HandshakeTest, RefusesItsOwnBytes) {
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes out;
  EXPECT_EQ(high.receive(high.opening(), out).error(), Refusal::unknown_peer);
  EXPECT_TRUE(out.empty());
  // A relay that answers the true initiator's hello with the responder's own proof.
  Handshake again(Side::responder, key_of(1), hello_of(2), nobody);
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Bytes proof;
  ASSERT_TRUE(again.receive(low.opening(), proof));
  ASSERT_EQ(proof.size(), 32U);
  EXPECT_EQ(again.receive(proof, out).error(), Refusal::wrong_key);
}

TEST_F(HandshakeTest, RefusesARepeatedConversation) {
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes conversation = low.opening();
  ASSERT_TRUE(low.receive(high.opening(), conversation));
  Bytes out;
  ASSERT_TRUE(high.receive(conversation, out));
  ASSERT_TRUE(high.session());
  Handshake next_connection(Side::responder, key_of(1), hello_of(2, 55), nobody);
  EXPECT_EQ(next_connection.receive(conversation, out).error(), Refusal::wrong_key);
}

// Every single changed bit of the conversation ends it without a session.
TEST_F(HandshakeTest, RefusesEveryAlteredBit) {
  Handshake model(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake answering(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes conversation = model.opening();
  ASSERT_TRUE(model.receive(answering.opening(), conversation));
  for (std::size_t bit = 0; bit < 8 * conversation.size(); ++bit) {
    Bytes altered = conversation;
    altered[bit / 8] = static_cast<std::uint8_t>(altered[bit / 8] ^ 1U << bit % 8);
    Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
    Bytes out;
    const auto used = high.receive(altered, out);
    EXPECT_FALSE(high.session()) << "bit " << bit;
    // A changed length may leave it waiting for more; everything else is refused at once.
    EXPECT_TRUE(!used || bit / 16 == 5) << "bit " << bit;
  }
}

TEST_F(HandshakeTest, RefusesGarbageAtItsFirstByteAndHoldsLittle) {
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes out;
  EXPECT_EQ(high.receive(Bytes{'G'}, out).error(), Refusal::malformed);
  Bytes too_long = Handshake(Side::initiator, key_of(1), hello_of(1), StackId{2}).opening();
  too_long[10] = 0xff;
  Handshake another(Side::responder, key_of(1), hello_of(2), nobody);
  EXPECT_EQ(another.receive(too_long, out).error(), Refusal::malformed);
}

// covers: LST-6
TEST_F(HandshakeTest, UnderstandsAHelloThatALaterVersionHasMadeLonger) {
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Bytes longer = low.opening();
  longer[11] = static_cast<std::uint8_t>(longer[11] + 3);
  longer.insert(longer.end(), {1, 2, 3});
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes out;
  const auto used = high.receive(longer, out);
  ASSERT_TRUE(used);
  EXPECT_EQ(*used, longer.size());
  EXPECT_EQ(out.size(), 32U);
}

TEST_F(HandshakeTest, LeavesWhatFollowsTheProofToTheFrames) {
  Handshake low(Side::initiator, key_of(1), hello_of(1), StackId{2});
  Handshake high(Side::responder, key_of(1), hello_of(2), nobody);
  Bytes conversation = low.opening();
  ASSERT_TRUE(low.receive(high.opening(), conversation));
  const std::size_t length = conversation.size();
  conversation.insert(conversation.end(), 20, 0xee);
  Bytes out;
  EXPECT_EQ(high.receive(conversation, out), length);
}

Bytes sealed(Sealer& sealer, const std::string& text) {
  Bytes frame(text.size() + frame_overhead_bytes);
  std::copy(text.begin(), text.end(), frame.begin() + frame_length_bytes);
  sealer.seal(frame);
  return frame;
}
std::optional<std::string> opened(Opener& opener, Bytes frame) {
  const auto plaintext = opener.open(frame);
  if (!plaintext) return std::nullopt;
  return std::string(plaintext->begin(), plaintext->end());
}

TEST_F(FrameTest, OpensWhatWasSealedInItsOrder) {
  Sealer sealer(key_of(3));
  Opener opener(key_of(3));
  for (const std::string text : {"", "a", "the second", ""}) EXPECT_EQ(opened(opener, sealed(sealer, text)), text);
  EXPECT_EQ(opened(opener, sealed(sealer, std::string(1'000'000, 'x'))), std::string(1'000'000, 'x'));
}

TEST_F(FrameTest, IsNotReadableWithoutTheKey) {
  Sealer sealer(key_of(3));
  const Bytes frame = sealed(sealer, "a secret of some length");
  EXPECT_EQ(std::string(frame.begin(), frame.end()).find("secret"), std::string::npos);
  Opener foreign(key_of(4));
  EXPECT_FALSE(opened(foreign, frame));
}

TEST_F(FrameTest, RefusesARepeatedSkippedOrReorderedFrame) {
  Sealer sealer(key_of(3));
  const Bytes first = sealed(sealer, "first");
  const Bytes second = sealed(sealer, "second");
  Opener repeated(key_of(3));
  ASSERT_TRUE(opened(repeated, first));
  EXPECT_FALSE(opened(repeated, first));
  EXPECT_FALSE(opened(repeated, second)) << "after a refused frame nothing is opened";
  Opener reordered(key_of(3));
  EXPECT_FALSE(opened(reordered, second));
}

TEST_F(FrameTest, RefusesEveryAlteredBitAndEveryOtherLength) {
  Sealer sealer(key_of(3));
  const Bytes frame = sealed(sealer, "hold");
  for (std::size_t bit = 0; bit < 8 * frame.size(); ++bit) {
    Bytes altered = frame;
    altered[bit / 8] = static_cast<std::uint8_t>(altered[bit / 8] ^ 1U << bit % 8);
    Opener opener(key_of(3));
    EXPECT_FALSE(opened(opener, altered)) << "bit " << bit;
  }
  for (std::size_t length = 0; length < frame.size(); ++length) {
    Opener opener(key_of(3));
    EXPECT_FALSE(opened(opener, Bytes(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(length))));
  }
  Opener untouched(key_of(3));
  EXPECT_EQ(opened(untouched, frame), "hold");
}

}  // namespace
}  // namespace dvipa::wire
