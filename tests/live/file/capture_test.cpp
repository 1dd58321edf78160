// Recording live interfaces of another network namespace.
#include "pcap/file/capture.hpp"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "pcap/file/capture_reader.hpp"
#include "pcap/packet/build.hpp"
#include "pcap/port/raw_port.hpp"
#include "tests/live/port/namespaces.hpp"
#include "tests/unit/packet/sample.hpp"

namespace dvipa::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

// A host with two interfaces, and who sends to them.
class CaptureLive : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "dvipa-capture-XXXXXX";
    ASSERT_NE(::mkdtemp(name.data()), nullptr);
    folder_ = name;
    join_by_veth(host_, "e0", network_, "n0");
    join_by_veth(host_, "e1", network_, "n1");
    const Namespace::Stay stay(network_);
    for (const char* interface : {"n0", "n1"}) senders_.push_back(std::move(open_raw_port(interface).value()));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  CaptureOptions options(std::vector<CaptureSource> sources) const {
    CaptureOptions options;
    options.path = folder_ + "/host.pcapng";
    options.sources = std::move(sources);
    options.namespace_path = host_.path();
    return options;
  }
  void send(std::size_t interface, Port port, std::size_t payload_bytes = 10) {
    Bytes frame = build_udp_frame(sample::ipv4(), 1, port, sample::payload(payload_bytes));
    const Frame outgoing{.bytes = frame};
    ASSERT_EQ(senders_[interface]->send(std::span(&outgoing, 1)).value_or(0), 1U);
  }
  // Destination ports of the packets in the file, sorted.
  std::vector<Port> recorded() const {
    std::vector<Port> ports;
    const auto packets = read_capture(folder_ + "/host.pcapng").value();
    for (const ReadPacket& packet : packets) {
      ports.push_back(parse_frame(packet.bytes).value().destination_port);
    }
    std::sort(ports.begin(), ports.end());
    return ports;
  }

  Namespace host_;
  Namespace network_;
  std::vector<std::unique_ptr<PacketPort>> senders_;
  std::string folder_;
};

TEST_F(CaptureLive, RecordsWhatTheFiltersOfItsInterfacesMatch) {
  auto chosen = options({{"e0", "udp dst port 1"}, {"e1", "udp"}});
  chosen.comment = [](std::span<const std::uint8_t> frame) {
    return parse_frame(frame).value().destination_port == 3 ? "the third" : "";
  };
  auto capture = Capture::start(chosen);
  ASSERT_TRUE(capture) << capture.error().message;
  send(0, 1);
  send(0, 2);
  send(1, 3);
  const CaptureSummary& summary = (*capture)->stop();
  EXPECT_FALSE(summary.error) << summary.error->message;
  EXPECT_EQ(summary.recorded, 2U);
  EXPECT_EQ(summary.dropped, 0U);
  EXPECT_EQ(recorded(), (std::vector<Port>{1, 3}));
}

TEST_F(CaptureLive, EveryPacketIsRecordedOrCounted) {
  auto chosen = options({{"e0", "udp"}});
  chosen.file_bytes_max = 1'000'000;
  auto capture = Capture::start(chosen);
  ASSERT_TRUE(capture);
  constexpr std::size_t burst = 3000;
  for (std::size_t i = 0; i < burst; ++i) send(0, 1, 1000);
  const CaptureSummary& summary = (*capture)->stop();
  EXPECT_EQ(summary.recorded + summary.dropped + summary.beyond_limit, burst);
  EXPECT_GT(summary.beyond_limit, 0U);
  EXPECT_LE(std::filesystem::file_size(chosen.path), chosen.file_bytes_max + 4096);
  EXPECT_EQ(recorded().size(), summary.recorded);
}

TEST_F(CaptureLive, AFullDiskIsReportedAndTheFileIsGoodUpToThere) {
  std::thread([&] {  // a mount of its own, which ends with this thread
    ASSERT_EQ(::unshare(CLONE_NEWNS), 0);
    ASSERT_EQ(::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
    ASSERT_EQ(::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=256k"), 0);
    auto capture = Capture::start(options({{"e0", "udp"}}));
    ASSERT_TRUE(capture) << capture.error().message;
    constexpr std::size_t burst = 1000;
    for (std::size_t i = 0; i < burst; ++i) send(0, 1, 1000);
    const CaptureSummary& summary = (*capture)->stop();
    ASSERT_TRUE(summary.error);
    EXPECT_EQ(summary.error->kind, FileError::Kind::disk_full) << summary.error->message;
    EXPECT_GT(summary.beyond_limit, 0U);
    EXPECT_EQ(summary.recorded + summary.dropped + summary.beyond_limit, burst);
    const std::size_t in_file = recorded().size();
    EXPECT_GT(in_file, 0U);
    EXPECT_EQ(in_file, summary.recorded);
  })
      .join();
}

TEST_F(CaptureLive, AnInterfaceThatIsRemovedEndsItsPartOnly) {
  auto capture = Capture::start(options({{"e0", "udp"}, {"e1", "udp"}}));
  ASSERT_TRUE(capture);
  send(0, 1);
  network_.run("ip link delete n0");
  send(1, 2);
  const CaptureSummary& summary = (*capture)->stop();
  EXPECT_EQ(recorded(), (std::vector<Port>{1, 2}));
  ASSERT_TRUE(summary.error);
  EXPECT_NE(summary.error->message.find("e0"), std::string::npos) << summary.error->message;
}

TEST_F(CaptureLive, WhatCannotBeCapturedIsSaid) {
  const auto refused = [&](const CaptureOptions& wrong) {
    const auto capture = Capture::start(wrong);
    return capture ? std::string() : capture.error().message;
  };
  EXPECT_NE(refused(options({{"nosuch0", ""}})).find("nosuch0"), std::string::npos);
  EXPECT_NE(refused(options({{"e0", "udp port"}})).find("udp port"), std::string::npos);
  auto elsewhere = options({{"e0", ""}});
  elsewhere.namespace_path = "/nosuch/namespace";
  EXPECT_NE(refused(elsewhere).find("/nosuch/namespace"), std::string::npos);
  elsewhere = options({{"e0", ""}});
  elsewhere.path = "/nosuch/folder/file";
  EXPECT_NE(refused(elsewhere).find("/nosuch/folder/file"), std::string::npos);
}

}  // namespace
}  // namespace dvipa::test
