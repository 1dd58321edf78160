#pragma once
// The records that load client and server exchange, and the checker that finds every kind of damage to a stream of
// them: lost, duplicated, reordered, corrupted, misdelivered.
//
// A record is a header of 64 bytes in the byte order of the host (client and servers of a lab are on one machine), then
// its payload. Each direction of each connection counts its own records, from 1.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dvipa::load {

enum class Direction : std::uint8_t { request = 1, reply = 2 };

inline constexpr std::size_t server_name_max = 16;
inline constexpr std::uint32_t payload_bytes_max = 64 * 1024;

struct Record {
  Direction direction = Direction::request;
  std::uint64_t connection = 0;  // drawn by the client, unique in a run, not 0
  std::uint64_t sequence = 0;
  std::string server;             // reply: who answers; request: who answered before, empty at first
  std::uint64_t server_life = 0;  // drawn by the server at its start; request: as `server`
  std::uint64_t echo = 0;         // reply: digest of the payload that it answers
  std::vector<std::byte> payload;
};

// CRC-32C.
std::uint32_t digest(std::span<const std::byte> bytes);
// Bytes that depend on all three, so that no record of a run resembles another.
std::vector<std::byte> payload_for(std::uint64_t connection, std::uint64_t sequence, std::size_t size);
// Appends the record's bytes. The name is cut at server_name_max, the payload must not exceed payload_bytes_max.
void encode(const Record& record, std::vector<std::byte>& out);

enum class Damage : std::uint8_t { corrupted, lost, duplicated, reordered, wrong_connection, wrong_server, wrong_echo };
inline constexpr std::size_t damage_kinds = 7;
std::string_view name_of(Damage damage);
using DamageCounts = std::array<std::uint64_t, damage_kinds>;

// One direction of one connection, from its receiver's end.
class StreamChecker {
 public:
  // `connection` 0: the first record tells it (the server's end).
  StreamChecker(Direction direction, std::uint64_t connection) : direction_(direction), connection_(connection) {}

  void append(std::span<const std::byte> bytes);
  // The next record that is whole and of this connection, in the order of arrival; damage is counted on the way. A
  // record that is duplicated or of another connection is counted and not returned. Empty when more bytes are needed,
  // or broken().
  std::optional<Record> next();

  // Where a record begins is no longer known; nothing more is read.
  bool broken() const { return broken_; }
  std::uint64_t connection() const { return connection_; }
  // The server that this connection ended at, by the first record that named one.
  const std::string& server() const { return server_; }
  std::uint64_t server_life() const { return server_life_; }
  void expect_server(std::string name, std::uint64_t life);

  void count(Damage damage) { ++damages_[static_cast<std::size_t>(damage)]; }
  const DamageCounts& damages() const { return damages_; }
  bool damaged() const { return damages_ != DamageCounts{}; }

 private:
  bool belongs(const Record& record);
  bool in_order(std::uint64_t sequence);

  Direction direction_;
  std::uint64_t connection_;
  std::string server_;
  std::uint64_t server_life_ = 0;
  std::uint64_t expected_ = 1;
  std::vector<std::uint64_t> missing_;  // sequences that were skipped: lost, unless they come yet
  std::vector<std::byte> buffer_;
  std::size_t read_ = 0;
  bool broken_ = false;
  DamageCounts damages_{};
};

}  // namespace dvipa::load
