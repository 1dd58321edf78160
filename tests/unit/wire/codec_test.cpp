// Golden bytes, truncation, what is refused and what is skipped.
#include "impl/wire/codec.hpp"

#include <gtest/gtest.h>

#include "impl/wire/bytes.hpp"
#include "tests/unit/wire/samples.hpp"

namespace dvipa::wire {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(const Message& message) {
  Bytes bytes;
  encode(message, bytes);
  return bytes;
}

std::string_view reason_of(const Bytes& bytes) {
  const auto decoded = decode(bytes);
  return decoded ? "accepted" : decoded.error().reason;
}

// The offsets of the elements in `bytes`, from `start` to `end`.
std::vector<std::size_t> elements_in(const Bytes& bytes, std::size_t start, std::size_t end) {
  std::vector<std::size_t> found;
  for (std::size_t at = start; at < end; at += element_header_bytes + load_u32(bytes.data() + at + 2))
    found.push_back(at);
  return found;
}
constexpr std::size_t message_header_bytes = 3;
std::vector<std::size_t> elements_of(const Bytes& bytes) {
  return elements_in(bytes, message_header_bytes, bytes.size());
}

TEST(Codec, WritesAndReadsTheGoldenBytes) {
  for (const test::Sample& sample : test::samples()) {
    const Bytes golden = test::golden_bytes(sample.name);
    EXPECT_EQ(bytes_of(sample.message), golden) << sample.name;
    const auto decoded = decode(golden);
    ASSERT_TRUE(decoded && *decoded) << sample.name;
    EXPECT_EQ(**decoded, sample.message) << sample.name;
  }
}

TEST(Codec, EveryKindHasAGoldenSample) {
  std::vector<bool> seen(std::variant_size_v<Message>);
  for (const test::Sample& sample : test::samples()) seen[sample.message.index()] = true;
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), std::variant_size_v<Message>);
}

// Elements that a message may lack.
bool is_optional(std::uint16_t tag) { return tag >= 9; }

// A list without its last entries is a list, and a NewConn need not say more of its target; nothing else that is cut
// short is a message.
TEST(Codec, RefusesEveryTruncation) {
  for (const test::Sample& sample : test::samples()) {
    const Bytes whole = test::golden_bytes(sample.name);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
      const auto decoded = decode(cut);
      if (!decoded) {
        EXPECT_LE(decoded.error().offset, length) << sample.name;
        continue;
      }
      ASSERT_TRUE(*decoded);
      const bool lacks_nothing = std::holds_alternative<NewConn>(sample.message);
      EXPECT_TRUE(lacks_nothing || std::holds_alternative<VipaList>(**decoded)) << sample.name << " cut to " << length;
      EXPECT_EQ(bytes_of(**decoded), cut) << sample.name;
    }
  }
}

// covers: LST-6
TEST(Codec, IgnoresUnknownKindsAndVersions) {
  for (std::uint32_t kind = 0; kind <= 0xffff; ++kind) {
    const Bytes bytes = {format_version, static_cast<std::uint8_t>(kind >> 8), static_cast<std::uint8_t>(kind), 0xff,
                         1};
    const auto decoded = decode(bytes);
    if (kind >= 1 && kind <= std::variant_size_v<Message>) {
      EXPECT_FALSE(decoded) << kind;
    } else {
      ASSERT_TRUE(decoded) << kind;
      EXPECT_FALSE(*decoded) << kind;
    }
  }
  const auto later = decode(Bytes{2, 0, 10});
  ASSERT_TRUE(later);
  EXPECT_FALSE(*later);
}

// `bytes` with an unknown element put in at `at`, which lies in the value of the elements whose lengths are at
// `lengths_at`. Its tag sorts before or after all others.
Bytes with_unknown(Bytes bytes, std::size_t at, const std::vector<std::size_t>& lengths_at, std::uint16_t tag) {
  Bytes element;
  Writer writer(element);
  writer.element(tag, [&] { writer.u32(0xdeadbeef); });
  for (const std::size_t length_at : lengths_at)
    store_u32(bytes.data() + length_at,
              load_u32(bytes.data() + length_at) + static_cast<std::uint32_t>(element.size()));
  bytes.insert(bytes.begin() + static_cast<std::ptrdiff_t>(at), element.begin(), element.end());
  return bytes;
}

void expect_known_part(const Bytes& bytes, const test::Sample& sample) {
  const auto decoded = decode(bytes);
  ASSERT_TRUE(decoded && *decoded) << sample.name << ": " << decoded.error().reason;
  EXPECT_EQ(**decoded, sample.message) << sample.name;
}

// covers: LST-6
TEST(Codec, SkipsUnknownElementsOfALaterVersion) {
  constexpr std::uint16_t first_tag = 0;
  constexpr std::uint16_t last_tag = 0xfff0;
  for (const test::Sample& sample : test::samples()) {
    const Bytes golden = test::golden_bytes(sample.name);
    expect_known_part(with_unknown(golden, message_header_bytes, {}, first_tag), sample);
    expect_known_part(with_unknown(golden, golden.size(), {}, last_tag), sample);
    // Twice the same: only known elements must not be repeated.
    expect_known_part(with_unknown(with_unknown(golden, golden.size(), {}, last_tag), golden.size(), {}, last_tag),
                      sample);
  }
}

