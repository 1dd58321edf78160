// What holds for every message: it comes back as it was, it has one encoding only, and what is not known is skipped.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "impl/wire/bytes.hpp"
#include "impl/wire/codec.hpp"
#include "tests/properties/wire/message_generator.hpp"

namespace dvipa::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const Message& message) {
  Bytes bytes;
  encode(message, bytes);
  return bytes;
}

// rc::showValue knows no messages; their bytes are as good.
Message drawn() { return *rc::gen::noShrink(test::any_message()); }

RC_GTEST_PROP(CodecProperty, EveryMessageComesBack, ()) {
  const Message message = drawn();
  RC_CLASSIFY(std::holds_alternative<VipaList>(message), "list");
  const auto decoded = decode(bytes_of(message));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(decoded->has_value());
  RC_ASSERT(**decoded == message);
}

RC_GTEST_PROP(CodecProperty, DifferentMessagesHaveDifferentBytes, ()) {
  const Message a = drawn();
  const Message b = drawn();
  RC_ASSERT((a == b) == (bytes_of(a) == bytes_of(b)));
}

// covers: LST-6
RC_GTEST_PROP(CodecProperty, UnknownElementsAreSkipped, ()) {
  const Message message = drawn();
  Bytes bytes = bytes_of(message);
  Writer writer(bytes);
  std::uint16_t tag = 1000;
  for (std::size_t i = *rc::gen::inRange<std::size_t>(1, 5); i > 0; --i) {
    tag = static_cast<std::uint16_t>(tag + *rc::gen::inRange<int>(0, 1000));
    const Bytes value = *rc::gen::arbitrary<Bytes>();
    writer.element(tag, [&] {
      for (const std::uint8_t byte : value) writer.u8(byte);
    });
  }
  const auto decoded = decode(bytes);
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(**decoded == message);
}

// Whatever is taken for a message has, but for what was skipped, the bytes that its value has.
RC_GTEST_PROP(CodecProperty, WhatIsAcceptedIsCanonical, ()) {
  Bytes bytes = bytes_of(drawn());
  const std::size_t changes = *rc::gen::inRange<std::size_t>(1, 4);
  for (std::size_t i = 0; i < changes; ++i)
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
  const auto decoded = decode(bytes);
  RC_CLASSIFY(decoded.has_value() && decoded->has_value(), "accepted");
  if (!decoded) RC_ASSERT(decoded.error().offset <= bytes.size());
  if (!decoded || !*decoded) return;
  const Bytes again = bytes_of(**decoded);
  RC_ASSERT(again.size() <= bytes.size());
  if (again.size() == bytes.size()) RC_ASSERT(again == bytes);
}

}  // namespace
}  // namespace dvipa::wire
