// Capture files: what is written is what is read, by our reader and by others; and every failure is a value.
#include <gtest/gtest.h>
#include <pcap/pcap.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>

#include "pcap/file/capture_reader.hpp"
#include "pcap/file/pcapng_writer.hpp"
#include "tests/unit/file/blocks.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {
namespace {

using Bytes = std::vector<std::uint8_t>;
constexpr std::uint64_t noon_ns = 1'700'000'000'123'456'789;

class CaptureFile : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "dvipa-file-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string path(const char* name = "out.pcapng") const { return folder_ + "/" + name; }

  // Three packets on two interfaces.
  void write_sample() {
    auto writer = PcapngWriter::create(path(), "test");
    ASSERT_TRUE(writer) << writer.error().message;
    const auto first = writer->add_interface("e0", "udp");
    const auto second = writer->add_interface("e1");
    ASSERT_TRUE(first && second);
    for (std::uint32_t i = 0; i < 3; ++i) {
      frames_.push_back(build_udp_frame(sample::ipv4(), 1, 2, sample::payload(i)));
      ASSERT_TRUE(writer->write({.interface = i % 2 == 0 ? *first : *second,
                                 .timestamp_ns = noon_ns + i,
                                 .bytes = frames_.back(),
                                 .original_length = i == 2 ? 9000U : 0U,
                                 .direction = i == 0 ? PacketDirection::inbound : PacketDirection::unknown,
                                 .comment = i == 1 ? "forwarded to MVS2 – RTE-4" : ""}));
    }
    ASSERT_TRUE(writer->write_statistics(*first, noon_ns + 9, 12, 3));
    ASSERT_TRUE(writer->close());
  }

  std::string folder_;
  std::vector<Bytes> frames_;
};

TEST_F(CaptureFile, IsReadAsWritten) {
  write_sample();
  const auto packets = read_capture(path());
  ASSERT_TRUE(packets) << packets.error().message;
  ASSERT_EQ(packets->size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ((*packets)[i].bytes, frames_[i]);
    EXPECT_EQ((*packets)[i].timestamp_ns, noon_ns + i);
    EXPECT_EQ((*packets)[i].original_length, i == 2 ? 9000U : frames_[i].size());
  }
}

TEST_F(CaptureFile, HasInterfacesCommentsDirectionsAndStatistics) {
  write_sample();
  const auto blocks = blocks_of(path());
  ASSERT_EQ(blocks.size(), 7U);
  EXPECT_EQ(blocks[0].type, 0x0a0d0d0aU);
  EXPECT_EQ(blocks[0].options(16)[4], "test");
  EXPECT_EQ(blocks[1].options(8)[2], "e0");
  EXPECT_EQ(blocks[1].options(8)[3], "udp");
  EXPECT_EQ(blocks[1].options(8)[9], "\x09");
  EXPECT_EQ(blocks[2].options(8)[2], "e1");
  const auto options_of = [&](std::size_t i) { return blocks[3 + i].options(20 + (frames_[i].size() + 3) / 4 * 4); };
  EXPECT_EQ(blocks[3].word(0), 0U);
  EXPECT_EQ(options_of(0)[2], std::string("\x01\0\0\0", 4));
  EXPECT_EQ(blocks[4].word(0), 1U);
  EXPECT_EQ(options_of(1)[1], "forwarded to MVS2 – RTE-4");
  EXPECT_TRUE(options_of(2).empty());
  EXPECT_EQ(blocks[6].options(12)[5], std::string("\x03\0\0\0\0\0\0\0", 8));
}

TEST_F(CaptureFile, ACommentThatIsTooLongEndsWithAWholeCharacter) {
  std::string comment(65534, 'x');
  comment += "–and more";
  auto writer = PcapngWriter::create(path(), "test");
  ASSERT_TRUE(writer && writer->add_interface("e0"));
  const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2);
  ASSERT_TRUE(writer->write({.timestamp_ns = 1, .bytes = frame, .comment = comment}));
  ASSERT_TRUE(writer->close());
  EXPECT_EQ(blocks_of(path()).at(2).options(20 + (frame.size() + 3) / 4 * 4)[1], std::string(65534, 'x'));
  EXPECT_TRUE(read_capture(path()));
}