// covers: LST-6
TEST(Codec, SkipsUnknownElementsInsideAListEntryAndItsDistribution) {
  constexpr std::uint16_t last_tag = 0xfff0;
  const test::Sample& sample = test::samples().front();
  const Bytes golden = test::golden_bytes(sample.name);
  const std::size_t entry = elements_of(golden).front();
  const std::size_t entry_value = entry + element_header_bytes;
  const std::size_t entry_end = entry_value + load_u32(golden.data() + entry + 2);
  expect_known_part(with_unknown(golden, entry_end, {entry + 2}, last_tag), sample);
  expect_known_part(with_unknown(golden, entry_value, {entry + 2}, 0), sample);
  for (const std::size_t at : elements_in(golden, entry_value, entry_end)) {
    if (load_u16(golden.data() + at) != 7) continue;
    const std::size_t end = at + element_header_bytes + load_u32(golden.data() + at + 2);
    expect_known_part(with_unknown(golden, end, {entry + 2, at + 2}, last_tag), sample);
  }
}

TEST(Codec, RefusesAMessageThatLacksOrRepeatsOrReordersAnElement) {
  for (const test::Sample& sample : test::samples()) {
    if (std::holds_alternative<VipaList>(sample.message)) continue;
    const Bytes golden = test::golden_bytes(sample.name);
    const std::vector<std::size_t> elements = elements_of(golden);
    for (std::size_t i = 0; i < elements.size(); ++i) {
      const auto begin = golden.begin() + static_cast<std::ptrdiff_t>(elements[i]);
      const auto end =
          i + 1 < elements.size() ? golden.begin() + static_cast<std::ptrdiff_t>(elements[i + 1]) : golden.end();
      const Bytes element(begin, end);
      Bytes without = golden;
      without.erase(without.begin() + (begin - golden.begin()), without.begin() + (end - golden.begin()));
      const bool optional = is_optional(load_u16(golden.data() + elements[i]));
      EXPECT_EQ(reason_of(without), optional ? "accepted" : "message lacks an element") << sample.name;
      Bytes twice = golden;
      twice.insert(twice.begin() + (end - golden.begin()), element.begin(), element.end());
      EXPECT_EQ(reason_of(twice), "element repeated") << sample.name;
      if (i == 0) continue;
      without.insert(without.begin() + message_header_bytes, element.begin(), element.end());
      EXPECT_EQ(reason_of(without), "elements out of order") << sample.name;
    }
  }
}

Bytes verify_with_remotes(const Bytes& remotes) {
  Bytes bytes;
  Writer writer(bytes);
  writer.u8(format_version);
  writer.u16(8);
  writer.element(1, [&] { writer.address(Address::v4(0x0a010901)); });
  writer.element(2, [&] { writer.epoch({1, StackId{1}}); });
  writer.element(6, [&] {
    for (const std::uint8_t byte : remotes) writer.u8(byte);
  });
  return bytes;
}

TEST(Codec, BelievesNoCountOfRemotes) {
  EXPECT_EQ(reason_of(verify_with_remotes({4, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8})),
            "more remotes claimed than are there");
  EXPECT_EQ(reason_of(verify_with_remotes({6, 0x80, 0, 0, 0})), "more remotes claimed than are there");
  EXPECT_EQ(reason_of(verify_with_remotes({4, 0, 0, 0, 0})), "empty run of remotes");
  EXPECT_EQ(reason_of(verify_with_remotes({5, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8})), "family of addresses not known");
  EXPECT_EQ(reason_of(verify_with_remotes({4, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7})),
            "more remotes claimed than are there");
}

