#pragma once
// What passes interfaces of one host, recorded to a pcapng file by a thread of its own.
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tl/expected.hpp>
#include <vector>

#include "pcap/file/file_error.hpp"

namespace dvipa {

struct CaptureSource {
  std::string interface;
  std::string filter;  // pcap-filter(7); "" = everything
};

struct CaptureOptions {
  std::string path;
  std::vector<CaptureSource> sources;  // one at least
  std::string namespace_path;          // of the network namespace of the interfaces; "" = the caller's
  std::uint64_t file_bytes_max = std::uint64_t{256} * 1024 * 1024;  // what comes beyond is counted, not written
  std::uint32_t packet_bytes_max = 262144;                          // of each packet this many bytes are kept
  // What there is to say of a packet ("" = nothing), asked on the capture's thread. None: no comments.
  std::function<std::string(std::span<const std::uint8_t>)> comment;
};

struct CaptureSummary {
  std::uint64_t recorded = 0;      // packets in the file
  std::uint64_t dropped = 0;       // lost by the kernel: this thread was too slow
  std::uint64_t beyond_limit = 0;  // came after file_bytes_max was reached, or after an error of the file
  std::optional<FileError> error;  // the first; the file is good up to there
};

class Capture {
 public:
  // When it returns, packets are being recorded. Needs CAP_NET_RAW, for another namespace CAP_SYS_ADMIN.
  static tl::expected<std::unique_ptr<Capture>, FileError> start(CaptureOptions options);
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture();

  // Records what has already come, closes the file, and says how it went. Again: the same.
  const CaptureSummary& stop();

 private:
  class Recorder;
  explicit Capture(std::unique_ptr<Recorder> recorder);
  std::unique_ptr<Recorder> recorder_;
};

}  // namespace dvipa
