#pragma once
// Captures written as pcapng (draft-ietf-opsawg-pcapng): several Ethernet interfaces in one file, nanoseconds, and a
// comment on a packet where there is something to say of it.
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/file/file_error.hpp"
#include "pcap/port/descriptor.hpp"

namespace dvipa {

enum class PacketDirection : std::uint8_t { unknown = 0, inbound = 1, outbound = 2 };

struct PacketRecord {
  std::uint32_t interface = 0;     // what add_interface() gave
  std::uint64_t timestamp_ns = 0;  // since 1970
  std::span<const std::uint8_t> bytes;
  std::uint32_t original_length = 0;  // bytes on the wire; 0: as many as there are here
  PacketDirection direction = PacketDirection::unknown;
  std::string_view comment{};  // UTF-8; of more than 65,535 bytes the first are written
};

class PcapngWriter {
 public:
  // Creates the file, or empties it. `application` is who writes it.
  static tl::expected<PcapngWriter, FileError> create(const std::string& path, std::string_view application);
  PcapngWriter(PcapngWriter&&) = default;
  PcapngWriter& operator=(PcapngWriter&&) = delete;
  ~PcapngWriter();  // closes; an error goes unsaid: call close()

  // After an error every call gives that error again, and the file ends behind the last block that it could hold whole.
  tl::expected<std::uint32_t, FileError> add_interface(std::string_view name, std::string_view description = {});
  // The interface is one that was added (asserted).
  tl::expected<void, FileError> write(const PacketRecord& packet);
  // How many packets an interface received and dropped in all, as a block of the file.
  tl::expected<void, FileError> write_statistics(std::uint32_t interface, std::uint64_t timestamp_ns,
                                                 std::uint64_t received, std::uint64_t dropped);
  tl::expected<void, FileError> flush();
  tl::expected<void, FileError> close();

  std::uint64_t size_bytes() const { return flushed_bytes_ + buffer_.size(); }
  // Packets in the file; after an error those that were written before it.
  std::uint64_t packets() const { return flushed_packets_ + buffered_packets_; }

 private:
  PcapngWriter(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}
  std::size_t begin_block(std::uint32_t type);
  tl::expected<void, FileError> end_block(std::size_t begin);
  void append16(std::uint16_t value);
  void append32(std::uint32_t value);
  void append_bytes(std::span<const std::uint8_t> bytes);  // padded to 4 bytes
  void append_option(std::uint16_t code, std::span<const std::uint8_t> value);
  void append_text_option(std::uint16_t code, std::string_view text);
  void append_count_option(std::uint16_t code, std::uint64_t count);

  std::string path_;
  Descriptor file_;
  std::vector<std::uint8_t> buffer_;  // whole blocks, except while one is being made
  std::uint64_t flushed_bytes_ = 0;
  std::uint64_t flushed_packets_ = 0;
  std::uint64_t buffered_packets_ = 0;
  std::uint32_t interfaces_ = 0;
  tl::expected<void, FileError> state_;
};

}  // namespace dvipa
