#pragma once
// Messages <-> bytes, in a format of our own that docs/wire.md describes field by field.
//
// The encoding is canonical: equal messages have equal bytes. Decoding skips what it does not know, so that members of
// different versions understand what they have in common (LST-6), and never allocates more than the bytes that are
// there can fill, whatever a length in them claims.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "spec/vocabulary/message.hpp"

namespace dvipa::wire {

inline constexpr std::uint8_t format_version = 1;

// More remotes than this in one NewConn, TermConn, Verify or NotHeld go as several messages: 128 KiB of IPv4 remotes
// each, so that a message is still in the cache when it is decoded, and 1,000,000 connections are 62 messages.
inline constexpr std::size_t remotes_per_message_max = 16'384;
// A longer message is neither sent nor taken by the bus. No part of connections comes near it; a VIPA list of 10,000
// DVIPAs, each with 100 targets by address, is 8 MB.
inline constexpr std::size_t message_bytes_max = std::size_t{16} << 20;

struct WireError {
  std::size_t offset = 0;   // in bytes from the start of the message
  std::string_view reason;  // static text: "element longer than what holds it"
  bool operator==(const WireError&) const = default;
};

// Appends the bytes of `message` to `out`. Asserts what the vocabulary promises of a message (ascending addresses,
// ranks, prefixes...): a message that breaks it would be refused by its receiver.
void encode(const Message& message, std::vector<std::uint8_t>& out);

// A message with many remotes as several that say the same: how many (at least 1), and the bytes of each one
// (`part` < part_count), appended to `out`.
std::size_t part_count(const Message& message);
void encode_part(const Message& message, std::size_t part, std::vector<std::uint8_t>& out);

// Empty when `bytes` are a message of a version or kind that is not known here, which is to be ignored (LST-6).
tl::expected<std::optional<Message>, WireError> decode(std::span<const std::uint8_t> bytes);

}  // namespace dvipa::wire
