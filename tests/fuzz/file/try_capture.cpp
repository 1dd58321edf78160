// Reading bytes as a file.
#include "tests/fuzz/file/try_capture.hpp"

#include <cstdio>

#include "pcap/file/capture_reader.hpp"
#include "pcap/packet/frame.hpp"
#include "pcap/packet/invariant.hpp"

namespace dvipa {

void try_capture(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return;  // fmemopen() takes no empty memory
  // It only reads.
  std::FILE* const stream = ::fmemopen(const_cast<std::uint8_t*>(bytes.data()), bytes.size(), "rb");
  require(stream != nullptr, "memory is opened as a file");
  auto reader = CaptureReader::open(stream, "fuzzed");
  if (!reader) {
    require(reader.error().message.starts_with("fuzzed: "), "an error names the file");
    return;
  }
  for (std::size_t packets = 0;; ++packets) {
    require(packets <= bytes.size(), "a packet takes bytes of the file");
    const auto packet = reader->next();
    if (!packet) {
      require(!reader->next().has_value(), "an error stays");
      return;
    }
    if (!*packet) return;
    require((*packet)->bytes.size() <= bytes.size(), "a packet is no longer than its file");
    require((*packet)->original_length >= (*packet)->bytes.size(), "a packet is not longer than it was on the wire");
    static_cast<void>(parse_frame((*packet)->bytes));
  }
}

}  // namespace dvipa
