// Reading through libpcap.
#include "pcap/file/capture_reader.hpp"

#include <fmt/format.h>
#include <pcap/pcap.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace dvipa {
namespace {

FileError format_error(const std::string& name, std::string_view what) {
  return {FileError::Kind::format, fmt::format("{}: {}", name, what)};
}

}  // namespace

void CaptureReader::Close::operator()(pcap* handle) const { pcap_close(handle); }

tl::expected<CaptureReader, FileError> CaptureReader::open(const std::string& path) {
  std::FILE* const stream = std::fopen(path.c_str(), "rbe");
  if (stream == nullptr) {
    return tl::unexpected(FileError{FileError::Kind::system,
                                    fmt::format("opening {}: {}", path, std::generic_category().message(errno))});
  }
  return open(stream, path);
}

tl::expected<CaptureReader, FileError> CaptureReader::open(std::FILE* stream, const std::string& name) {
  char words[PCAP_ERRBUF_SIZE] = "";
  pcap_t* const handle = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, words);
  if (handle == nullptr) {
    std::fclose(stream);
    return tl::unexpected(format_error(name, words));
  }
  CaptureReader reader(handle, name);
  if (pcap_datalink(handle) != DLT_EN10MB) {
    const char* type = pcap_datalink_val_to_name(pcap_datalink(handle));
    return tl::unexpected(format_error(
        name, fmt::format("a capture of link type {}, not of Ethernet", type != nullptr ? type : "unknown")));
  }
  return reader;
}

tl::expected<std::optional<ReadPacket>, FileError> CaptureReader::next() {
  if (error_) return tl::unexpected(*error_);
  pcap_pkthdr* header = nullptr;
  const u_char* bytes = nullptr;
  const int status = pcap_next_ex(handle_.get(), &header, &bytes);
  if (status == PCAP_ERROR_BREAK) return std::nullopt;
  if (status != 1) {
    error_ = format_error(name_, fmt::format("packet {}: {}", packets_ + 1, pcap_geterr(handle_.get())));
    return tl::unexpected(*error_);
  }
  ++packets_;
  ReadPacket packet;
  // With nanosecond precision libpcap counts nanoseconds in tv_usec.
  packet.timestamp_ns =
      static_cast<std::uint64_t>(header->ts.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(header->ts.tv_usec);
  packet.bytes.assign(bytes, bytes + header->caplen);
  packet.original_length = std::max(header->len, header->caplen);
  return packet;
}

tl::expected<std::vector<ReadPacket>, FileError> read_capture(const std::string& path) {
  auto reader = CaptureReader::open(path);
  if (!reader) return tl::unexpected(reader.error());
  std::vector<ReadPacket> packets;
  for (;;) {
    auto packet = reader->next();
    if (!packet) return tl::unexpected(packet.error());
    if (!*packet) return packets;
    packets.push_back(std::move(**packet));
  }
}

}  // namespace dvipa
