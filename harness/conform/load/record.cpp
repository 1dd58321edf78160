// Record <-> bytes, and what can be wrong with a stream of records.
#include "harness/conform/load/record.hpp"

#include <algorithm>
#include <boost/crc.hpp>
#include <cassert>
#include <cstring>

namespace dvipa::load {
namespace {

constexpr std::uint32_t magic = 0x44565231;  // "DVR1"
constexpr std::size_t missing_max = 1024;    // remembered a stream; beyond it a late record counts as duplicated

struct Header {
  std::uint32_t magic;
  std::uint32_t digest;  // of header and payload, with this field 0
  std::uint32_t payload_bytes;
  std::uint8_t direction;
  std::array<std::uint8_t, 3> unused;
  std::uint64_t connection;
  std::uint64_t sequence;
  std::uint64_t server_life;
  std::uint64_t echo;
  std::array<char, server_name_max> server;
};
static_assert(sizeof(Header) == 64);

using Crc32c = boost::crc_optimal<32, 0x1EDC6F41, 0xFFFFFFFF, 0xFFFFFFFF, true, true>;

std::uint32_t digest_of(Header header, std::span<const std::byte> payload) {
  header.digest = 0;
  Crc32c crc;
  crc.process_bytes(&header, sizeof header);
  crc.process_bytes(payload.data(), payload.size());
  return crc.checksum();
}

}  // namespace

std::uint32_t digest(std::span<const std::byte> bytes) {
  Crc32c crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

std::vector<std::byte> payload_for(std::uint64_t connection, std::uint64_t sequence, std::size_t size) {
  std::vector<std::byte> payload(size);
  std::uint64_t state = connection * 0x9E3779B97F4A7C15ULL ^ sequence * 0xBF58476D1CE4E5B9ULL ^ size;
  for (std::size_t at = 0; at < size; at += sizeof state) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    std::memcpy(payload.data() + at, &state, std::min(sizeof state, size - at));
  }
  return payload;
}

void encode(const Record& record, std::vector<std::byte>& out) {
  assert(record.payload.size() <= payload_bytes_max);
  Header header{};
  header.magic = magic;
  header.payload_bytes = static_cast<std::uint32_t>(record.payload.size());
  header.direction = static_cast<std::uint8_t>(record.direction);
  header.connection = record.connection;
  header.sequence = record.sequence;
  header.server_life = record.server_life;
  header.echo = record.echo;
  record.server.copy(header.server.data(), server_name_max);
  header.digest = digest_of(header, record.payload);
  const auto at = out.size();
  out.resize(at + sizeof header + record.payload.size());
  std::memcpy(out.data() + at, &header, sizeof header);
  if (!record.payload.empty())
    std::memcpy(out.data() + at + sizeof header, record.payload.data(), record.payload.size());
}

std::string_view name_of(Damage damage) {
  constexpr std::array<std::string_view, damage_kinds> names = {
      "corrupted", "lost", "duplicated", "reordered", "wrong_connection", "wrong_server", "wrong_echo"};
  return names.at(static_cast<std::size_t>(damage));
}

void StreamChecker::append(std::span<const std::byte> bytes) {
  if (broken_) return;
  if (read_ == buffer_.size()) {
    buffer_.clear();
    read_ = 0;
  }
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

void StreamChecker::expect_server(std::string name, std::uint64_t life) {
  server_ = std::move(name);
  server_life_ = life;
}

std::optional<Record> StreamChecker::next() {
  while (!broken_) {
    const auto unread = std::span(buffer_).subspan(read_);
    Header header{};
    if (unread.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, unread.data(), sizeof header);
    const bool sound = header.magic == magic && header.payload_bytes <= payload_bytes_max;
    if (sound && unread.size() < sizeof header + header.payload_bytes) return std::nullopt;
    if (!sound || header.digest != digest_of(header, unread.subspan(sizeof header, header.payload_bytes))) {
      count(Damage::corrupted);
      broken_ = true;
      return std::nullopt;
    }
    const auto payload = unread.subspan(sizeof header, header.payload_bytes);
    read_ += sizeof header + header.payload_bytes;
    const std::string_view name(header.server.data(), ::strnlen(header.server.data(), server_name_max));
    Record record{static_cast<Direction>(header.direction),
                  header.connection,
                  header.sequence,
                  std::string(name),
                  header.server_life,
                  header.echo,
                  {payload.begin(), payload.end()}};
    if (belongs(record) && in_order(record.sequence)) return record;
  }
  return std::nullopt;
}

bool StreamChecker::belongs(const Record& record) {
  if (connection_ == 0) connection_ = record.connection;
  if (record.connection != connection_ || record.direction != direction_) {
    count(Damage::wrong_connection);
    return false;
  }
  if (record.server_life == 0) return true;
  if (server_life_ == 0) expect_server(record.server, record.server_life);
  if (record.server == server_ && record.server_life == server_life_) return true;
  count(Damage::wrong_server);
  return false;
}

bool StreamChecker::in_order(std::uint64_t sequence) {
  if (sequence >= expected_) {
    const auto skipped = sequence - expected_;
    damages_[static_cast<std::size_t>(Damage::lost)] += skipped;
    for (auto each = expected_; each < sequence && missing_.size() < missing_max; ++each) missing_.push_back(each);
    expected_ = sequence + 1;
    return true;
  }
  const auto late = std::ranges::find(missing_, sequence);
  if (late == missing_.end()) {
    count(Damage::duplicated);
    return false;
  }
  missing_.erase(late);
  --damages_[static_cast<std::size_t>(Damage::lost)];
  count(Damage::reordered);
  return true;
}

}  // namespace dvipa::load
