#pragma once
// Captures read: pcapng and the classic format, of any byte order and time resolution, through libpcap. Of a pcapng
// with several interfaces it gives the packets of all; which interface, and comments, libpcap does not tell.
#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/file/file_error.hpp"

struct pcap;

namespace dvipa {

struct ReadPacket {
  std::uint64_t timestamp_ns = 0;
  std::vector<std::uint8_t> bytes;
  std::uint32_t original_length = 0;  // bytes on the wire, >= bytes.size()
};

class CaptureReader {
 public:
  // An Ethernet capture; others are an error.
  static tl::expected<CaptureReader, FileError> open(const std::string& path);
  // Takes the stream over; `name` stands in errors.
  static tl::expected<CaptureReader, FileError> open(std::FILE* stream, const std::string& name);

  // The next packet; empty at the end of the file. An error is at the packet whose number it says, and stays.
  tl::expected<std::optional<ReadPacket>, FileError> next();

 private:
  struct Close {
    void operator()(pcap* handle) const;
  };
  CaptureReader(pcap* handle, std::string name) : handle_(handle), name_(std::move(name)) {}

  std::unique_ptr<pcap, Close> handle_;
  std::string name_;
  std::uint64_t packets_ = 0;
  std::optional<FileError> error_;
};

// All packets of a file in memory, for small files.
tl::expected<std::vector<ReadPacket>, FileError> read_capture(const std::string& path);

}  // namespace dvipa
