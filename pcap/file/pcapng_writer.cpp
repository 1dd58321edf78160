// The blocks of pcapng, in the byte order of this host, which the file names.
#include "pcap/file/pcapng_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "pcap/packet/invariant.hpp"

namespace dvipa {
namespace {

constexpr std::uint32_t block_section_header = 0x0a0d0d0a;
constexpr std::uint32_t block_interface = 1;
constexpr std::uint32_t block_statistics = 5;
constexpr std::uint32_t block_packet = 6;
constexpr std::uint32_t byte_order_magic = 0x1a2b3c4d;
constexpr std::uint16_t link_type_ethernet = 1;
// The same for every interface: readers refuse files whose interfaces differ in it.
constexpr std::uint32_t snapshot_bytes = 262144;

constexpr std::uint16_t option_end = 0;
constexpr std::uint16_t option_comment = 1;
constexpr std::uint16_t option_application = 4;     // of a section
constexpr std::uint16_t option_interface_name = 2;  // of an interface
constexpr std::uint16_t option_description = 3;
constexpr std::uint16_t option_time_resolution = 9;
constexpr std::uint16_t option_flags = 2;     // of a packet
constexpr std::uint16_t option_received = 4;  // of statistics
constexpr std::uint16_t option_dropped = 5;

constexpr std::size_t option_bytes_max = 65535;
constexpr std::size_t buffer_bytes = std::size_t{64} * 1024;

FileError file_error(const std::string& path, std::string_view what, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  return {full ? FileError::Kind::disk_full : FileError::Kind::system,
          fmt::format("{} {}: {}", what, path, std::generic_category().message(error_number))};
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

tl::expected<PcapngWriter, FileError> PcapngWriter::create(const std::string& path, std::string_view application) {
  Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) return tl::unexpected(file_error(path, "creating", errno));
  PcapngWriter writer(path, std::move(file));
  const std::size_t begin = writer.begin_block(block_section_header);
  writer.append32(byte_order_magic);
  writer.append16(1);  // version 1.0
  writer.append16(0);
  writer.append32(0xffffffff);  // the section's length is not said
  writer.append32(0xffffffff);
  writer.append_text_option(option_application, application);
  writer.append_option(option_end, {});
  if (auto done = writer.end_block(begin); !done) return tl::unexpected(done.error());
  return writer;
}

PcapngWriter::~PcapngWriter() {
  if (file_) static_cast<void>(close());
}

tl::expected<std::uint32_t, FileError> PcapngWriter::add_interface(std::string_view name,
                                                                   std::string_view description) {
  const std::size_t begin = begin_block(block_interface);
  append16(link_type_ethernet);
  append16(0);
  append32(snapshot_bytes);
  append_text_option(option_interface_name, name);
  if (!description.empty()) append_text_option(option_description, description);
  const std::array<std::uint8_t, 1> nanoseconds{9};  // a negative power of ten
  append_option(option_time_resolution, nanoseconds);
  append_option(option_end, {});
  if (auto done = end_block(begin); !done) return tl::unexpected(done.error());
  return interfaces_++;
}

tl::expected<void, FileError> PcapngWriter::write(const PacketRecord& packet) {
  require(packet.interface < interfaces_, "a packet belongs to an interface of the file");
  const std::size_t begin = begin_block(block_packet);
  const auto present = static_cast<std::uint32_t>(std::min<std::size_t>(packet.bytes.size(), snapshot_bytes));
  append32(packet.interface);
  append32(static_cast<std::uint32_t>(packet.timestamp_ns >> 32));
  append32(static_cast<std::uint32_t>(packet.timestamp_ns));
  append32(present);
  append32(packet.original_length == 0 ? static_cast<std::uint32_t>(packet.bytes.size()) : packet.original_length);
  append_bytes(packet.bytes.first(present));
  const bool directed = packet.direction != PacketDirection::unknown;
  if (directed) {
    const auto flags = static_cast<std::uint32_t>(packet.direction);
    append16(option_flags);
    append16(4);
    append32(flags);
  }
  if (!packet.comment.empty()) append_text_option(option_comment, packet.comment);
  if (directed || !packet.comment.empty()) append_option(option_end, {});
  buffered_packets_ += state_ ? 1U : 0U;
  return end_block(begin);
}

tl::expected<void, FileError> PcapngWriter::write_statistics(std::uint32_t interface, std::uint64_t timestamp_ns,
                                                             std::uint64_t received, std::uint64_t dropped) {
  require(interface < interfaces_, "statistics belong to an interface of the file");
  const std::size_t begin = begin_block(block_statistics);
  append32(interface);
  append32(static_cast<std::uint32_t>(timestamp_ns >> 32));
  append32(static_cast<std::uint32_t>(timestamp_ns));
  append_count_option(option_received, received);
  append_count_option(option_dropped, dropped);
  append_option(option_end, {});
  return end_block(begin);
}

tl::expected<void, FileError> PcapngWriter::flush() {
  for (std::size_t done = 0; state_ && done < buffer_.size();) {
    const ssize_t taken = ::write(file_.get(), buffer_.data() + done, buffer_.size() - done);
    if (taken > 0) {
      done += static_cast<std::size_t>(taken);
    } else if (errno != EINTR) {
      state_ = tl::unexpected(file_error(path_, "writing", errno));
      // A part of a block at the end would make the whole file look broken. Where it cannot be cut off (it is no
      // regular file) it stays.
      static_cast<void>(::ftruncate(file_.get(), static_cast<off_t>(flushed_bytes_)));
    }
  }
  if (state_) flushed_bytes_ += buffer_.size();
  if (state_) flushed_packets_ += buffered_packets_;
  buffered_packets_ = 0;
  buffer_.clear();
  return state_;
}

tl::expected<void, FileError> PcapngWriter::close() {
  static_cast<void>(flush());
  if (!file_) return state_;
  // Network file systems say only here that there was no room.
  if (::close(file_.release()) != 0 && state_) state_ = tl::unexpected(file_error(path_, "closing", errno));
  return state_;
}

std::size_t PcapngWriter::begin_block(std::uint32_t type) {
  const std::size_t begin = buffer_.size();
  append32(type);
  append32(0);  // the length, when it is known
  return begin;
}

tl::expected<void, FileError> PcapngWriter::end_block(std::size_t begin) {
  const auto length = static_cast<std::uint32_t>(buffer_.size() - begin + 4);
  append32(length);
  std::memcpy(buffer_.data() + begin + 4, &length, sizeof length);
  if (!state_) buffer_.clear();
  return buffer_.size() < buffer_bytes ? state_ : flush();
}

void PcapngWriter::append16(std::uint16_t value) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  buffer_.insert(buffer_.end(), bytes, bytes + sizeof value);
}

void PcapngWriter::append32(std::uint32_t value) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(&value);
  buffer_.insert(buffer_.end(), bytes, bytes + sizeof value);
}

void PcapngWriter::append_bytes(std::span<const std::uint8_t> bytes) {
  buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
  buffer_.resize(buffer_.size() + (4 - bytes.size() % 4) % 4);
}

void PcapngWriter::append_option(std::uint16_t code, std::span<const std::uint8_t> value) {
  append16(code);
  append16(static_cast<std::uint16_t>(value.size()));
  append_bytes(value);
}

void PcapngWriter::append_text_option(std::uint16_t code, std::string_view text) {
  std::size_t length = std::min(text.size(), option_bytes_max);
  // Not in the middle of a UTF-8 character.
  while (length < text.size() && length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0U) == 0x80U) --length;
  append_option(code, bytes_of(text.substr(0, length)));
}

void PcapngWriter::append_count_option(std::uint16_t code, std::uint64_t count) {
  append_option(code, {reinterpret_cast<const std::uint8_t*>(&count), sizeof count});
}

}  // namespace dvipa
