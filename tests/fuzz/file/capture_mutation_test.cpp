// Mutated captures from a fixed seed.
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "pcap/file/pcapng_writer.hpp"
#include "tests/fuzz/file/try_capture.hpp"
#include "tests/fuzz/mutation.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes pcapng() {
  std::string path = testing::TempDir() + "dvipa-fuzz-XXXXXX";
  const Descriptor file(::mkstemp(path.data()));
  {
    auto writer = PcapngWriter::create(path, "test").value();
    const auto e0 = writer.add_interface("e0").value();
    const auto e1 = writer.add_interface("e1", "a description").value();
    for (std::uint32_t i = 0; i < 4; ++i) {
      const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2, sample::payload(i));
      EXPECT_TRUE(writer.write({.interface = i % 2 == 0 ? e0 : e1,
                                .timestamp_ns = 1'700'000'000'000'000'000U + i,
                                .bytes = frame,
                                .comment = i == 2 ? "a comment" : ""}));
    }
    EXPECT_TRUE(writer.write_statistics(e0, 1, 2, 3) && writer.close());
  }
  std::ifstream stream(path, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::filesystem::remove(path);
  return {text.begin(), text.end()};
}

// The classic format with one packet of 14 bytes.
Bytes classic() {
  Bytes bytes = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0xff, 0xff, 0, 0,
                 1,    0,    0,    0,    1, 0, 0, 0, 2, 0, 0, 0, 14, 0, 0, 0, 60,   0,    0, 0};
  bytes.resize(bytes.size() + 14, 0x08);
  return bytes;
}

TEST(CaptureFuzz, NoMutationOfACaptureDoesHarm) {
  ByteMutation mutation(fuzz_seed());
  const Bytes originals[] = {pcapng(), classic()};
  for (const Bytes& each : originals) try_capture(each);
  for (int i = 0; i < 60'000; ++i) try_capture(mutation.of(originals[i % 4 == 0 ? 1 : 0]));
}

}  // namespace
}  // namespace dvipa
