// Every kind of damage to a stream of records is found, and none where there is none.
#include "harness/conform/load/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <numeric>

namespace dvipa::load {
namespace {

Record reply(std::uint64_t sequence, std::uint64_t connection = 7) {
  Record record;
  record.direction = Direction::reply;
  record.connection = connection;
  record.sequence = sequence;
  record.server = "MVS2";
  record.server_life = 99;
  record.payload = payload_for(connection, sequence, 40);
  return record;
}

std::vector<std::byte> bytes_of(const std::vector<Record>& records) {
  std::vector<std::byte> bytes;
  for (const Record& record : records) encode(record, bytes);
  return bytes;
}

struct Reading {
  std::vector<std::uint64_t> sequences;
  DamageCounts damages{};
  bool broken = false;
  std::uint64_t of(Damage damage) const { return damages[static_cast<std::size_t>(damage)]; }
  std::uint64_t all() const { return std::accumulate(damages.begin(), damages.end(), std::uint64_t{0}); }
};

Reading read(StreamChecker& checker, std::span<const std::byte> bytes, std::size_t piece = 1000000) {
  Reading reading;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    checker.append(bytes.subspan(at, std::min(piece, bytes.size() - at)));
    while (const auto record = checker.next()) reading.sequences.push_back(record->sequence);
  }
  reading.damages = checker.damages();
  reading.broken = checker.broken();
  return reading;
}

Reading read(const std::vector<Record>& records) {
  StreamChecker checker(Direction::reply, 7);
  return read(checker, bytes_of(records));
}

using Sequences = std::vector<std::uint64_t>;

TEST(Records, ComeOutAsTheyWentInWhateverThePieces) {
  EXPECT_TRUE(rc::check([] {
    std::vector<Record> sent;
    const auto count = *rc::gen::inRange<std::uint64_t>(1, 20);
    for (std::uint64_t i = 1; i <= count; ++i) {
      Record record = reply(i);
      record.payload = payload_for(7, i, *rc::gen::inRange<std::size_t>(0, 300));
      record.echo = *rc::gen::arbitrary<std::uint64_t>();
      sent.push_back(record);
    }
    StreamChecker checker(Direction::reply, 7);
    const auto bytes = bytes_of(sent);
    const auto piece = *rc::gen::inRange<std::size_t>(1, 200);
    std::vector<Record> got;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      checker.append(std::span(bytes).subspan(at, std::min(piece, bytes.size() - at)));
      while (auto record = checker.next()) got.push_back(*record);
    }
    RC_ASSERT(got.size() == sent.size());
    for (std::size_t i = 0; i < got.size(); ++i) {
      RC_ASSERT(got[i].payload == sent[i].payload);
      RC_ASSERT(got[i].echo == sent[i].echo);
      RC_ASSERT(got[i].server == "MVS2");
    }
    RC_ASSERT(!checker.damaged());
  }));
}

TEST(Records, LossIsFound) {
  const auto reading = read({reply(1), reply(2), reply(5)});
  EXPECT_EQ(reading.sequences, (Sequences{1, 2, 5}));
  EXPECT_EQ(reading.of(Damage::lost), 2U);
  EXPECT_EQ(reading.all(), 2U);
}

TEST(Records, DuplicatesAreFoundAndNotReturned) {
  const auto reading = read({reply(1), reply(2), reply(2), reply(1), reply(3)});
  EXPECT_EQ(reading.sequences, (Sequences{1, 2, 3}));
  EXPECT_EQ(reading.of(Damage::duplicated), 2U);
  EXPECT_EQ(reading.all(), 2U);
}

TEST(Records, ALateRecordIsReorderedAndNotLost) {
  const auto reading = read({reply(1), reply(3), reply(2), reply(4)});
  EXPECT_EQ(reading.sequences, (Sequences{1, 3, 2, 4}));
  EXPECT_EQ(reading.of(Damage::reordered), 1U);
  EXPECT_EQ(reading.all(), 1U);
}

TEST(Records, ARecordOfAnotherConnectionIsMisdelivered) {
  const auto reading = read({reply(1), reply(1, 8), reply(2)});
  EXPECT_EQ(reading.sequences, (Sequences{1, 2}));
  EXPECT_EQ(reading.of(Damage::wrong_connection), 1U);
  EXPECT_EQ(reading.all(), 1U);
}

TEST(Records, ARequestAmongRepliesIsMisdelivered) {
  Record request = reply(2);
  request.direction = Direction::request;
  EXPECT_EQ(read({reply(1), request}).of(Damage::wrong_connection), 1U);
}

TEST(Records, AnotherServerIsMisdelivered) {
  Record other = reply(2);
  other.server = "MVS3";
  EXPECT_EQ(read({reply(1), other}).of(Damage::wrong_server), 1U);
  Record later_life = reply(2);
  later_life.server_life = 100;  // restarted: it cannot hold this connection
  EXPECT_EQ(read({reply(1), later_life}).of(Damage::wrong_server), 1U);
}

TEST(Records, EveryFlippedBitIsFound) {
  const auto sound = bytes_of({reply(1)});
  for (std::size_t bit = 0; bit < sound.size() * 8; ++bit) {
    auto bytes = sound;
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    StreamChecker checker(Direction::reply, 7);
    const auto reading = read(checker, bytes);
    EXPECT_TRUE(reading.sequences.empty()) << "bit " << bit;
    // A length that has grown makes the checker wait for more; the next record then shows the damage.
    if (!reading.broken) {
      const std::vector<std::byte> more(payload_bytes_max * 2);
      EXPECT_TRUE(read(checker, more).broken) << "bit " << bit;
    }
  }
}

TEST(Records, TheServersEndLearnsTheConnection) {
  Record request = reply(1);
  request.direction = Direction::request;
  Record stray = request;
  stray.connection = 8;
  stray.sequence = 2;
  StreamChecker checker(Direction::request, 0);
  const auto reading = read(checker, bytes_of({request, stray}));
  EXPECT_EQ(checker.connection(), 7U);
  EXPECT_EQ(reading.of(Damage::wrong_connection), 1U);
}

TEST(Records, AWildSequenceNumberIsCountedNotWalked) {
  const auto reading = read({reply(1), reply(1'000'000'000'000)});
  EXPECT_EQ(reading.of(Damage::lost), 999'999'999'998U);
}

TEST(Records, GarbageBreaksTheStreamAndNothingElse) {
  EXPECT_TRUE(rc::check([](const std::vector<std::uint8_t>& garbage) {
    StreamChecker checker(Direction::reply, 7);
    checker.append(std::as_bytes(std::span(garbage)));
    RC_ASSERT(!checker.next());
    RC_ASSERT(checker.broken() == (garbage.size() >= 64));
  }));
}

TEST(Records, DigestIsCrc32c) {
  const std::string text = "123456789";
  EXPECT_EQ(digest(std::as_bytes(std::span(text))),
            0xE3069283U);  // the check value of CRC-32C (RFC 3720 B.4 polynomial)
}

}  // namespace
}  // namespace dvipa::load