// Equal values have equal bytes: another spelling of the same is refused.
TEST(Codec, RefusesRemotesThatAreNotCanonical) {
  const Bytes run = {4, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8};
  Bytes twice = run;
  twice.insert(twice.end(), run.begin(), run.end());
  EXPECT_EQ(reason_of(verify_with_remotes(run)), "accepted");
  EXPECT_EQ(reason_of(verify_with_remotes(twice)), "run of remotes in pieces");
  Bytes mapped = {6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(reason_of(verify_with_remotes(mapped)), "IPv4 remote among IPv6 ones");
}

// `sample` with the byte of element `tag` (top level) at `index` changed to `value`.
std::string_view reason_with(const std::string& name, std::uint16_t tag, std::size_t index, std::uint8_t value) {
  Bytes bytes = test::golden_bytes(name);
  for (const std::size_t at : elements_of(bytes))
    if (load_u16(bytes.data() + at) == tag) bytes[at + element_header_bytes + index] = value;
  return reason_of(bytes);
}

TEST(Codec, RefusesValuesOutOfTheirRange) {
  EXPECT_EQ(reason_with("srv_stat", 4, 0, 2), "flag neither 0 nor 1");
  EXPECT_EQ(reason_with("new_conn", 5, 0, 255), "no such stack number");
  EXPECT_EQ(reason_with("end_of_report", 2, 4, 255), "no such stack number");
}

// A list whose one entry is `entry`, written although it is wrong.
Message list_of(DvipaDefinition definition) {
  VipaList list;
  list.entries.resize(1);
  list.entries[0].definition = std::move(definition);
  return list;
}

TEST(CodecDeathTest, AssertsWhatTheVocabularyPromises) {
  DvipaDefinition good{Address::v4(0x0a010901), 24, Part::backup, 1, Moveable::immediate, false, Distribution{}};
  EXPECT_FALSE(bytes_of(list_of(good)).empty());
  DvipaDefinition rankless = good;
  rankless.rank = 0;
  EXPECT_DEATH(bytes_of(list_of(rankless)), "well formed");
  DvipaDefinition long_prefix = good;
  long_prefix.prefix_bits = 33;
  EXPECT_DEATH(bytes_of(list_of(long_prefix)), "well formed");
  DvipaDefinition adjacent = good;
  adjacent.distribution->ports.ranges = {{80, 81}, {82, 90}};
  EXPECT_DEATH(bytes_of(list_of(adjacent)), "well formed");
  VipaList twice;
  twice.entries.resize(2, std::get<VipaList>(list_of(good)).entries[0]);
  EXPECT_DEATH(bytes_of(twice), "ascends");
}

TEST(Codec, RefusesListsThatBreakWhatTheVocabularyPromises) {
  const Bytes golden = test::golden_bytes("vipa_list");
  const std::vector<std::size_t> entries = elements_of(golden);
  const auto boundary = golden.begin() + static_cast<std::ptrdiff_t>(entries[1]);
  Bytes swapped(golden.begin(), golden.begin() + message_header_bytes);
  swapped.insert(swapped.end(), boundary, golden.end());
  swapped.insert(swapped.end(), golden.begin() + message_header_bytes, boundary);
  EXPECT_EQ(reason_of(swapped), "list entries not ascending");

  const std::size_t entry_value = entries[1] + element_header_bytes;  // part none, no distribution
  const auto reason_with_entry_byte = [&](std::uint16_t tag, std::uint8_t value) {
    Bytes bytes = golden;
    for (const std::size_t at : elements_in(bytes, entry_value, bytes.size()))
      if (load_u16(bytes.data() + at) == tag) bytes[at + element_header_bytes] = value;
    return reason_of(bytes);
  };
  EXPECT_EQ(reason_with_entry_byte(2, 129), "prefix longer than the address");
  EXPECT_EQ(reason_with_entry_byte(3, 3), "value not known");
  EXPECT_EQ(reason_with_entry_byte(3, 2), "backup without a rank of 1-254");
  EXPECT_EQ(reason_with_entry_byte(4, 1), "rank of one that is no backup");
  EXPECT_EQ(reason_with_entry_byte(5, 0), "value not known");
  EXPECT_EQ(reason_with_entry_byte(8, 3), "value not known");
}

std::vector<Remote> many_remotes(std::size_t count) {
  std::vector<Remote> remotes;
  for (std::size_t i = 0; i < count; ++i)
    remotes.push_back({Address::v4(static_cast<std::uint32_t>(0x0a000000 + i)), static_cast<Port>(i), 80});
  return remotes;
}

TEST(Codec, RefusesAnOptionalElementThatSaysNothing) {
  for (const char* name : {"new_conn_of_life", "new_conn_inherited"}) {
    Bytes bytes = test::golden_bytes(name);
    std::fill(bytes.begin() + static_cast<std::ptrdiff_t>(elements_of(bytes).back() + element_header_bytes),
              bytes.end(), std::uint8_t{0});
    EXPECT_NE(reason_of(bytes), "accepted") << name;
  }
}

TEST(Codec, SplitsManyRemotesAndLosesNone) {
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, remotes_per_message_max, remotes_per_message_max + 1,
                                  3 * remotes_per_message_max - 1, 3 * remotes_per_message_max}) {
    const NewConn whole{Address::v4(0x0a010901), {9, StackId{2}}, StackId{3}, many_remotes(count)};
    NewConn joined = whole;
    joined.remotes.clear();
    const std::size_t parts = part_count(whole);
    EXPECT_EQ(parts, std::max<std::size_t>(1, (count + remotes_per_message_max - 1) / remotes_per_message_max));
    for (std::size_t part = 0; part < parts; ++part) {
      Bytes bytes;
      encode_part(whole, part, bytes);
      EXPECT_LE(bytes.size(), message_bytes_max);
      const auto decoded = decode(bytes);
      ASSERT_TRUE(decoded && *decoded);
      const NewConn& piece = std::get<NewConn>(**decoded);
      EXPECT_LE(piece.remotes.size(), remotes_per_message_max);
      joined.remotes.insert(joined.remotes.end(), piece.remotes.begin(), piece.remotes.end());
    }
    EXPECT_EQ(joined, whole);
  }
  EXPECT_EQ(part_count(VipaList{}), 1U);
  EXPECT_EQ(part_count(Leaving{}), 1U);
}

}  // namespace
}  // namespace dvipa::wire