TEST_F(CaptureFile, TheClassicFormatIsReadToo) {
  const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2, sample::payload(33));
  for (const unsigned precision : {PCAP_TSTAMP_PRECISION_MICRO, PCAP_TSTAMP_PRECISION_NANO}) {
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> dead(
        pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, precision), &pcap_close);
    pcap_dumper_t* const dumper = pcap_dump_open(dead.get(), path("classic.pcap").c_str());
    ASSERT_NE(dumper, nullptr);
    const pcap_pkthdr header{{1'700'000'000, 123'456}, static_cast<bpf_u_int32>(frame.size()), 1500};
    pcap_dump(reinterpret_cast<u_char*>(dumper), &header, frame.data());
    pcap_dump_close(dumper);
    const auto packets = read_capture(path("classic.pcap"));
    ASSERT_TRUE(packets && packets->size() == 1);
    EXPECT_EQ(packets->front().bytes, frame);
    EXPECT_EQ(packets->front().original_length, 1500U);
    const std::uint64_t fraction_ns = precision == PCAP_TSTAMP_PRECISION_NANO ? 123'456 : 123'456'000;
    EXPECT_EQ(packets->front().timestamp_ns, 1'700'000'000'000'000'000 + fraction_ns);
  }
}

TEST_F(CaptureFile, WhatIsNoEthernetCaptureIsAnError) {
  const auto missing = read_capture(path("missing"));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, FileError::Kind::system);
  EXPECT_NE(missing.error().message.find("missing"), std::string::npos);
  std::ofstream(path("text")) << "this is no capture, whatever its name says\n";
  std::ofstream(path("empty")).close();
  {
    const std::unique_ptr<pcap_t, decltype(&pcap_close)> dead(pcap_open_dead(DLT_RAW, 65535), &pcap_close);
    pcap_dump_close(pcap_dump_open(dead.get(), path("raw.pcap").c_str()));
  }
  for (const char* name : {"text", "empty", "raw.pcap"}) {
    const auto refused = read_capture(path(name));
    ASSERT_FALSE(refused) << name;
    EXPECT_EQ(refused.error().kind, FileError::Kind::format);
    EXPECT_NE(refused.error().message.find(name), std::string::npos) << refused.error().message;
  }
}

TEST_F(CaptureFile, ATruncatedFileGivesItsPacketsAndThenAnErrorThatStays) {
  write_sample();
  std::filesystem::resize_file(path(), std::filesystem::file_size(path()) - 70);
  auto reader = CaptureReader::open(path());
  ASSERT_TRUE(reader);
  std::size_t packets = 0;
  auto packet = reader->next();
  for (; packet && *packet; packet = reader->next()) ++packets;
  ASSERT_FALSE(packet);
  EXPECT_GE(packets, 1U);
  EXPECT_NE(packet.error().message.find("packet"), std::string::npos) << packet.error().message;
  EXPECT_FALSE(reader->next());
}

TEST_F(CaptureFile, AFullDeviceIsAnErrorThatStays) {
  auto writer = PcapngWriter::create("/dev/full", "test");
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->add_interface("e0"));
  const Bytes frame = build_udp_frame(sample::ipv4(), 1, 2, sample::payload(1400));
  tl::expected<void, FileError> state;
  for (int i = 0; state && i < 100; ++i) state = writer->write({.timestamp_ns = 1, .bytes = frame});
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().kind, FileError::Kind::disk_full);
  EXPECT_NE(state.error().message.find("/dev/full"), std::string::npos) << state.error().message;
  EXPECT_FALSE(writer->write({.timestamp_ns = 1, .bytes = frame}));
  EXPECT_FALSE(writer->close());
}

TEST_F(CaptureFile, AFolderThatIsNotThereIsAnError) {
  const auto writer = PcapngWriter::create(folder_ + "/none/out.pcapng", "test");
  ASSERT_FALSE(writer);
  EXPECT_EQ(writer.error().kind, FileError::Kind::system);
}

#ifdef DVIPA_TSHARK
TEST_F(CaptureFile, TsharkReadsIt) {
  write_sample();
  const std::string command = std::string(DVIPA_TSHARK) + " -n -r " + path() +
                              " -T fields -E separator=, -e frame.interface_name -e frame.time_epoch -e frame.len "
                              "-e frame.comment 2>" +
                              path("tshark.err");
  const std::unique_ptr<std::FILE, decltype(&pclose)> output(::popen(command.c_str(), "r"), &pclose);
  ASSERT_NE(output, nullptr);
  std::string text;
  std::array<char, 1024> part{};
  while (std::fgets(part.data(), part.size(), output.get()) != nullptr) text += part.data();
  EXPECT_EQ(text,
            "e0,1700000000.123456789,42,\n"
            "e1,1700000000.123456790,43,forwarded to MVS2 – RTE-4\n"
            "e0,1700000000.123456791,9000,\n");
}
#endif

}  // namespace
}  // namespace dvipa::test
